# Reads the sources; changes nothing.

lint_format() {
    local tool=clang-format-14 files
    command -v $tool > /dev/null || tool=clang-format
    command -v $tool > /dev/null || { echo "format: skipped, no clang-format"; return 0; }
    # other releases lay some lines out differently
    $tool --version | grep -q 'version 14\.' ||
        { echo "format: skipped, $($tool --version) is not 14"; return 0; }
    mapfile -t files < <(git ls-files '*.c' '*.h')
    $tool --dry-run -Werror "${files[@]}" 2> build/format.log && { echo "format: in order"; return 0; }
    grep -o '^[^:]*' build/format.log | sort | uniq -c | sort -rn | grep '\.[ch]$' | head -20
    echo "format: the files above differ from .clang-format; clang-format -i mends them"
    return 1
}

lint() {
    local status=0
    mkdir -p build
    lint_format || status=1
    tools/check_layers || status=1
    tools/check_banned || status=1
    tools/check_kernels || status=1
    tools/check_headers "${CC:-cc}" || status=1
    [ ! -f build/release/libocellus.so ] || tools/check_abi build/release/libocellus.so || status=1
    tools/check_longest
    [ $status = 0 ] && echo "lint: clean"
    return $status
}
