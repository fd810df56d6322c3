#!/usr/bin/env bash
# The network of a case, every name in it changed and written anew, gives results equal to the bit:
# the engine knows no network by its names, its file or its bytes.
#   renamed.sh SAME_RESULTS TABLE CASE
set -u
same=$1 table=$2 name=$3
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
path=$("$same" "$table" "$name" --path) || exit $?
/usr/bin/python3 -c 'import onnx' 2> /dev/null || { echo "skipped: no python3-onnx"; exit 77; }
/usr/bin/python3 "$(dirname "$0")/rename_model.py" "$path" "$scratch/other.onnx" || exit 1
"$same" "$table" "$name" "$scratch/other.onnx"
