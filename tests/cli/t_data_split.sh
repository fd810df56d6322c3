#!/usr/bin/env bash
# ocellus data split, lock: every image once, classes in proportion, groups whole, the same for the same
# seed; hashes as md5sum, sha256sum and DVC's own rule have them.
source "$(dirname "$0")/lib.sh"
$python "$top/tests/cli/data/make_sets.py" sets || exit 1

$python - << 'EOP'
import json, random
r = random.Random(5)
images, notes = [], []
for i in range(1, 301):
    images.append({"id": i, "file_name": f"store{i % 13}_{i:04d}.jpg", "width": 100, "height": 100})
    for c in (1, 2, 3, 4):
        if r.random() < (.9, .5, .1, .04)[c - 1]:
            notes.append({"id": len(notes) + 1, "image_id": i, "category_id": c, "bbox": [1, 1, 9, 9], "area": 81,
                          "iscrowd": 0})
cats = [{"id": c, "name": n} for c, n in enumerate("abcd", 1)]
json.dump({"images": images, "annotations": notes, "categories": cats}, open("many.json", "w"))
EOP
run data split many.json --folds 5 --json
expect 0
check "[f['name'] for f in d['folds']] == ['fold0', 'fold1', 'fold2', 'fold3', 'fold4']"
check "sorted(sum((f['images'] for f in d['folds']), [])) == sorted(i['file_name'] for i in json.load(open('many.json'))['images'])"
check "(lambda t: all(max(x) - min(x) <= max(2, .12 * sum(x)) for x in [[sum(1 for a in t['annotations'] if a['category_id'] == c and t['images'][a['image_id'] - 1]['file_name'] in f['images']) for f in d['folds']] for c in (1, 2, 3, 4)]))(json.load(open('many.json')))"
cp out.txt first.json
run data split many.json --folds 5 --json
cmp -s out.txt first.json || fault "the same seed gave other folds"
run data split many.json --folds 5 --json --seed 1
cmp -s out.txt first.json && fault "another seed gave the same folds"
run data split many.json --parts train=7,val=3 --group prefix:_ --out parts
expect 0
$python - << 'EOP' || fault "groups are torn apart, or the shares are far off"
parts = {n: open(f"parts/{n}.txt").read().split() for n in ("train", "val")}
stores = {n: {x.split("_")[0] for x in v} for n, v in parts.items()}
assert not stores["train"] & stores["val"], stores
assert .6 < len(parts["train"]) / 300 < .8, len(parts["train"])
import json
for i in json.load(open("parts/labels.json"))["images"]:
    assert i["file_name"] in parts[i["split"]]
EOP
run data split sets/mot --group sequence --folds 2 --json
expect 0
check "sorted(len(f['images']) for f in d['folds']) == [0, 4]"
run data split many.json --parts train
expect 2 "not 'train'"
run data split many.json --folds 1
expect 2 "--folds is 2 to"
run data split many.json --parts "../x=1"
expect 2 "not '../x=1'"
refuse "none.json: no such file" data split none.json

run data lock sets/images --dvc
expect 0
$python - << 'EOP' || fault "hashes"
import hashlib, json, pathlib
files = sorted(p.relative_to("sets/images").as_posix() for p in pathlib.Path("sets/images").rglob("*") if p.is_file())
h = lambda f, n: hashlib.new(n, open(f"sets/images/{f}", "rb").read()).hexdigest()
lock = json.load(open("sets/images.lock.json"))
assert [(f["path"], f["sha256"], f["md5"]) for f in lock["files"]] == [(f, h(f, "sha256"), h(f, "md5")) for f in files]
assert lock["sha256"] == hashlib.sha256("".join(f"{h(f, 'sha256')}  {f}\n" for f in files).encode()).hexdigest()
listing = json.dumps([{"md5": h(f, "md5"), "relpath": f} for f in files], sort_keys=True).encode()
want = (f"outs:\n- md5: {hashlib.md5(listing).hexdigest()}.dir\n  size: {lock['bytes']}\n  nfiles: {len(files)}\n"
        "  hash: md5\n  path: images\n")
assert open("sets/images.dvc").read() == want
EOP
run data lock sets/images --verify
expect 0
printf x >> sets/images/000002.png
rm sets/images/000003.png
echo new > sets/images/new.txt
run data lock sets/images --verify
expect 1 "3 of 7 files"
grep -q "changed  000002.png" out.txt && grep -q "missing  000003.png" out.txt && grep -q "added    new.txt" out.txt ||
    fault "verify said: $(cat out.txt)"
refuse "nothing: no such file" data lock nothing
echo '{}' > sets/images.lock.json
refuse "not a lock" data lock --verify sets/images
finish
