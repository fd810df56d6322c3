# ./dev bench [peers|int8|sched|tracker|gallery|FAMILY] [ARGS]

# The networks that `bench peers` makes itself: once, and again when what makes them has changed.
export_networks() {
    local maker=bench/peers folder=$cache/networks sum
    sum=$(cat $maker/export.py $maker/yolo.py | sha256sum)
    [ "$(cat "$folder/made-by" 2> /dev/null)" != "$sum" ] || return 0
    say "exporting networks into $folder (some minutes)"
    $python -W ignore $maker/export.py "$cache/media/vtest.avi" "$folder"
    echo "$sum" > "$folder/made-by"
}

# out/sched.md between the marks in docs/scheduling.md
write_sched() {
    awk '
        /<!-- sched:begin -->/ { print; while ((getline line < "out/sched.md") > 0) print line; skip = 1 }
        /<!-- sched:end -->/ { skip = 0 }
        !skip' docs/scheduling.md > out/scheduling.md
    mv out/scheduling.md docs/scheduling.md
    say "docs/scheduling.md has the tables"
}

bench() {
    local what=${1:-peers}
    [ $# = 0 ] || shift
    case $what in
        peers | int8)
            setup peers
            build release ocellus peers
            link_release
            fetch_networks release
            export_networks
            $python "bench/peers/$what.py" --programs build/release/bench/peer_programs --ocellus build/ocellus "$@"
            ;;
        sched)
            setup bench
            build release ocellus media_ffmpeg sched_bench
            link_release
            fetch_networks release
            mkdir -p out
            local arg write= rest=()
            for arg; do
                if [ "$arg" = --write ]; then write=1; else rest+=("$arg"); fi
            done
            OCELLUS_PLUGINS=build/release/plugins build/release/bench/sched/sched_bench \
                --media "$cache/media" --json out/sched.json --markdown out/sched.md \
                --times out/sched ${rest[@]+"${rest[@]}"}
            [ -z "$write" ] || write_sched
            ;;
        tracker)
            setup bench
            build release tracker_bench
            build/release/bench/tracker_bench "$@"
            ;;
        gallery)
            setup bench
            build release gallery_bench
            build/release/bench/gallery_bench "$@"
            ;;
        *)
            [ -f "tests/kernels/check_$what.c" ] || die "no kernel family '$what': $(
                ls tests/kernels/check_*.c | sed 's/.*check_//; s/\.c//' | tr '\n' ' ')"
            setup bench
            build release "check_$what"
            build/release/tests/check_"$what" --bench "$@"
            ;;
    esac
}
