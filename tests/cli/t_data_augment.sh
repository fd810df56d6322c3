#!/usr/bin/env bash
# ocellus data augment: pixels as OpenCV has them, labels as NumPy has them, the same for any number of threads.
source "$(dirname "$0")/lib.sh"
$python -c "import cv2, numpy" 2> /dev/null || skip "no OpenCV for Python"
$python "$top/tests/cli/data/augment_set.py" set || exit 1

# augment NAME STEPS...: one copy of the set, as PNG, into NAME
augment() {
    local name=$1 step
    shift
    printf 'keep: {visible: 0.3, side: 2}\nsteps:\n' > "$name.yaml"
    for step in "$@"; do echo "  - $step" >> "$name.yaml"; done
    run data augment "$name.yaml" set/labels.json --images set --from coco --to coco "$name/labels.json" --seed 5
    expect 0
}
same() {
    $python "$top/tests/cli/data/augment_check.py" "$@" || fault "$*"
}

augment flip "flip: {}"
same place set flip flip
augment flips "flip: {axis: both}"
same place set flips flips
augment affine "affine: {scale: 0.9, rotate: 25, shear_x: 8, shear_y: -5, translate_x: 0.1, translate_y: -0.05}"
same place set affine affine
augment resize "resize: {width: 333, height: 100, fit: letterbox}"
same place set resize resize
# several steps are one matrix
augment chain "flip: {}" "affine: {scale: 1.3, rotate: -40}" "resize: {width: 200, height: 200}"
same place set chain chain
augment perspective "perspective: {amount: 0.2}"
same perspective set perspective

augment gamma "gamma: {gamma: 0.6}"
same colour set gamma gamma
augment brightness "brightness: {add: -0.1, contrast: 1.3}"
same colour set brightness brightness
augment white "white_balance: {warmth: 0.2, tint: -0.1}"
same colour set white white
augment hsv "hsv: {hue: -50, saturation: 1.5, value: 0.8}"
same colour set hsv hsv
augment tables "gamma: {gamma: 0.6}" "brightness: {add: 0.1, contrast: 0.7}" "hsv: {hue: 0, saturation: 1, value: 1}"
same colour set tables tables
augment clahe "clahe: {clip: 3, tiles: 8}"
same colour set clahe clahe
augment blur "gaussian_blur: {sigma: 1.7}"
same colour set blur blur
augment motion "motion_blur: {length: 9, angle: 0}"
same colour set motion motion
augment noise "gaussian_noise: {sigma: 8}"
same noise set noise 8
augment shot "shot_noise: {photons: 200}"
same shot set shot 200

# random crops hold what they promise; holes and mixes bring their labels
augment one "crop: {scale: [0.3, 0.5], safe: one}"
same safe set one one
augment all "crop: {scale: [0.3, 0.5], safe: all}"
same safe set all all
augment mixup "mixup: {share: 0.4}"
same union set mixup
augment mosaic "mosaic: {}"
same inside set mosaic
augment mess "mosaic: {p: 0.7, width: 320, height: 240}" "affine: {rotate: [-180, 180], scale: [0.2, 3]}" \
    "perspective: {amount: [0.1, 0.2]}" "cutout: {count: [1, 9]}" "defocus: {p: 0.5}" "jpeg: {quality: 20}" \
    "rain: {p: 0.5}" "glare: {p: 0.5}" "shot_noise: {}"
same inside set mess

# nobody's turn matters: threads and order change nothing, the seed everything
for threads in 1 3; do
    run data augment mess.yaml set/labels.json --images set --to coco "t$threads/l.json" --copies 3 --seed 7 --threads $threads
    expect 0
done
diff -r t1 t3 > /dev/null || fault "three threads made something else than one"
run data augment mess.yaml set/labels.json --images set --to coco t9/l.json --copies 3 --seed 8
cmp -s t1/l.json t9/l.json && fault "another seed made the same"
run data augment flip.yaml set/labels.json --images set --to yolo asyolo --originals --json
expect 0
check "d['images'] == 8 and d['images_per_s'] > 0"
run data check asyolo
expect 0

# what is wrong is named, with its place
bad() {
    printf "$2" > bad.yaml
    refuse "bad.yaml:$1" data augment bad.yaml set/labels.json --images set --to coco bad/l.json
    absent bad
}
bad "2:5: no such step: 'flop' \(flip" 'steps:\n  - flop: {}\n'
bad "2:.*: .*(sigm|sigma)" 'steps:\n  - gaussian_blur: {sigm: 1}\n'
bad "2:28: 1000 is outside" 'steps:\n  - gaussian_blur: {sigma: 1000}\n'
bad "2:.*lower end" 'steps:\n  - gamma: {gamma: [2, 1]}\n'
bad "2:.*whole number" 'steps:\n  - cutout: {count: 1.5}\n'
bad "1:" 'steps: []\n'
bad "2:5: a step is expected" 'steps:\n  - 3\n'
run data augment flip.yaml set/labels.json out
expect 2
run data augment flip.yaml set/labels.json --to coco --copies 0 out
expect 2 "copies is 1 to"
printf 'rubbish' > set/b.png
refuse "b.png" data augment flip.yaml set/labels.json --images set --to coco bad/l.json
finish
