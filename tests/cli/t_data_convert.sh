#!/usr/bin/env bash
# ocellus data convert: there and back is the same file, what is lost is said, bad input is refused.
source "$(dirname "$0")/lib.sh"
$python "$top/tests/cli/data/make_sets.py" sets || exit 1

# back FORMAT A.json [NAME]: A to FORMAT and back is A to the byte
back() {
    local to=${3:-there_$1}
    rm -rf "$to"
    run data convert --images sets/images "$2" --to "$1" "$to"
    expect 0
    cp out.txt said.txt
    run data convert --from "${1/cvat-video/cvat}" --images sets/images "$to" --to coco back.json
    expect 0
    cmp -s "$2" back.json || fault "$2 to $1 and back: $(diff "$2" back.json | head -4)"
}

for f in voc voc-corners kitti yolo labelme openimages; do
    back $f sets/boxes.json
done
back cvat sets/boxes.json there.xml
back coco sets/rich.json there.json

# what cannot be carried is counted, and listed with -v
run data convert -v --images sets/images sets/rich.json --to voc lost_voc --json
expect 0 "lost: 000001.png: object 1: polygons: person"
check "d['lost']['polygons'] == 1 and d['lost']['masks'] == 1 and d['lost']['key-points'] == 1"
check "d['lost']['ids of objects'] == 5 and d['lost']['members of another format'] == 4"
check "'track ids' not in d['lost'] and 'scores' not in d['lost'] and 'splits' not in d['lost']"
run data convert --images sets/images --strict sets/rich.json --to kitti strict
expect 1 "nothing was written"
absent strict
run data convert sets/boxes.json --to voc same --strict
expect 0
grep -q "nothing is lost" out.txt || fault "boxes to voc: $(cat out.txt)"

# Labelme and CVAT keep more: outlines, key-points, tracks, scores, attributes
for f in labelme cvat; do
    to=rich_$f
    [ $f = cvat ] && to=rich.xml
    run data convert --images sets/images sets/rich.json --to $f $to
    expect 0
    run data convert --images sets/images $to --to coco rich_back.json
    expect 0
    $python - $f << 'EOP' || fault "rich.json through $f"
import json, sys
a, b = json.load(open("sets/rich.json")), json.load(open("rich_back.json"))
assert [i.get("split") for i in a["images"]] == [i.get("split") for i in b["images"]]
names = [{c["id"]: c["name"] for c in d["categories"]} for d in (a, b)]
if sys.argv[1] == "labelme":
    assert len(a["annotations"]) == len(b["annotations"])
    pairs = zip(a["annotations"], b["annotations"])
    assert b["annotations"][0]["segmentation"] == a["annotations"][0]["segmentation"]
else:
    parts = [x for x in b["annotations"] if x["image_id"] == 1 and x.get("segmentation")]
    assert [x["segmentation"][0] for x in parts[:2]] == a["annotations"][0]["segmentation"]
    by_track = [x for x in b["annotations"] if x.get("track_id") == 7]
    assert len(by_track) == 1 and by_track[0]["score"] == .25
    mask = [x for x in b["annotations"] if x["iscrowd"]]
    assert mask[0]["segmentation"]["counts"] == a["annotations"][2]["segmentation"]["counts"]
    pairs = []
for x, y in pairs:
    for key in ("keypoints", "track_id", "score", "iscrowd", "bbox", "id", "attributes"):
        if key == "keypoints" and key in x:
            assert x[key][:6] == y[key][:6], (x, y)
        elif not (key == "bbox" and x["iscrowd"]):
            assert x.get(key) == y.get(key), (key, x, y)
    assert names[0][x["category_id"]] == names[1][y["category_id"]]
EOP
done

# other tools' files, there and back through COCO, to the byte
round() {
    run data convert --from "$1" "sets/$2" --to coco via.json
    expect 0
    run data convert --images "sets/$2/images" via.json --to "$1" "$3"
    expect 0
    diff -r "sets/$2/$4" "$3/$4" > diff.txt || fault "$1 through COCO: $(head -5 diff.txt)"
}
round kitti kitti kitti_back label_2
round mot mot mot_back S1/gt/gt.txt
round yolo yolo yolo_back labels
round yolo yolo yolo_again data.yaml
run data convert sets/voc --to voc voc_back
expect 0
diff sets/voc/Annotations voc_back/Annotations || fault "VOC to VOC"
run data convert sets/mot --to mot mot_same
expect 0
diff -r sets/mot mot_same || fault "MOT to MOT"
run data convert sets/video.xml --to cvat-video video_back.xml
expect 0
diff sets/video.xml video_back.xml || fault "CVAT video to itself"
run data convert sets/video.xml --to coco video.json
run data convert video.json --to cvat-video video_via.xml
expect 0
diff sets/video.xml video_via.xml || fault "CVAT video through COCO"
run data convert sets/mot --to cvat-video mot.xml
run data convert --from cvat mot.xml --to coco mot_video.json
expect 0
$python -c "
import json
d = json.load(open('mot_video.json'))
assert sorted((a['track_id'], a['bbox'][0]) for a in d['annotations']) == [(1, 911), (1, 911), (2, 1337), (2, 1341.5)]
" || fault "MOT's track ids through a CVAT video"

# pictures go along
run data convert --copy --images sets/images sets/boxes.json --to yolo with_pictures
expect 0
cmp -s sets/images/000003.png with_pictures/images/000003.png || fault "--copy left 000003.png out"
run data convert with_pictures --to coco pictures.json
expect 0

# bad input names file, place, reason
head -c 1000000 /dev/urandom > noise
for f in coco labelme cvat voc mot openimages; do
    refuse "noise: .*" data convert --from $f noise --to coco n.json
    : > empty # a list of tracks may be
    [ $f = mot ] || refuse "empty: |empty" data convert --from $f empty --to coco n.json
done
mkdir noisy
for name in data.yaml a.txt; do head -c 1000000 /dev/urandom > noisy/$name; done
refuse "data.yaml|a.txt" data convert --from yolo noisy --to coco n.json
refuse "a.txt: " data convert --from kitti noisy --to coco n.json
printf '%s' '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">' \
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;">]><annotation><filename>&c;</filename></annotation>' > bomb.xml
refuse "bomb.xml: line 1: .*refused" data convert --from voc bomb.xml --to coco n.json
refuse "bomb.xml: line 1: .*refused" data convert --from cvat bomb.xml --to coco n.json
printf '%s' '<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/passwd"><annotation/>' > outside.xml
refuse "outside.xml: line 1: .*refused" data convert --from voc outside.xml --to coco n.json
for path in ../../etc/passwd /etc/passwd a/../../b.jpg; do
    printf '{"images":[{"id":1,"file_name":"%s"}],"annotations":[],"categories":[]}' "$path" > climb.json
    refuse "climb.json: line 1: .*does not lie below" data convert climb.json --to voc n
done
printf '{"shapes":[],"imagePath":"../../x.jpg","flags":{},"imageWidth":1,"imageHeight":1}' > climb2.json
refuse "climb2.json: .*leads out" data convert --from labelme climb2.json --to coco n.json
truncate -s 2G zeros.json
refuse "zeros.json: line 1, byte 0: " data convert --from coco zeros.json --to coco n.json
rm zeros.json
(printf '{"images":[{"id":1,"file_name":"'; yes aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa | head -c 40000000 | tr -d '\n') > long.json
refuse "long.json: line 1, byte [0-9]+: a string is too long" data convert long.json --to coco n.json
printf '{"images":[{"id":1,"file_name":"a.jpg"}],"annotations":[{"image_id":2,"category_id":1}],"categories":[]}' > other.json
refuse "other.json: line 1: image_id 2 is no image" data convert other.json --to coco n.json
printf '1,1,1,1,1,1,1,1,1\n2,x,1,1,1,1\n' > bad.txt
refuse "bad.txt: line 2: column 2, 'x'" data convert --from mot bad.txt --to coco n.json
printf 'ImageID,LabelName,XMin,XMax,YMin,YMax\na,b,0,1,0,1\n' > a-bbox.csv
refuse "size is needed" data convert a-bbox.csv --to coco n.json
absent n.json n
run data convert sets/boxes.json --to nothing x
expect 2 "no such format: 'nothing' \(coco, voc"
run data convert sets/boxes.json x
expect 2 "--to is missing"
run data convert sets/boxes.json --to yolo /proc/none
expect 3 "/proc/none"
full_disk data convert --images sets/images sets/boxes.json --to coco full.json
[ "$status" = 3 ] || fault "full disk: exit $status"
absent full.json full.json.part
finish
