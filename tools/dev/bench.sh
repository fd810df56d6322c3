# ./dev bench [peers|tracker|gallery|FAMILY] [ARGS]

bench() {
    local what=${1:-peers}
    [ $# = 0 ] || shift
    setup bench
    case $what in
        peers)
            build release
            link_release
            build/release/bench/peers "$@"
            ;;
        tracker)
            build release tracker_bench
            build/release/bench/tracker_bench "$@"
            ;;
        gallery)
            build release gallery_bench
            build/release/bench/gallery_bench "$@"
            ;;
        *)
            [ -f "tests/kernels/check_$what.c" ] || die "no kernel family '$what': $(
                ls tests/kernels/check_*.c | sed 's/.*check_//; s/\.c//' | tr '\n' ' ')"
            build release "check_$what"
            build/release/tests/check_"$what" --bench "$@"
            ;;
    esac
}
