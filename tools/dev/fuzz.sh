# ./dev fuzz TARGET [SECONDS]: libFuzzer from the committed corpus; what it finds stays in build/.

fuzz() {
    local target=${1:-} seconds=${2:-60} found
    [ -n "$target" ] || die "which one? $(ls tests/fuzz/fuzz_*.c | sed 's/.*fuzz_//; s/\.c//' | tr '\n' ' ')"
    [ -f "tests/fuzz/fuzz_$target.c" ] || die "no fuzz target '$target'"
    build fuzz "fuzz_$target"
    found=build/fuzz/found/$target
    mkdir -p "$found"
    # inputs of interest go to $found; a crash leaves its input there too
    build/fuzz/tests/fuzz/fuzz_"$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
        -artifact_prefix="$found/" -print_final_stats=1 "$found" "tests/fuzz/corpus/$target"
}
