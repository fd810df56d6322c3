#!/usr/bin/python3
"""Pictures of words for text recognisers: render_words.py --seed 1 --count 2000 FOLDER

Words of letters and digits in OpenCV's stroke fonts, of random size, weight, colours, slant and noise; the
same seed gives the same pictures.  FOLDER/words.csv lists path,label as `ocellus eval text --csv` reads it."""
import argparse
import os

import cv2
import numpy as np

FONTS = [cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX,
         cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_HERSHEY_COMPLEX_SMALL]
STARTS = "b c d f g h k l m n p r s t v w st tr ch sh pl gr br".split()
MIDDLES = "a e i o u ai ea ou".split()
ENDS = ["", "n", "r", "s", "t", "l", "nd", "st", "ck", "m"]


def word(random):
    if random.rand() < 0.15:
        return "".join(str(d) for d in random.randint(0, 10, random.randint(3, 7)))
    n = random.randint(1, 4)
    text = "".join(random.choice(STARTS) + random.choice(MIDDLES) for _ in range(n)) + random.choice(ENDS)
    return text.upper() if random.rand() < 0.3 else text.capitalize() if random.rand() < 0.3 else text


def picture(text, random):
    font, weight = FONTS[random.randint(len(FONTS))], random.randint(1, 3)
    scale = random.uniform(0.9, 1.5)
    (width, height), base = cv2.getTextSize(text, font, scale, weight)
    margin = random.randint(4, 10)
    dark = random.rand() < 0.7
    paper, ink = random.randint(170, 256, 3), random.randint(0, 80, 3)
    if not dark:
        paper, ink = ink, paper
    image = np.full((height + base + 2 * margin, width + 2 * margin, 3), paper, np.uint8)
    cv2.putText(image, text, (margin, margin + height), font, scale, ink.tolist(), weight, cv2.LINE_AA)
    slant = random.uniform(-0.08, 0.08)
    turn = np.float32([[1, slant, -slant * image.shape[0] / 2], [0, 1, 0]])
    image = cv2.warpAffine(image, turn, image.shape[1::-1], borderValue=paper.tolist())
    noise = random.normal(0, random.uniform(0, 8), image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=2000)
    arguments = parser.parse_args()
    random = np.random.RandomState(arguments.seed)
    os.makedirs(arguments.folder, exist_ok=True)
    with open(os.path.join(arguments.folder, "words.csv"), "w") as table:
        table.write("path,label\n")
        for i in range(arguments.count):
            text = word(random)
            cv2.imwrite(os.path.join(arguments.folder, f"{i:05d}.png"), picture(text, random))
            table.write(f"{i:05d}.png,{text}\n")


if __name__ == "__main__":
    main()
