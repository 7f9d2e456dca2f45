"""Film a street picture: a slow pan over `bus.jpg`, which the ultralytics package installs (AGPL-3.0).

`make demo` describes the clip: real people, without a download.

    python scripts/make_street_clip.py OUT.mp4 [--seconds 4]
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
import ultralytics
from PIL import Image

from smot_vlm.system.files import atomic_path
from smot_vlm.video.writer import VideoWriter

FPS = 25.0
WIDTH, HEIGHT = 720, 640
# Upper left corner of the view at the start and at the end, in pixels of the picture (810 x 1080).
START, END = (0.0, 330.0), (90.0, 360.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seconds", type=float, default=4.0)
    arguments = parser.parse_args()
    picture = np.asarray(Image.open(Path(ultralytics.__file__).parent / "assets" / "bus.jpg").convert("RGB"))
    frames = round(arguments.seconds * FPS)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(arguments.out) as temporary, VideoWriter(temporary, FPS, WIDTH, HEIGHT) as writer:
        for share in np.linspace(0, 1, frames):
            left, top = (start + share * (end - start) for start, end in zip(START, END, strict=True))
            matrix = np.array([[1.0, 0, -left], [0, 1.0, -top]])
            writer.write(np.asarray(cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT)), np.uint8))
    print(f"{arguments.out}: {frames} frames")


if __name__ == "__main__":
    main()
