#!/usr/bin/env bash
# Pipelines with mistakes: exit 3, file:line:column and the reason; the ready ones have none.
source "$(dirname "$0")/lib.sh"
unset OCELLUS_MIRROR # a network that is not there must stay away

# wrong PATTERN < YAML: refused with that, whether checked or run
wrong() {
    cat > p.yaml
    refuse "p\.yaml:[0-9]+:[0-9]+: .*($1)" run p.yaml --check
    refuse "p\.yaml:[0-9]+:[0-9]+: .*($1)" run p.yaml --source no-such-video.avi --out left
    absent left
}

wrong 'frobnicate' << 'EOF'
name: p
frobnicate: 3
detect: {network: blazeface}
track: {kind: sort}
EOF
wrong "'network' is missing" << 'EOF'
name: p
detect: {netwrok: blazeface}
track: {kind: sort}
EOF
wrong 'evry.*every' << 'EOF'
name: p
detect: {network: blazeface, evry: 2}
track: {kind: sort}
EOF
wrong 'every' << 'EOF'
name: p
detect: {network: blazeface, every: often}
track: {kind: sort}
EOF
wrong 'every|0' << 'EOF'
name: p
detect: {network: blazeface, every: 0}
track: {kind: sort}
EOF
wrong 'score' << 'EOF'
name: p
detect: {network: blazeface, score: 7.5}
track: {kind: sort}
EOF
wrong 'kind.*(sort|bytetrack)|frobtrack' << 'EOF'
name: p
detect: {network: blazeface}
track: {kind: frobtrack}
EOF
wrong 'no-such-network' << 'EOF'
name: p
detect: {network: no-such-network}
track: {kind: sort}
EOF
wrong 'unicorn' << 'EOF'
name: p
detect: {network: blazeface, labels: [unicorn]}
track: {kind: sort}
EOF
wrong 'lines|list' << 'EOF'
name: p
detect: {network: blazeface}
track: {kind: sort}
lines: 4
EOF
wrong 'from|to|two|2' << 'EOF'
name: p
detect: {network: blazeface}
track: {kind: sort}
lines:
  - {name: a, from: [0.1], to: [0.5, 0.5]}
EOF
wrong 'name|twice|a' << 'EOF'
name: p
detect: {network: blazeface}
track: {kind: sort}
zones:
  - {name: a, corners: [[0, 0], [1, 0], [1, 1]]}
  - {name: a, corners: [[0, 0], [1, 0], [1, 1]]}
EOF
wrong 'name|duplicate' << 'EOF'
name: p
name: q
detect: {network: blazeface}
track: {kind: sort}
EOF
wrong '.' << 'EOF'
name: "never closed
EOF
printf 'detect:\n\t- tab\n' | wrong '.'
wrong '.' << 'EOF'
- a list
EOF
: > p.yaml
refuse 'p\.yaml' run p.yaml --check
printf '\xff\xfe\x00' > p.yaml
refuse 'p\.yaml' run p.yaml --check
refuse 'no-such\.yaml' run no-such.yaml --check
refuse 'source' run <(printf 'name: p\ndetect: {network: blazeface}\ntrack: {kind: sort}\n')

# too much to do: what is said about it must make sense
while IFS=@ read -r pattern line; do
    printf 'name: p\ndetect: {network: blazeface}\ntrack: {kind: sort}\n%b\n' "$line" > p.yaml
    refuse "p\.yaml:[0-9]+:[0-9]+: .*($pattern)" run p.yaml --check
done << 'EOF'
no 'deadline'@queue: {drop: deadline}
no 'deadline'@degrade: {steps: [{every: 2}]}
changes nothing@deadline: 1s\ndegrade: {steps: [{}]}
evry.*every@deadline: 1s\ndegrade: {steps: [{evry: 2}]}
margin@deadline: 1s\ndegrade: {steps: [{every: 2}], margin: 7}
drop.*oldest@queue: {drop: all}
length@queue: {length: 65}
class@class: urgent
minute@deadline: 2h
rate@rate: -1
streams@streams: {}
name@streams: [{detect: {every: 2}}]
there already@streams: [{name: a}, {name: a}]
retry@source: {retry: 1min, retry_max: 1s}
EOF
printf 'name: p\ndetect: {network: blazeface}\nstreams: [{name: a}]\n' > p.yaml
run run p.yaml --source x.mp4
expect 2 'sources of their own'

# a card with another network's file; a file that is no network
cat > p.yaml << EOF
name: p
detect: {network: blazeface, model: "$nets/good-small"}
track: {kind: sort}
EOF
refuse 'good-small' run p.yaml --check
cat > p.yaml << EOF
name: p
detect: {network: blazeface, model: "$nets/truncated-4"}
track: {kind: sort}
EOF
refuse 'truncated-4' run p.yaml --check

# the ready pipelines: fine, or only a network or a gallery is missing here
for pipeline in "$top"/pipelines/*.yaml; do
    run run "$pipeline" --check
    [ "$status" = 0 ] || expect 3 'models get|gallery'
done

# without its network a pipeline says which command fetches it
XDG_CACHE_HOME=$scratch/nothing refuse 'ocellus models get centernet' run "$top/pipelines/street.yaml"
finish
