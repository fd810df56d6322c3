#!/usr/bin/env bash
# ocellus data check: each planted fault is found once, a sound set has none.
source "$(dirname "$0")/lib.sh"
$python "$top/tests/cli/data/make_sets.py" sets || exit 1
run data check sets/boxes.json --json
expect 0
check "[f for f in d['faults'] if f['level'] == 'error'] == [] and d['images'] == 6 and d['objects'] == 14"
check "not any('same' in f['fault'] or 'twice' in f['fault'] for f in d['faults'])"

$python - << 'EOP'
import json, shutil, zlib, struct
d = json.load(open("sets/boxes.json"))
def add(i, **more):
    d["images"].append({"id": i, "file_name": f"{i:06d}.png", "width": 64, "height": 48, **more})
def note(image, category, box):
    d["annotations"].append({"id": len(d["annotations"]) + 1, "image_id": image, "category_id": category, "bbox": box,
                             "area": 1, "iscrowd": 0})
for name, number in (("Bicycle_", 4), ("bycicle", 5), ("persons", 6), ("unused", 7), ("cat", 8), ("class_1", 9), ("class_2", 10)):
    d["categories"].append({"id": number, "name": name})
for c in (4, 5, 6, 8, 9, 10):
    note(1, c, [1 + c, 2, 9, 9])
add(20)                                           # missing
add(21, split="train"); add(22, split="val")      # the same bytes in two splits
add(23)                                           # cut short
add(24)                                           # a bomb: 60000 x 60000 told in a head of 60 bytes
add(25, width=65)                                 # another size than told
add(26, split="val")                              # nearly 21
shutil.copy("sets/images/000001.png", "sets/images/000021.png")
shutil.copy("sets/images/000001.png", "sets/images/000022.png")
whole = open("sets/images/000002.png", "rb").read()
open("sets/images/000023.png", "wb").write(whole[:len(whole) // 2])
chunk = lambda t, b: struct.pack(">I", len(b)) + t + b + struct.pack(">I", zlib.crc32(t + b))
open("sets/images/000024.png", "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)) +
    chunk(b"IDAT", zlib.compress(bytes(10**6), 9)) + chunk(b"IEND", b""))
shutil.copy("sets/images/000005.png", "sets/images/000025.png")
import sys
def png(path, w, h, pixel):
    rows = b"".join(b"\0" + bytes(c for x in range(w) for c in pixel(x, y)) for y in range(h))
    open(path, "wb").write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 8, 2, 0, 0, 0)) +
        chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
png("sets/images/000026.png", 64, 48, lambda x, y: (min(255, (x * 3) % 256 + 2), (y * 5 + 40) % 256, (x * y) % 256))
note(2, 1, [5, 5, 0, 9])                          # no area
note(2, 1, [70, 5, 9, 9])                         # outside
note(2, 1, [60, 5, 9, 9])                         # over the edge
note(2, 2, [60, 40, 3, 3])                        # tiny
note(3, 3, [10, 10, 9, 9]); note(3, 3, [10, 10, 9, 9])
json.dump(d, open("faulty.json", "w"))
EOP
run data check faulty.json --images sets/images --json
expect 1
check "[f['image'] for f in d['faults'] if f['fault'] == 'missing images'] == ['000020.png']"
check "sorted(f['image'] for f in d['faults'] if f['fault'] == 'corrupt images') == ['000023.png', '000024.png']"
check "any(f['image'] == '000024.png' and '60000' in f['what'] for f in d['faults'])"
check "[f['image'] for f in d['faults'] if f['fault'] == 'images of another size than told'] == ['000025.png']"
check "[(f['image'], f['what']) for f in d['faults'] if f['fault'] == 'the same picture in two splits'] == [('000022.png', '000021.png')]"
check "[f['image'] for f in d['faults'] if f['fault'] == 'nearly the same picture in two splits'] == ['000026.png']"
check "sorted((f['image'], f['what']) for f in d['faults'] if f['fault'] == 'pictures that are there twice') == [('000021.png', '000001.png'), ('000022.png', '000001.png'), ('000025.png', '000005.png')]"
check "[f['image'] for f in d['faults'] if f['fault'] == 'objects of no area'] == ['000002.png']"
check "[f['image'] for f in d['faults'] if f['fault'] == 'objects wholly outside their image'] == ['000002.png']"
check "[f['image'] for f in d['faults'] if f['fault'] == 'boxes over the edge of their image'] == ['000002.png']"
check "[f['image'] for f in d['faults'] if f['fault'] == 'objects that are there twice'] == ['000003.png']"
check "[f['what'] for f in d['faults'] if f['fault'] == 'categories without objects'] == ['unused']"
check "sorted(f['what'].replace('(', '').split()[0] + f['what'].split(' and ')[1].split()[0] for f in d['faults'] if f['fault'] == 'categories that may be one') == [\"'Bicycle_''bycicle'\", \"'bicycle''Bicycle_'\", \"'bicycle''bycicle'\", \"'person''persons'\"]"
check "not any('class_1' in f['what'] or \"'car'\" in f['what'] for f in d['faults'] if f['fault'] == 'categories that may be one')"
run data check sets/boxes.json --level warning
expect 1
run data check faulty.json --labels-only --json --level error
check "not any('image' in f['fault'] and 'missing' in f['fault'] for f in d['faults'])"
run data check faulty.json --level loud
expect 2 "not 'loud'"
refuse "none.json: no such file" data check none.json

# a hundred thousand pictures' hashes are the unit test's; here a photograph and its smaller, harder copy
if [ -d "$top/../shared/data/coco-val128/images" ] && command -v ffmpeg > /dev/null; then
    mkdir photos
    cp $(ls "$top"/../shared/data/coco-val128/images/*/*.jpg "$top"/../shared/data/coco-val128/images/*.jpg 2> /dev/null | head -24) photos/
    first=$(ls photos | head -1)
    ffmpeg -v error -i "photos/$first" -vf scale=iw/2:-2 -q:v 12 photos/zz_copy.jpg
    $python -c "
import json, os
f = sorted(os.listdir('photos'))
json.dump({'images': [{'id': i + 1, 'file_name': n} for i, n in enumerate(f)], 'annotations': [], 'categories': []}, open('photos.json', 'w'))"
    run data check photos.json --images photos --json
    check "[(f['image'], f['what'].split()[0]) for f in d['faults'] if f['fault'] == 'pictures that nearly look the same'] == [('zz_copy.jpg', '$first')]"
fi
finish
