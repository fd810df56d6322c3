#!/usr/bin/env bash
# gallery: pictures in, the right labels out; what does not belong together is refused.
source "$(dirname "$0")/lib.sh"
[ -x "$(command -v $python)" ] || skip "no python3"

# Squares of one colour with a little noise: colour-number.png, a table and a folder of them.
$python - << 'EOF'
import os, random, struct, zlib
random.seed(3)
def png(path, rgb):
    rows = b"".join(b"\0" + bytes(min(255, max(0, c + random.randint(-12, 12)))
                                  for _ in range(20) for c in rgb) for _ in range(16))
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 20, 16, 8, 2, 0, 0, 0))
                + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
colours = {"red": (220, 30, 30), "green": (30, 220, 30), "blue": (30, 30, 220)}
table = open("test.csv", "w")
table.write('path,label\n')
for name, rgb in colours.items():
    os.makedirs(f"train/{name}/deeper")
    for i in range(4):
        png(f"train/{name}/{'deeper/' if i == 3 else ''}{i}.png", rgb)
        png(f"{name}-{i}.png", rgb)
        table.write(f'"{name}-{i}.png" , {name}, more\r\n')

# The network: what is not negative of an 8x8 picture.
def field(number, data):
    return bytes([number << 3 | 2]) + struct.pack("B", len(data)) + data
dims = b"".join(field(1, bytes([1 << 3, n])) for n in (1, 3, 8, 8))
tensor = field(2, field(1, bytes([1 << 3, 1]) + field(2, dims)))
graph = (field(1, field(1, b"x") + field(2, b"y") + field(4, b"Relu")) + field(2, b"g")
         + field(11, field(1, b"x") + tensor) + field(12, field(1, b"y") + tensor))
with open("relu.onnx", "wb") as f:
    f.write(bytes([1 << 3, 8]) + field(7, graph) + field(8, bytes([2 << 3, 13])))
EOF
for i in tiny other; do
    cat > $i.yaml << EOF
name: $i
title: t
licence: l
source: {url: "https://h/x.onnx", sha256: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}
input: {size: [8, 8], color: rgb, fit: stretch, mean: 0, std: 255}
head: {type: embed, center: true}
EOF
done
net="--card $scratch/tiny.yaml --model relu.onnx"

run gallery enrol g.db train $net --by centroid --center on --threshold 0.2 --json
expect 0
check 'd["enrolled"] == 12 and d["entries"] == 12 and d["labels"] == 3 and d["left_out"] == 0'
check 'd["card"] == "tiny" and len(d["sha256"]) == 64 and d["length"] == 192'
absent g.db-wal g.db-shm

run gallery search g.db --csv test.csv $net --json
expect 0
check 'd["told"] == 12 and d["right"] == 12 and d["top1"] == 1 and d["by"] == "centroid"'
check 'len(d["results"]) == 12 and d["center"] and abs(d["threshold"] - 0.2) < 1e-6'
check 'all(r["label"] == r["expected"] == r["matches"][0]["label"] for r in d["results"])'
check 'all(len(r["matches"]) == 3 and r["matches"][0]["entries"] == 4 for r in d["results"])'
check 'all(abs(r["margin"] - (r["matches"][0]["similarity"] - r["matches"][1]["similarity"])) < 1e-4
           for r in d["results"])'
run gallery search g.db red-0.png $net --by nearest --center off --threshold 1 --top 2 --json
expect 0
check 'd["results"][0]["label"] is None and len(d["results"][0]["matches"]) == 2'
check 'd["results"][0]["matches"][0]["label"] == "red" and d["results"][0]["matches"][0]["id"] > 0'
check '"told" not in d and d["by"] == "nearest"'
run gallery search g.db green-1.png $net
expect 0
grep -q '^green-1.png: green' out.txt || fault "$last: does not say green"

# more of a label, in its place, and away again
run gallery enrol g.db red-0.png red-1.png --label red $net --json
expect 0
check 'd["enrolled"] == 2 and d["entries"] == 14'
run gallery enrol g.db red-0.png --label red --replace $net --json
expect 0
check 'd["entries"] == 9 and d["labels"] == 3'
run gallery list g.db --entries --json
expect 0
check '[(l["label"], l["entries"]) for l in d["labels"]] == [("blue", 4), ("green", 4), ("red", 1)]'
check 'd["entries"] == len(d["items"]) == 9 and d["items"][-1]["source"] == "red-0.png"'
id=$($python -c 'import json; print(json.load(open("out.txt"))["items"][-1]["id"])')
run gallery remove g.db --id "$id" --json
expect 0
check 'd == {"removed": 1, "entries": 8}'
refuse "entry $id" gallery remove g.db --id "$id"
run gallery remove g.db --label blue --json
expect 0
check 'd == {"removed": 4, "entries": 4}'
refuse "'blue'" gallery remove g.db --label blue
run gallery rules g.db --by nearest --threshold -0.5 --json
expect 0
check 'd == {"by": "nearest", "center": True, "threshold": -0.5}'
run gallery list g.db --json
check 'd["by"] == "nearest" and d["center"] and d["threshold"] == -0.5'

# another network's pictures stay out, and nothing is half enrolled
refuse "'tiny', not of 'other'" gallery enrol g.db red-0.png --label x --card "$scratch/other.yaml" \
    --model relu.onnx
cp relu.onnx changed.onnx
printf '\x7a\x01x' >> changed.onnx # an unknown field: the same network, another file
refuse 'sha256' gallery search g.db red-0.png --card "$scratch/tiny.yaml" --model changed.onnx
refuse 'is there already' gallery enrol g.db red-0.png --label x $net --by nearest
head -c 100 red-0.png > broken.png
refuse 'broken.png' gallery enrol g.db red-0.png broken.png --label x $net
refuse 'broken.png' gallery enrol new.db red-0.png broken.png --label x $net
refuse 'missing.png' gallery search g.db red-0.png missing.png $net --json
absent new.db
run gallery list g.db --json
check 'd["entries"] == 4 and [l["label"] for l in d["labels"]] == ["green"]'
run gallery enrol g.db red-0.png broken.png --label x --skip-bad $net --json
expect 0 'left out: broken.png'
check 'd["enrolled"] == 1 and d["left_out"] == 1'

run gallery enrol plain.db --folder train $net
expect 0
run gallery rules plain.db --json
check 'd == {"by": "centroid", "center": True, "threshold": 0}'

# files that are no galleries, tables and folders that are none
refuse 'none.db' gallery list none.db
refuse 'not a gallery' gallery search test.csv red-0.png $net
head -c 5000 g.db > cut.db
refuse 'cut.db' gallery list cut.db
printf 'red-0.png\n' > short.csv
refuse 'short.csv:1' gallery enrol new.db --csv short.csv $net
printf 'path,label\n"red-0.png,red\n' > open.csv
refuse 'open.csv:2' gallery enrol new.db --csv open.csv $net
mkdir empty
refuse 'no pictures' gallery enrol new.db --folder empty $net
sed 's/type: embed.*/type: classify}/' tiny.yaml > names.yaml
refuse 'classify' gallery enrol new.db red-0.png --label x --card "$scratch/names.yaml" \
    --model relu.onnx
absent new.db

run gallery
expect 2 usage
run gallery frob
expect 2 frob
run gallery enrol new.db red-0.png $net
expect 2 label
run gallery enrol new.db red-0.png --label x
expect 2 card
run gallery enrol new.db $net
expect 2 pictures
run gallery search g.db
expect 2 pictures
run gallery search g.db red-0.png --by far
expect 2 far
run gallery search g.db red-0.png --threshold 2
expect 2 threshold
run gallery remove g.db
expect 2 label
run gallery remove g.db --label a --id 3
expect 2 label
for action in enrol list search remove rules; do
    run gallery $action --help
    expect 0
    grep -q "usage: ocellus gallery $action" out.txt || fault "$last prints no usage"
done
full_disk gallery enrol full.db red-0.png --label x $net
[ "$status" = 3 ] || fault "$last: exit $status"
run gallery list g.db --json
check 'd["entries"] == 5'
finish
