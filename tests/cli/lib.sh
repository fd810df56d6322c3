# What the scripts here share.  A script is given the program, works in a scratch folder, and ends
# with `finish`.
set -u
program=$1
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
nets=$top/tests/fuzz/corpus/onnx
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export OCELLUS_MODELS=$top/models
cd "$scratch" || exit 1
faults=0
python=/usr/bin/python3
[ -x $python ] || python=python3

skip() {
    echo "skipped: $*"
    exit 77
}

fault() {
    echo "FAILED: $*"
    faults=$((faults + 1))
}

# run ARGS...: the program; leaves $status, stdout and stderr in out.txt and err.txt
run() {
    last="ocellus $*"
    "$program" "$@" > out.txt 2> err.txt < /dev/null
    status=$?
}

# full_disk ARGS...: as run, with no byte left for files (the messages go through a pipe)
full_disk() {
    last="ocellus $* (full disk)"
    (
        trap '' XFSZ
        ulimit -f 0
        "$program" "$@" 2>&1 < /dev/null
        echo "exit $?"
    ) | cat > err.txt
    status=$(sed -n 's/^exit //p' err.txt)
    : > out.txt
}

# expect STATUS [PATTERN]: the last run ended so, and its stderr has that (extended) pattern
expect() {
    [ "$status" = "$1" ] || {
        fault "$last: exit $status, expected $1"
        head -5 err.txt
    }
    [ -z "${2:-}" ] || grep -Eq -- "$2" err.txt || {
        fault "$last: stderr lacks /$2/:"
        head -5 err.txt
    }
}

# what a refused input must look like: exit 3, a reason naming it, nothing on stdout
refuse() {
    local pattern=$1
    shift
    run "$@"
    expect 3 "$pattern"
    [ ! -s out.txt ] || fault "$last: refused, yet something on stdout"
}

# check PYTHON-EXPRESSION: over the JSON document on the last run's stdout, called d
check() {
    $python - "$1" << 'EOF' || fault "$last: not so: $1"
import json, math, sys
d = json.load(open("out.txt"))
sys.exit(not eval(sys.argv[1]))
EOF
}

# absent PATH...: a refused run left none of these
absent() {
    local path
    for path in "$@"; do
        [ ! -e "$path" ] || fault "$last: left $path behind"
    done
}

finish() {
    [ $faults = 0 ] && echo "as expected"
    [ $faults = 0 ]
    exit
}
