"""The report: an HTML page with the video, a timeline, and all that was said about each person."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from smot_vlm.output.annotate import draw_frame
from smot_vlm.output.claimed_folder import VIDEO
from smot_vlm.output.crops import CropPicker, encode_jpeg, shrink
from smot_vlm.output.key_frame import key_frame_index
from smot_vlm.output.palette import colour_index
from smot_vlm.output.report_data import as_data_uri, page_data
from smot_vlm.output.report_page import render_page
from smot_vlm.output.report_rows import EdgeRow, Moment, PersonRow, Picture
from smot_vlm.output.report_video import PageVideos, page_videos
from smot_vlm.output.text import plain_verb
from smot_vlm.output.timeline import Timeline, frame_seconds
from smot_vlm.output.trust import is_warning, trust
from smot_vlm.structures import Description, Frame, Interaction, Passage, Segment, Trajectory
from smot_vlm.system.files import write_text
from smot_vlm.system.printing import counted

KEY_FRAME_WIDTH, KEY_FRAME_HEIGHT = 1280, 960


class ReportBuilder:
    """Collects the page's pictures frame by frame, then writes the page.

    A few JPEGs a track and one key frame are kept, whatever the video's length.

    Args:
        description: what to show.
        glosses: what each verb sense means, by label; shown under the verb.
    """

    def __init__(self, description: Description, glosses: dict[str, str] | None = None) -> None:
        self._description = description
        self._glosses = glosses or {}
        self._crops = CropPicker(description)
        self._timeline = Timeline(description.tracks, description.video)
        self._key_index = key_frame_index(description, self._timeline)
        self._key_frame: Picture | None = None
        self._frames = max(
            [description.video.frames, 1, *(int(track.frames[-1]) + 1 for track in description.tracks if len(track))]
        )

    def add(self, frame: Frame) -> None:
        """Take the next frame. The first one is the key frame until the chosen one comes.

        Args:
            frame: of the described video.
        """
        self._frames = max(self._frames, frame.index + 1)
        self._crops.add(frame)
        if self._key_frame is None or frame.index == self._key_index:
            picture = draw_frame(frame.image, self._description, frame.index, panel=False)
            jpeg = encode_jpeg(shrink(picture, KEY_FRAME_WIDTH, KEY_FRAME_HEIGHT))
            self._key_frame = Picture(as_data_uri(jpeg), self._time(frame.index))

    def render(self, videos: PageVideos | None = None) -> str:
        """Render the page.

        Args:
            videos: that it plays; None for a page without.

        Returns:
            HTML.
        """
        description, videos = self._description, videos or PageVideos()
        people = {track.id: self._person(track) for track in description.tracks}
        order = sorted(range(len(description.interactions)), key=lambda row: -description.interactions[row].score)
        data = page_data(description, self._timeline, self._length, self._crops.moments)
        data["videos"] = {"clean": bool(videos.clean), "annotated": videos.annotated, "start": videos.start_seconds}
        return render_page(
            data,
            title=_title(description),
            facts=self._facts(),
            trust=trust(description),
            is_warning=is_warning(description),
            description=description,
            key_frame=self._key_frame,
            videos=videos,
            passages=tuple(_passage(one) for one in description.passages),
            people=list(people.values()),
            edges=[self._edge(row, description.interactions[row], people) for row in order],
            verbs=sorted({plain_verb(edge.verb) for edge in description.interactions}),
        )

    def finish(self, path: Path, videos: PageVideos | None = None) -> None:
        """Write the page atomically.

        Args:
            path: of the page.
            videos: see `render`.
        """
        write_text(Path(path), self.render(videos))

    def _person(self, track: Trajectory) -> PersonRow:
        parts = self._timeline.segments(track)
        jpeg = self._crops.jpegs.get(track.id)
        return PersonRow(
            id=track.id,
            colour=colour_index(track.id),
            time=f"{self._time(parts[0][0])} to {self._time(parts[-1][1])}" if parts else "never seen",
            boxes=counted(len(track), "box", "boxes"),
            caption=track.caption,
            words=track.words,
            attributes=tuple((entry.name.replace("_", " "), entry.value) for entry in track.attributes),
            crop=None if jpeg is None else as_data_uri(jpeg),
            bars=tuple((self._percent(first), self._percent(last + 1) - self._percent(first)) for first, last in parts),
            segments=tuple(_moment(one) for one in track.segments),
            passages=tuple(_passage(one) for one in track.passages),
        )

    def _edge(self, row: int, edge: Interaction, people: dict[int, PersonRow]) -> EdgeRow:
        return EdgeRow(
            row=row,
            subject=people[edge.subject],
            object=people[edge.object],
            verb=edge.verb,
            word=plain_verb(edge.verb),
            gloss=self._glosses.get(edge.verb, ""),
            score=edge.score,
            percent=100 * min(max(edge.score, 0.0), 1.0),
            moments=tuple(
                Moment("", _stretch(one.from_seconds, one.to_seconds), one.from_seconds) for one in edge.spans
            ),
        )

    def _facts(self) -> list[str]:
        video, model = self._description.video, self._description.model
        facts = [f"{video.width} × {video.height} pixels"]
        facts += [f"{video.fps:.4g} frames a second"] if video.fps > 0 else []
        facts += [f"{counted(video.frames, 'frame')} read"]
        facts += [counted(len(video.cuts), "cut")] if video.cuts else []
        words = " · ".join(
            part for part in (model.name, model.version, model.decoder, model.detector, model.associator) if part
        )
        return facts + ([f"model {words}"] if words else [])

    @property
    def _length(self) -> float:
        """Seconds of the whole video, or frames where their times are not known."""
        return float(frame_seconds(self._description.video, np.array([self._frames]))[0]) or 1.0

    def _percent(self, frame_index: int) -> float:
        """Where the time of a frame lies on the bar of the whole video."""
        return 100 * float(frame_seconds(self._description.video, np.array([frame_index]))[0]) / self._length

    def _time(self, frame_index: int) -> str:
        seconds = self._description.video.seconds(frame_index)
        return f"frame {frame_index}" if seconds is None else format_time(seconds)


def write_report(
    frames: Iterable[Frame],
    description: Description,
    path: Path,
    glosses: dict[str, str] | None = None,
    source_video: bool = False,
) -> None:
    """Write the page in one pass over the frames; without frames it has no pictures.

    It plays an annotated.mp4 in the same folder.

    Args:
        frames: of the described video.
        description: what to show.
        path: of the page.
        glosses: what each verb sense means, by label.
        source_video: true lets the page also play the described video as it is, where browsers can.
    """
    path = Path(path)
    builder = ReportBuilder(description, glosses)
    for frame in frames:
        builder.add(frame)
    builder.finish(path, page_videos(description.video, path.parent, (path.parent / VIDEO).is_file(), source_video))


def format_time(seconds: float) -> str:
    """Format a time as `2.4 s`, `3:05`, or `1:02:45`.

    Args:
        seconds: from the start.

    Returns:
        The text.
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _moment(segment: Segment) -> Moment:
    return Moment(segment.text, _stretch(segment.from_seconds, segment.to_seconds), segment.from_seconds)


def _passage(passage: Passage) -> Moment:
    return Moment(passage.text, _stretch(passage.from_seconds, passage.to_seconds), passage.from_seconds)


def _stretch(start: float, end: float) -> str:
    return f"{format_time(start)} to {format_time(end)}"


def _title(description: Description) -> str:
    source = description.video.source.rstrip("/\\")
    return source.replace("\\", "/").rsplit("/", 1)[-1] or "Video"
