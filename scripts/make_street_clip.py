"""Film a street picture: a slow pan over `bus.jpg`, which the ultralytics package installs (AGPL-3.0).

`make demo` describes the clip: real people, without a download.

    python scripts/make_street_clip.py OUT.mp4 [--seconds 4] [--picture smot_vlm/assets/annotated.png]

With --picture it also describes the clip with what ships, and draws a frame of it: the README's picture.
"""

import argparse
from dataclasses import replace
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
    parser.add_argument("--picture", type=Path, help="a described frame, as PNG")
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
    if arguments.picture is not None:
        draw_picture(arguments.out, arguments.picture, frames // 2)


def draw_picture(clip: Path, out: Path, frame_index: int) -> None:
    """One frame with what the models that ship say of the clip."""
    from smot_vlm import Tracker
    from smot_vlm.output.annotate import draw_frame
    from smot_vlm.video.reader import open_video

    description = Tracker.from_pretrained(device="cpu").describe(clip)
    description = replace(description, video=replace(description.video, source="street.mp4"))
    with open_video(clip, max_frames=frame_index + 1) as video:
        image = list(video)[-1].image
    with atomic_path(out) as temporary:
        Image.fromarray(draw_frame(image, description, frame_index)).quantize(256).save(temporary, "PNG", optimize=True)


if __name__ == "__main__":
    main()
