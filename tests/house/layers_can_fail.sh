#!/usr/bin/env bash
# The layer and banned-call checks find planted faults.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir -p "$scratch"/{tools,src/ops,src/ir,src/core,plugins/p}
cp "$top/tools/layers.txt" "$scratch/tools/"
echo '#include "runtime/x.h"' > "$scratch/src/ops/above.c"
echo '#include "kernels/x.h"' > "$scratch/src/ir/neighbour.c"
echo '#include "x.h"' > "$scratch/src/ir/bare.c"
echo '#include "core/arena.h"' > "$scratch/plugins/p/p.c"
printf 'void f(char *d, const char *s) { /* sprintf( */ strcpy(d, s); }\nint g(void) { exit(1); }\n' \
    > "$scratch/src/core/calls.c"
status=0

# expect COUNT TEXT: the output has that many lines
expect() {
    local lines
    lines=$(grep -c . <<< "$2")
    [ "$lines" = "$1" ] || { echo "expected $1 faults, saw $lines:"; echo "$2"; status=1; }
}

expect 4 "$("$top/tools/check_layers" "$scratch")"
expect 2 "$("$top/tools/check_banned" "$scratch")"
exit $status
