"""Writes small data sets of our own for the tests: COCO files in the form that Ocellus writes, pictures beside
them.  make_sets.py FOLDER"""
import json
import random
import struct
import sys
import zlib
from pathlib import Path

out = Path(sys.argv[1])
W, H = 64, 48


def png(path, width, height, pixel):
    rows = b"".join(b"\0" + bytes(c for x in range(width) for c in pixel(x, y)) for y in range(height))

    def chunk(tag, data):
        return struct.pack(">I", len(data)) + tag + data + struct.pack(">I", zlib.crc32(tag + data))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) +
                     chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def line(record):
    return json.dumps(record, ensure_ascii=False)


def write(path, images, annotations, categories, head=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "{\n" + "".join(f"{json.dumps(k)}: {line(v)},\n" for k, v in (head or {}).items())
    lists = []
    for name, rows in (("images", images), ("annotations", annotations), ("categories", categories)):
        lists.append(f'"{name}": [' + ",".join("\n" + line(r) for r in rows) + "\n]")
    path.write_text(text + ",\n".join(lists) + "\n}\n")


def image(i, **more):
    return {"id": i, "file_name": f"{i:06d}.png", "width": W, "height": H, **more}


def area(box):
    a = round(box[2] * box[3], 9)
    return int(a) if a == int(a) else a


def boxes(n_images, seed, **more):
    r = random.Random(seed)
    rows = []
    for i in range(1, n_images + 1):
        for _ in range(r.randrange(1, 4)):
            box = [r.randrange(0, 30), r.randrange(0, 20), r.randrange(4, 30), r.randrange(4, 25)]
            if r.random() < .5:
                box = [round(v + r.randrange(0, 400) / 100, 2) for v in box]
                box = [int(v) if v == int(v) else v for v in box]
            rows.append({"id": len(rows) + 1, "image_id": i, "category_id": r.randrange(1, 4), "bbox": box,
                         "area": area(box), "iscrowd": 0})
    return rows


cats = [{"id": 1, "name": "bicycle"}, {"id": 2, "name": "car"}, {"id": 3, "name": "person"}]

# boxes alone: every format can carry these
write(out / "boxes.json", [image(i) for i in range(1, 7)], boxes(6, 1), cats)

# all that COCO has, and members that nobody knows
poly = [[4.5, 3, 30, 4, 28, 20.25, 6, 18], [40, 30, 50, 31, 45, 40]]


def shoelace(p):
    n = len(p) // 2
    return abs(sum(p[2 * i] * p[(2 * i + 3) % (2 * n)] - p[(2 * i + 2) % (2 * n)] * p[2 * i + 1]
                   for i in range(n))) / 2


rich = boxes(3, 2)
first = rich[0]
first.update(segmentation=poly, bbox=[4.5, 3, 45.5, 37])
first["area"] = int(sum(shoelace(p) for p in poly))
rich[1].update(attributes={"occluded": True, "colour": "dark \"red\"", "speed": 1.50}, tool={"by": ["x", None, 1e3]})
rich[2].update(iscrowd=1, segmentation={"size": [H, W], "counts": [100, 5, 43, 5, 43, 5, H * W - 201]}, area=15,
               bbox=[2, 4, 3, 5])
rich[3].update(keypoints=[10, 11, 2, 12.5, 13, 1, 0, 0, 0], num_keypoints=2)
rich[4].update(track_id=7, score=.25)
order = ("id", "image_id", "category_id", "bbox", "area", "iscrowd", "segmentation", "keypoints", "num_keypoints",
         "track_id", "score", "attributes", "tool")
rich = [{k: a[k] for k in order if k in a} for a in rich]
for a in rich:
    a["id"] += 100
full = [dict(cats[0], supercategory="vehicle"), cats[1],
        dict(cats[2], keypoints=["nose", "eye", "ear"], skeleton=[[1, 2], [2, 3]], colour="red")]
for c, k in zip(full, (3, 17, 44)):
    c["id"] = k
for a in rich:
    a["category_id"] = (3, 17, 44)[a["category_id"] - 1]
rich[3]["category_id"] = 44
write(out / "rich.json", [image(1, split="train", licence=3), image(2, split="val"), image(3), image(9)], rich, full,
      {"info": {"year": 2026, "by": "us"}})

for i in (1, 2, 3, 4, 5, 6, 9):
    png(out / "images" / f"{i:06d}.png", W, H,
        lambda x, y, i=i: ((x * i * 3) % 256, (y * 5 + i * 40) % 256, (x * y * i) % 256))

# KITTI, VOC, MOT, YOLO, CVAT as their own tools write them
kitti = out / "kitti" / "label_2"
kitti.mkdir(parents=True)
(kitti / "000000.txt").write_text("Pedestrian 0.00 0 -0.20 712.40 143.00 810.73 307.92 1.89 0.48 1.20 1.84 1.47 8.41 0.01\n")
(kitti / "000001.txt").write_text(
    "Truck 0.00 0 -1.57 599.41 156.40 629.75 189.25 2.85 2.63 12.34 0.47 1.49 69.44 -1.56\n"
    "DontCare -1 -1 -10 503.89 169.71 590.61 190.13 -1 -1 -1 -1000 -1000 -1000 -10\n")
(kitti / "000002.txt").write_text("")

voc = out / "voc" / "Annotations"
voc.mkdir(parents=True)
(voc / "000005.xml").write_text("""<annotation>
\t<folder>VOC2007</folder>
\t<filename>000005.jpg</filename>
\t<source>
\t\t<database>The VOC2007 Database</database>
\t</source>
\t<size>
\t\t<width>500</width>
\t\t<height>375</height>
\t\t<depth>3</depth>
\t</size>
\t<segmented>0</segmented>
\t<object>
\t\t<name>chair</name>
\t\t<pose>Rear</pose>
\t\t<truncated>0</truncated>
\t\t<difficult>1</difficult>
\t\t<bndbox>
\t\t\t<xmin>263</xmin>
\t\t\t<ymin>211</ymin>
\t\t\t<xmax>324</xmax>
\t\t\t<ymax>339</ymax>
\t\t</bndbox>
\t</object>
</annotation>
""")

seq = out / "mot" / "S1"
(seq / "gt").mkdir(parents=True)
(seq / "gt" / "gt.txt").write_text(
    "1,1,912,484,97,109,0,7,1\n2,1,912,484,97,109,0,7,1\n1,2,1338,418,167,379,1,1,0.83475\n"
    "3,2,1342.5,417,168,380,1,1,1\n")
(seq / "seqinfo.ini").write_text("[Sequence]\nname=S1\nimDir=img1\nframeRate=30\nseqLength=4\nimWidth=1920\n"
                                 "imHeight=1080\nimExt=.jpg\n")

yolo = out / "yolo"
for split, rows in (("train", ["0 0.512500 0.433333 0.125000 0.200000", "1 0.300001 0.699999 0.100003 0.100007"]),
                    ("val", ["1 0.123456 0.654321 0.111111 0.222222"])):
    (yolo / "labels" / split).mkdir(parents=True)
    name = {"train": "a", "val": "b"}[split]
    (yolo / "labels" / split / f"{name}.txt").write_text("\n".join(rows) + "\n")
    png(yolo / "images" / split / f"{name}.png", 320, 240, lambda x, y: (x % 256, y, 7))
(yolo / "data.yaml").write_text('path: .\ntrain: images/train\nval: images/val\nnames:\n  0: "cat"\n  1: "dog"\n')

track = "".join(
    f'    <box frame="{f}" outside="0" source="manual" keyframe="1" occluded="{f % 2}" xtl="{10 + f}" ytl="20" '
    f'xbr="{30.5 + f}" ybr="44.25">\n      <attribute name="colour">blue</attribute>\n    </box>\n' for f in range(3))
gone = ('    <box frame="3" outside="1" source="manual" keyframe="1" occluded="0" xtl="12" ytl="20" xbr="32.5" '
        'ybr="44.25">\n    </box>\n')
single = ('  <track id="1" label="bus" source="manual">\n    <box frame="4" outside="0" source="manual" keyframe="1" '
          'occluded="0" xtl="1" ytl="2" xbr="3" ybr="4">\n    </box>\n  </track>\n')
label = "        <label>\n          <name>{}</name>\n          <attributes>\n          </attributes>\n        </label>\n"
(out / "video.xml").write_text(
    '<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n  <version>1.1</version>\n  <meta>\n    <task>\n'
    "      <size>5</size>\n      <mode>interpolation</mode>\n      <labels>\n" + label.format("car") +
    label.format("bus") + "      </labels>\n      <original_size>\n        <width>64</width>\n"
    "        <height>48</height>\n      </original_size>\n      <source>a.mp4</source>\n    </task>\n  </meta>\n"
    '  <track id="0" label="car" source="manual">\n' + track + gone + "  </track>\n" + single + "</annotations>\n")
