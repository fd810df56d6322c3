# What every verb uses: messages, building and testing a preset.

cache=${XDG_CACHE_HOME:-$HOME/.cache}/ocellus
jobs=${OC_JOBS:-$(nproc)}
# Debian's own: another python on PATH does not see Debian's packages
python=/usr/bin/python3

say() {
    printf '\033[1m==\033[0m %s\n' "$*" >&2
}

die() {
    printf 'dev: %s\n' "$*" >&2
    exit 1
}

configure() {
    local launcher=()
    ! command -v ccache > /dev/null || launcher=(-DCMAKE_C_COMPILER_LAUNCHER=ccache)
    cmake --preset "$1" "${launcher[@]}" ${OC_WERROR:+-DOC_WERROR=$OC_WERROR} > "build/$1.configure.log" 2>&1 ||
        { tail -30 "build/$1.configure.log" >&2; die "cannot configure '$1'"; }
}

# build PRESET [TARGET...]
build() {
    local preset=$1
    shift
    mkdir -p build
    say "build $preset"
    configure "$preset"
    cmake --build "build/$preset" -j "$jobs" ${1:+--target "$@"}
}

# The program and its plug-ins, where scripts and people look for them.
link_release() {
    ln -sfn release/ocellus build/ocellus
    ln -sfn release/plugins build/plugins
    [ ! -x build/ocellus ] || say "program: build/ocellus"
}

# run_ctest PRESET [ARGS...]: prints "N passed, N failed, N skipped"; fails when a test failed.
# With OC_COUNTS set, that file gets the three numbers too; with OC_FAILURES, that one what failed, and
# what failed is run once more, alone: what passes then is told as unstable instead.
run_ctest() {
    local preset=$1 status=0 junit again=0
    shift
    junit=$PWD/build/$preset/tests.xml
    rm -f "$junit"
    # one more than there are processors: brokers, cameras and clocks are waited for
    ctest --test-dir "build/$preset" --output-on-failure -j $((jobs + 1)) --no-tests=error \
        --output-junit "$junit" "$@" || status=$?
    [ -f "$junit" ] || die "$preset: no tests were run"
    if [ $status != 0 ] && [ -n "${OC_FAILURES:-}" ]; then
        say "once more, alone: what failed"
        ctest --test-dir "build/$preset" --rerun-failed --output-on-failure -j 1 \
            --output-junit "$junit.again" || again=$?
        $python tools/dev/failures.py "$junit" "$junit.again" "$preset" >> "$OC_FAILURES"
        status=$again
        count_tests "$junit" "$preset" "$junit.again"
    else
        count_tests "$junit" "$preset"
    fi
    return $status
}

# count_tests JUNIT PRESET [JUNIT OF A SECOND RUN]
count_tests() {
    local tests failed skipped
    read -r tests failed skipped <<< "$($python -c '
import sys, xml.etree.ElementTree as ET
first, last = ET.parse(sys.argv[1]).getroot(), ET.parse(sys.argv[-1]).getroot()
print(first.get("tests"), last.get("failures"), first.get("skipped"))' "$1" ${3:+"$3"})"
    [ -z "${OC_COUNTS:-}" ] || echo "$((tests - failed - skipped)) $failed $skipped $2" >> "$OC_COUNTS"
    echo "$((tests - failed - skipped)) passed, $failed failed, $skipped skipped"
}

# Networks for the tests, by the program just built; without a network connection their tests are
# skipped.
fetch_networks() {
    [ -x "build/$1/ocellus" ] || return 0
    OCELLUS_MODELS=$top/models "build/$1/ocellus" models get centernet movenet-lightning \
        movenet-multipose blazeface nanodet-human ppocr-v4-det ppocr-v4-rec ppocr-v4-cls > /dev/null ||
        say "not all networks could be fetched: their tests are skipped"
}

# test_preset PRESET [CTEST ARGS...]; OC_TARGET=T builds no more than T
test_preset() {
    local preset=$1
    shift
    build "$preset" ${OC_TARGET:-}
    [ "$preset" != release ] || link_release
    fetch_networks "$preset"
    say "test $preset"
    # a leak of a library's own is listed in tools/dev/lsan.supp, with its reason
    ASAN_OPTIONS=${ASAN_OPTIONS:-strict_string_checks=1:detect_stack_use_after_return=1} \
        LSAN_OPTIONS=suppressions=$top/tools/dev/lsan.supp:print_suppressions=0 \
        TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1} run_ctest "$preset" "$@"
}
