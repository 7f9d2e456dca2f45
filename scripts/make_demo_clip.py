"""Draw the clip that `make demo` describes: smot_vlm/assets/demo.mp4 and the true boxes beside it as a MOT file.

Also the picture of the README, annotated.png: a frame of it with the true captions and interactions. The people are
drawn by the project itself from a seed that no training uses.

    python scripts/make_demo_clip.py [--seed 500082] [--seconds 8]
"""

import argparse
from itertools import chain, islice
from pathlib import Path

from PIL import Image

from smot_vlm.formats.mot import MotRows, concatenate, format_mot
from smot_vlm.output.annotate import draw_frame
from smot_vlm.structures import Description, ModelInfo, Trajectory, VideoInfo
from smot_vlm.synthetic import SyntheticSequence, make_sequence
from smot_vlm.system.files import atomic_path, write_text
from smot_vlm.video.writer import VideoWriter

ASSETS = Path(__file__).parent.parent / "smot_vlm" / "assets"
FPS = 25.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=500082)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--picture", type=float, default=7.0, help="second of the README's picture")
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
    draw_picture(sequence, round(arguments.picture * FPS))
    print(f"{ASSETS}: {frames} frames, {len(parts)} people; {sequence.caption}")


def boxes_until(track: Trajectory, frames: int) -> MotRows:
    """The rows of a trajectory in the first `frames` frames."""
    kept = track.frames < frames
    ids = track.frames[kept] * 0 + track.id
    return MotRows(track.frames[kept], ids, track.boxes[kept], track.scores[kept])


def draw_picture(sequence: SyntheticSequence, frame_index: int) -> None:
    """One frame with everything that is true of the sequence written beside it."""
    image = next(islice(sequence.frames(), frame_index, None))
    video = VideoInfo("demo.mp4", image.shape[1], image.shape[0], FPS, sequence.length)
    truth = ModelInfo("truth", "none", "none", trained=True)
    description = Description(video, sequence.tracks, sequence.interactions, sequence.caption, truth)
    picture = draw_frame(image, description, frame_index)
    with atomic_path(ASSETS / "annotated.png") as temporary:
        Image.fromarray(picture).save(temporary)


if __name__ == "__main__":
    main()
