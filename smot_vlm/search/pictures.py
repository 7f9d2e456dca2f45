"""Pictures of hits and looks of people, cut out of the described videos where these are still there."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from smot_vlm.output.blur import blurred_frames, stronger
from smot_vlm.output.crops import crop_quality, cut_crop
from smot_vlm.output.described_video import find_video
from smot_vlm.search.database import VideoRow
from smot_vlm.search.entries import Entry
from smot_vlm.structures import Description, Frame, Trajectory
from smot_vlm.video.reader import open_video

# Looks of a person: the best ones of so many equal parts of their time.
_LOOKS = 3


def picture_of(video: VideoRow, entry: Entry, blur: str | None = None) -> np.ndarray | None:
    """What a hit shows: its people at its frame.

    Args:
        video: of the hit.
        entry: the hit.
        blur: a key of `output.blur.MODES`, for all people of the frame; None shows them as the description's pictures do.

    Returns:
        RGB uint8, at most 320 x 320; None where nobody is in sight.

    Raises:
        FileNotFoundError: the described video is not where it was.
        ValueError: it cannot be read.
    """
    if entry.frame is None:
        return None
    description = Description.from_json(video.path)
    boxes = [box for person in entry.people for box in _box_at(description.track(person), entry.frame)]
    if not boxes:
        return None
    corners = np.array(boxes)
    around = np.concatenate([corners[:, :2].min(axis=0), corners[:, 2:].max(axis=0)])
    shown = _frames(video, {entry.frame})
    mode = stronger(blur or "", description.video.blur)
    for frame in blurred_frames(shown, description, mode) if mode else shown:
        return cut_crop(frame.image, around)
    return None


def looks_of(video: VideoRow, see: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> dict[int, np.ndarray]:
    """What each person of a video looks like.

    Args:
        video: the video.
        see: gives vectors (people, dim) of the people in a picture, by their boxes (people, 4) xyxy.

    Returns:
        The mean vector of each person's best looks, of length 1, by track id.

    Raises:
        FileNotFoundError: the described video is not where it was.
        ValueError: it cannot be read.
    """
    description = Description.from_json(video.path)
    wanted = _best_looks(description.tracks, description.video.width, description.video.height)
    seen: dict[int, list[np.ndarray]] = {}
    for frame in _frames(video, set(wanted)):
        people, boxes = zip(*wanted[frame.index], strict=True)
        for person, vector in zip(people, see(frame.image, np.array(boxes)), strict=True):
            seen.setdefault(person, []).append(vector)
    means = {person: np.mean(vectors, axis=0) for person, vectors in seen.items()}
    return {person: mean / max(float(np.linalg.norm(mean)), 1e-12) for person, mean in means.items()}


def _best_looks(tracks: Sequence[Trajectory], width: int, height: int) -> Mapping[int, list[tuple[int, np.ndarray]]]:
    """Frame -> whom to look at there, and where."""
    wanted: dict[int, list[tuple[int, np.ndarray]]] = {}
    for track in tracks:
        quality = crop_quality(track, width, height)
        for part in np.array_split(np.arange(len(track)), _LOOKS):
            if len(part) and quality[part].max() > 0:
                best = int(part[np.argmax(quality[part])])
                wanted.setdefault(int(track.frames[best]), []).append((track.id, track.boxes[best]))
    return wanted


def _frames(video: VideoRow, wanted: set[int]) -> Iterator[Frame]:
    if not wanted:
        return
    with open_video(find_video(video.source, Path(video.path))) as frames:
        for frame in frames:
            if frame.index in wanted:
                yield frame
            if frame.index >= max(wanted):
                return


def _box_at(track: Trajectory, frame: int) -> list[np.ndarray]:
    return [track.boxes[place] for place in np.flatnonzero(track.frames == frame)]
