#!/usr/bin/env bash
# Installs into a scratch prefix, builds examples/ against it by CMake package and by pkg-config,
# and runs the result.
#   install.sh BUILD-FOLDER CC
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd)
build=$1
cc=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
prefix=$scratch/prefix
cmake --install "$build" --prefix "$prefix" > "$scratch/install.log"

for header in "$top"/include/ocellus/*.h; do
    test -f "$prefix/include/ocellus/$(basename "$header")"
done
libdir=$(dirname "$(find "$prefix" -name libocellus.so)")
export PKG_CONFIG_PATH=$libdir/pkgconfig LD_LIBRARY_PATH=$libdir

# a program that needs the smallest part of the library
cat > "$scratch/version.c" << 'EOF'
#include <ocellus/session.h>
#include <stdio.h>
int main(void)
{
    oc_error  err;
    oc_model *model = NULL;
    if (oc_model_load("no-such-file.onnx", &model, &err) != OC_IO)
        return 1;
    return puts(err.message) < 0;
}
EOF
read -ra flags <<< "$(pkg-config --cflags --libs ocellus)"
"$cc" "$scratch/version.c" -o "$scratch/version" "${flags[@]}"
"$scratch/version" | grep -q 'no-such-file.onnx'

mkdir "$scratch/find"
cat > "$scratch/find/CMakeLists.txt" << EOF
cmake_minimum_required(VERSION 3.18)
project(find C)
find_package(Ocellus 0.1 REQUIRED)
add_executable(version $scratch/version.c)
target_link_libraries(version PRIVATE Ocellus::ocellus)
EOF
cmake -S "$scratch/find" -B "$scratch/find/build" -DCMAKE_C_COMPILER="$cc" \
    -DCMAKE_PREFIX_PATH="$prefix" > "$scratch/find.log" || { cat "$scratch/find.log"; exit 1; }
cmake --build "$scratch/find/build" > "$scratch/find.log" || { cat "$scratch/find.log"; exit 1; }
"$scratch/find/build/version" | grep -q 'no-such-file.onnx'

if [ -f "$top/examples/detect.c" ]; then
    "$cc" -std=c99 -Wall -Wextra -Werror "$top/examples/detect.c" -o "$scratch/detect" "${flags[@]}"
    "$scratch/detect" > "$scratch/usage" 2>&1 && { echo "detect: no arguments, yet exit 0"; exit 1; }
    grep -qi usage "$scratch/usage"
    cmake -S "$top/examples" -B "$scratch/examples" -DCMAKE_C_COMPILER="$cc" \
        -DCMAKE_PREFIX_PATH="$prefix" > "$scratch/ex.log" || { cat "$scratch/ex.log"; exit 1; }
    cmake --build "$scratch/examples" > "$scratch/ex.log" || { cat "$scratch/ex.log"; exit 1; }
    # a real picture, where its network and the picture are on this machine
    cache=${XDG_CACHE_HOME:-$HOME/.cache}/ocellus
    network=$cache/models/centernet/centernet.onnx
    picture=$cache/media/opencv/data/messi5.jpg
    if [ -f "$network" ] && [ -f "$picture" ]; then
        "$scratch/examples/detect" "$prefix/share/ocellus/models/centernet/card.yaml" "$network" \
            "$picture" > "$scratch/found"
        grep -q '^person' "$scratch/found" || { cat "$scratch/found"; echo "detect: no person"; exit 1; }
    fi
fi
if [ -x "$prefix/bin/ocellus" ]; then
    "$prefix/bin/ocellus" version > "$scratch/version.txt"
    grep -q '0\.1' "$scratch/version.txt"
fi
echo "installed, built against by pkg-config and by find_package, and run"
