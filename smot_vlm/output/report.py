"""The report: one self-contained HTML page that shows what was said about a video."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from smot_vlm.output.annotate import draw_frame
from smot_vlm.output.crops import CropPicker, encode_jpeg, key_frame_index, shrink
from smot_vlm.output.palette import css, ink_on, track_colour
from smot_vlm.output.text import plain_verb
from smot_vlm.output.timeline import Timeline
from smot_vlm.output.trust import is_warning, trust
from smot_vlm.structures import Description, Frame, Interaction, Passage, Trajectory
from smot_vlm.system.files import write_text
from smot_vlm.system.printing import counted, printable

KEY_FRAME_WIDTH, KEY_FRAME_HEIGHT = 1280, 960


@dataclass(frozen=True)
class Picture:
    """A picture of the page.

    Attributes:
        uri: a data URI with the JPEG.
        time: of the frame, as text.
    """

    uri: str
    time: str


@dataclass(frozen=True)
class PersonRow:
    """One person as the page shows them.

    Attributes:
        id: of the track.
        colour: of the track, for CSS.
        ink: of text on that colour, for CSS.
        time: first and last appearance, as text.
        boxes: their number, as text.
        caption: of the person.
        words: how far they are to be trusted.
        crop: a data URI, None without a picture.
        segments: start and width in percent of the video's length.
        passages: time and text of each stretch of a long video that the caption sums up.
    """

    id: int
    colour: str
    ink: str
    time: str
    boxes: str
    caption: str
    words: str
    crop: str | None
    segments: tuple[tuple[float, float], ...]
    passages: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class EdgeRow:
    """One interaction as the page shows it.

    Attributes:
        subject: who acts.
        object: whom it is done to.
        verb: label of the sense.
        word: the verb alone.
        gloss: what the sense means.
        score: 0 to 1.
        percent: length of the score's bar.
    """

    subject: PersonRow
    object: PersonRow
    verb: str
    word: str
    gloss: str
    score: float
    percent: float


class ReportBuilder:
    """Collects the page's pictures frame by frame, then writes the page.

    At most one JPEG a track and one key frame are kept, whatever the video's length.

    Args:
        description: what to show.
        glosses: what each verb sense means, by label; shown under the verb.
    """

    def __init__(self, description: Description, glosses: dict[str, str] | None = None) -> None:
        self._description = description
        self._glosses = glosses or {}
        self._crops = CropPicker(description)
        self._timeline = Timeline(description.tracks, description.video)
        self._key_index = key_frame_index(description)
        self._key_frame: Picture | None = None
        self._length = max(
            [description.video.frames, 1, *(int(track.frames[-1]) + 1 for track in description.tracks if len(track))]
        )

    def add(self, frame: Frame) -> None:
        """Take the next frame. The first one is the key frame until the chosen one comes.

        Args:
            frame: of the described video.
        """
        self._length = max(self._length, frame.index + 1)
        self._crops.add(frame)
        if self._key_frame is None or frame.index == self._key_index:
            picture = draw_frame(frame.image, self._description, frame.index, panel=False)
            jpeg = encode_jpeg(shrink(picture, KEY_FRAME_WIDTH, KEY_FRAME_HEIGHT))
            self._key_frame = Picture(_data_uri(jpeg), self._time(frame.index))

    def render(self, video: str | None = None) -> str:
        """Render the page.

        Args:
            video: address of the annotated video to embed, relative to the page.

        Returns:
            HTML.
        """
        description = self._description
        people = {track.id: self._person(track) for track in description.tracks}
        edges = [self._edge(edge, people) for edge in sorted(description.interactions, key=lambda edge: -edge.score)]
        environment = Environment(
            loader=PackageLoader("smot_vlm.output"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            finalize=_visible,
        )
        return environment.get_template("report.html.jinja").render(
            title=_title(description),
            facts=self._facts(),
            trust=trust(description),
            is_warning=is_warning(description),
            description=description,
            key_frame=self._key_frame,
            video=video,
            passages=_passages(description.passages),
            people=list(people.values()),
            edges=edges,
        )

    def finish(self, path: Path, video: str | None = None) -> None:
        """Write the page atomically.

        Args:
            path: of the page.
            video: see `render`.
        """
        write_text(Path(path), self.render(video))

    def _person(self, track: Trajectory) -> PersonRow:
        colour = track_colour(track.id)
        segments = self._timeline.segments(track)
        jpeg = self._crops.jpegs.get(track.id)
        return PersonRow(
            id=track.id,
            colour=css(colour),
            ink=css(ink_on(colour)),
            time=f"{self._time(segments[0][0])} to {self._time(segments[-1][1])}" if segments else "never seen",
            boxes=counted(len(track), "box", "boxes"),
            caption=track.caption,
            words=track.words,
            crop=None if jpeg is None else _data_uri(jpeg),
            segments=tuple(
                (self._percent(first), self._percent(last + 1) - self._percent(first)) for first, last in segments
            ),
            passages=_passages(track.passages),
        )

    def _edge(self, edge: Interaction, people: dict[int, PersonRow]) -> EdgeRow:
        return EdgeRow(
            subject=people[edge.subject],
            object=people[edge.object],
            verb=edge.verb,
            word=plain_verb(edge.verb),
            gloss=self._glosses.get(edge.verb, ""),
            score=edge.score,
            percent=100 * min(max(edge.score, 0.0), 1.0),
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

    def _percent(self, frame_index: int) -> float:
        """Where the time of a frame lies on the bar of the whole video."""
        start, end = (self._description.video.seconds(index) or index for index in (frame_index, self._length))
        return 100 * start / end

    def _time(self, frame_index: int) -> str:
        seconds = self._description.video.seconds(frame_index)
        return f"frame {frame_index}" if seconds is None else format_time(seconds)


def write_report(
    frames: Iterable[Frame], description: Description, path: Path, glosses: dict[str, str] | None = None
) -> None:
    """Write the page in one pass over the frames; without frames it has no pictures.

    An annotated.mp4 in the same folder is embedded.

    Args:
        frames: of the described video.
        description: what to show.
        path: of the page.
        glosses: what each verb sense means, by label.
    """
    path = Path(path)
    builder = ReportBuilder(description, glosses)
    for frame in frames:
        builder.add(frame)
    builder.finish(path, "annotated.mp4" if (path.parent / "annotated.mp4").is_file() else None)


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


def _passages(passages: Iterable[Passage]) -> tuple[tuple[str, str], ...]:
    """Time and text of each."""
    return tuple((f"{format_time(one.from_seconds)} to {format_time(one.to_seconds)}", one.text) for one in passages)


def _title(description: Description) -> str:
    source = description.video.source.rstrip("/\\")
    return source.replace("\\", "/").rsplit("/", 1)[-1] or "Video"


def _visible(value: object) -> object:
    """What the page shows of a value: names of files may steer where a text goes, or be no text."""
    # What a macro of the page returns is HTML, whose values have been through here.
    return printable(value, keep="\n") if isinstance(value, str) and not isinstance(value, Markup) else value


def _data_uri(jpeg: bytes) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode("ascii")
