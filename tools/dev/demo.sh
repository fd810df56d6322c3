# The main job, from nothing: people on a street, found, tracked, their posture told.

demo() {
    local out=out/demo
    setup demo
    build release ocellus plugins/all
    link_release
    say "networks and video"
    build/ocellus models get centernet movenet-lightning
    mkdir -p $out
    say "build/ocellus run pipelines/street.yaml --out $out"
    build/ocellus run pipelines/street.yaml --out $out "$@"
    for file in events.jsonl video.mp4 tracks.txt report.html summary.json; do
        [ -s $out/$file ] || die "the run left no $out/$file"
    done
    cat << EOF

What the run left in $out:
  report.html    how it went, for people: open it in a browser
  video.mp4      the video with boxes, tracks and postures
  events.jsonl   one event a line (docs/events.md)
  tracks.txt     tracks in MOT format
  summary.json   counts, rates, latencies
EOF
}
