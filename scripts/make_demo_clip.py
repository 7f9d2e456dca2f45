"""Draw the clip that `make demo` describes: smot_vlm/assets/demo.mp4 and the true boxes beside it as a MOT file.

The people are drawn by the project itself from a seed that no training uses.

    python scripts/make_demo_clip.py [--seed 500082] [--seconds 8]
"""

import argparse
from itertools import chain, islice
from pathlib import Path

from smot_vlm.formats.mot import MotRows, concatenate, format_mot
from smot_vlm.structures import Trajectory
from smot_vlm.synthetic import make_sequence
from smot_vlm.system.files import atomic_path, write_text
from smot_vlm.video.writer import VideoWriter

ASSETS = Path(__file__).parent.parent / "smot_vlm" / "assets"
FPS = 25.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=500082)
    parser.add_argument("--seconds", type=float, default=8.0)
    arguments = parser.parse_args()
    frames = round(arguments.seconds * FPS)
    sequence = make_sequence(arguments.seed, split="test", fps=FPS)
    images = islice(sequence.frames(), frames)
    first = next(images)
    size = (first.shape[1], first.shape[0])
    with atomic_path(ASSETS / "demo.mp4") as temporary, VideoWriter(temporary, FPS, *size) as writer:
        for image in chain([first], images):
            writer.write(image)
    parts = [boxes_until(track, frames) for track in sequence.tracks]
    write_text(ASSETS / "demo_tracks.txt", format_mot(concatenate(parts)))
    print(f"{ASSETS}: {frames} frames, {len(parts)} people; {sequence.caption}")


def boxes_until(track: Trajectory, frames: int) -> MotRows:
    """The rows of a trajectory in the first `frames` frames."""
    kept = track.frames < frames
    ids = track.frames[kept] * 0 + track.id
    return MotRows(track.frames[kept], ids, track.boxes[kept], track.scores[kept])


if __name__ == "__main__":
    main()
