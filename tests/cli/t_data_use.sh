#!/usr/bin/env bash
# ocellus data audit, balance, sample, redact, stats: figures that can be worked out by hand.
source "$(dirname "$0")/lib.sh"
$python "$top/tests/cli/data/make_sets.py" sets || exit 1

$python - << 'EOP'
import json
cats = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
images = [{"id": 1, "file_name": "a.png", "width": 100, "height": 100}, {"id": 2, "file_name": "b.png", "width": 100, "height": 100}]
def notes(rows):
    return [{"id": i + 1, "image_id": im, "category_id": c, "bbox": b, "area": b[2] * b[3], "iscrowd": 0, **more}
            for i, (im, c, b, more) in enumerate(rows)]
first = notes([(1, 1, [0, 0, 10, 10], {}), (1, 2, [50, 50, 20, 20], {}), (2, 1, [5, 5, 10, 10], {}), (2, 2, [40, 40, 8, 8], {})])
second = notes([(1, 1, [0, 0, 10, 10], {}), (1, 1, [50, 50, 20, 20], {}), (2, 1, [5, 5, 10, 20], {}), (2, 2, [80, 80, 8, 8], {})])
for name, rows in (("first", first), ("second", second)):
    json.dump({"images": images, "annotations": rows, "categories": cats}, open(name + ".json", "w"))
json.dump([{"image_id": 1, "category_id": 2, "bbox": [0, 0, 10, 10], "score": .9},
           {"image_id": 1, "category_id": 2, "bbox": [50, 50, 20, 20], "score": .8},
           {"image_id": 2, "category_id": 1, "bbox": [5, 5, 10, 10], "score": .3},
           {"image_id": 2, "category_id": 1, "bbox": [70, 70, 9, 9], "score": .95}], open("network.json", "w"))
EOP
run data audit first.json second.json --queue queue.json --json
expect 0
check "(d['all']['both'], d['all']['confused'], d['all']['only_first'], d['all']['only_second']) == (2, 1, 1, 1)"
check "abs(d['all']['iou'] - .75) < 1e-9"
# five things: cat-cat, dog-cat, cat-cat, dog-none, none-dog; agreed 2/5, by chance (2*3 + 2*1 + 1*1)/25
check "abs(d['all']['kappa'] - (.4 - 9/25) / (1 - 9/25)) < 1e-9"
check "sorted(q['why'] for q in json.load(open('queue.json'))['queue']) == ['another box', 'another class', 'not labelled', 'not seen by the other']"
run data audit first.json first.json --json
check "d['all']['kappa'] == 1 and d['suspects'] == 0"
run data audit first.json network.json --queue queue.json --json
expect 0
check "[q['why'] for q in json.load(open('queue.json'))['queue']] == ['not labelled', 'another class', 'not seen by the other', 'not seen by the other']"
check "json.load(open('queue.json'))['queue'][0]['second']['score'] == .95"
refuse "no image of" data audit first.json sets/boxes.json

run data balance first.json --target cat=8 --list list.txt --json
expect 0
check "[c['factor'] for c in d['categories']] == [4, 1] and [i['weight'] for i in d['images']] == [4, 4]"
[ "$(sort list.txt | uniq -c | tr -s ' ' | tr '\n' ';')" = " 4 a.png; 4 b.png;" ] || fault "list: $(cat list.txt)"
run data balance sets/boxes.json --threshold 1 --json
check "all(abs(c['factor'] - max(1, math.sqrt(6 / n))) < 1e-6 for c, n in zip(d['categories'], [len({a['image_id'] for a in json.load(open('sets/boxes.json'))['annotations'] if a['category_id'] == k}) for k in (1, 2, 3)]))"
run data balance first.json --target bird=8
expect 2 "no category 'bird'"

event() { printf '{"v":1,"seq":%d,"type":"%s","stream":"s","t":%s,"frame":%d,"track":%d,"label":"%s","score":%s,"box":[%s]%s}\n' "$@"; }
{
    printf '{"v":1,"seq":0,"type":"started","stream":"s","t":0,"frame":0,"source":"a.avi"}\n'
    event 1 appeared 0 0 1 person 0.9 0,0,10,10 ""
    event 2 updated 5 50 1 person 0.2 0,0,10,10 ""
    event 3 updated 10 100 1 dog 0.9 0,0,10,10 ""
    event 4 recognised 20 200 2 label 0.9 50,50,60,60 ',"what":"text","value":"abc","confidence":0.9'
    event 5 recognised 25 250 2 label 0.9 50,50,60,60 ',"what":"text","value":"abd","confidence":0.9'
    event 6 left 30 300 3 person 0.8 5,5,9,9 ',"age_s":0.2'
} > a.jsonl
run data sample a.jsonl --json
expect 0
check "d['source'] == 'a.avi' and [(f['frame'], f['why'].split(':')[0]) for f in d['frames']] == [(100, 'label changed'), (250, 'reading changed'), (50, 'score jumped'), (300, 'short track')]"
head -3 a.jsonl > b.jsonl
run data sample a.jsonl --against b.jsonl --json --low 0
check "any(f['frame'] == 200 and f['why'].startswith('only in the first run') for f in d['frames']) and not any(f['frame'] == 0 for f in d['frames'])"
run data sample a.jsonl --count 1 --json
check "len(d['frames']) == 1"
echo '{"type":"updated","track":' >> b.jsonl
refuse "b.jsonl: line 4: " data sample b.jsonl
head -c 100000 /dev/urandom > noise
refuse "noise: " data sample noise

# boxes are covered, the rest stays; metadata goes
$python - << 'EOP'
import struct, zlib
raw = open("sets/images/000001.png", "rb").read()
text = b"tEXtComment\0home of the secret"
chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
open("sets/images/000001.png", "wb").write(raw[:33] + chunk + raw[33:])
EOP
grep -qa "secret" sets/images/000001.png || fault "no metadata to strip"
run data redact --no-detector --boxes sets/boxes.json --grow 0 sets/images covered
expect 0
grep -q "7 pictures, 0 faces and 14 given boxes" out.txt || fault "redact said: $(cat out.txt)"
grep -qa "secret" covered/000001.png && fault "metadata is still there"
if $python -c "import cv2" 2> /dev/null; then
    $python - << 'EOP' || fault "what was covered, or was not"
import cv2, json, math, numpy as np
d = json.load(open("sets/boxes.json"))
for i in d["images"]:
    a, b = (cv2.imread(f"{f}/{i['file_name']}") for f in ("sets/images", "covered"))
    mask = np.zeros(a.shape[:2], bool)
    for n in d["annotations"]:
        if n["image_id"] == i["id"]:
            x, y, w, h = n["bbox"]
            mask[math.floor(y):math.ceil(y + h), math.floor(x):math.ceil(x + w)] = True
    assert (a[~mask] == b[~mask]).all()
    assert (a[mask] != b[mask]).mean() > .6
EOP
fi
# what EXIF says to turn is turned; boxes are of the stored pixels, or of the meant ones where the labels' sides say so
if $python -c "import cv2" 2> /dev/null; then
    mkdir turned_in
    $python - << 'EOP'
import cv2, json, numpy as np
a = np.full((40, 64, 3), 200, np.uint8)
a[:20, :32] = np.add.outer(np.arange(20) * 5, np.arange(32) * 3)[..., None]  # the upper left quarter, uneven
ok, jpeg = cv2.imencode(".jpg", a, [cv2.IMWRITE_JPEG_QUALITY, 98])
jpeg = jpeg.tobytes()
exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
exif = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
for name in "stored", "meant":
    open(f"turned_in/{name}.jpg", "wb").write(jpeg[:2] + exif + jpeg[2:])
json.dump({"images": [{"id": 1, "file_name": "stored.jpg", "width": 64, "height": 40},
                      {"id": 2, "file_name": "meant.jpg", "width": 40, "height": 64}],
           "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "bbox": [0, 0, 32, 20]},
                           {"id": 2, "image_id": 2, "category_id": 1, "bbox": [20, 0, 20, 32]}],
           "categories": [{"id": 1, "name": "plate"}]}, open("turned.json", "w"))
EOP
    run data redact --no-detector --boxes turned.json --grow 0 turned_in turned_out
    expect 0
    grep -q "2 pictures turned" out.txt || fault "redact does not tell what it turned"
    grep -qa Exif turned_out/stored.jpg && fault "EXIF is still there"
    $python - << 'EOP' || fault "pictures turned by their EXIF"
import cv2, numpy as np
for name in "stored", "meant":
    b = cv2.imread(f"turned_out/{name}.jpg").astype(int)
    assert b.shape == (64, 40, 3)                      # 6: stored lying on its left side
    plate = b[:32, 20:]                                 # its upper left quarter is now the upper right
    assert plate.mean() < 150 and abs(b[40:] - 200).max() < 12
    assert np.abs(np.diff(plate[2:6, 2:18, 0], axis=0)).max() < 60
    want = cv2.rotate(cv2.imread(f"turned_in/{name}.jpg", cv2.IMREAD_IGNORE_ORIENTATION | 1), cv2.ROTATE_90_CLOCKWISE).astype(int)
    assert abs(plate - want[:32, 20:]).mean() > 2      # covered
    assert abs(b[34:] - want[34:]).mean() < 3
EOP
fi
# faces by the detector itself, where its network and the photographs are
faces=$top/../shared/models/yunet_n_320_320.onnx pictures=$top/../shared/data/coco-val128/images
if [ -f "$faces" ] && [ -d "$pictures" ]; then
    run data redact --model "$faces" "$pictures/000000000785.jpg" faces_out
    expect 0
    grep -Eq "^1 pictures, [1-9][0-9]* faces" out.txt || fault "no face found: $(cat out.txt)"
    if $python -c "import cv2" 2> /dev/null; then
        $python - "$pictures/000000000785.jpg" << 'EOP' || fault "not a face alone was covered"
import cv2, numpy as np, sys
a, b = (cv2.imread(p).astype(int) for p in (sys.argv[1], "faces_out/000000000785.jpg"))
changed = (np.abs(a - b).max(axis=2) > 25).mean()
assert .0002 < changed < .1, changed
EOP
    fi
else
    echo "no network or photographs: faces were not looked for"
fi
run data redact --no-detector sets/images covered2
expect 2 "covers nothing"
refuse "no pictures below" data redact --no-detector --boxes sets/boxes.json sets/kitti covered3

run data stats sets/rich.json --images sets/images --out page.html
expect 0
$python - << 'EOP' || fault "the page"
import html.parser, re
text = open("page.html").read()
assert "http" not in re.sub(r"base64,[^\"]*", "", text) and "<script" not in text
assert text.count("data:image/jpeg;base64,") == 3 and text.count("<polygon") == 2
html.parser.HTMLParser().feed(text)
EOP
run data stats sets/boxes.json --images nowhere --out none.html
expect 0
grep -q "no such picture" none.html || fault "a page without pictures does not say so"
finish
