"""Who finds the people of a video: the model's own detector where it knows such pictures, else one that knows any people."""

from smot_vlm.detection.ahead import Ahead, Upcoming
from smot_vlm.detection.detector import Detector, detect_many
from smot_vlm.detection.people_detector import PEOPLE_DETECTOR
from smot_vlm.models.voice import Voice
from smot_vlm.structures import Detections, Frame
from smot_vlm.system.timing import PartTimes


class PeopleFinding:
    """The people of each frame, for several frames at once where a batch was read.

    Args:
        voice: with the model's own detector and the gate that says whether it knows such pictures.
        other: finds people where the model does not know such pictures; None: the model's own always does.
        name: of what finds the people otherwise.
        upcoming: the batch of frames that was read.
        times: books the seconds.
    """

    def __init__(self, voice: Voice, other: Detector | None, name: str, upcoming: Upcoming, times: PartTimes) -> None:
        self._voice = voice
        self._other = other
        self._name = name
        self._times = times
        self._found: Ahead[Detections] = Ahead(self._find_any, upcoming)
        self._own_found: Ahead[Detections] = Ahead(self._find_own, upcoming)

    @property
    def name(self) -> str:
        """What finds the people, as far as the video was seen."""
        return PEOPLE_DETECTOR if self._uses_other() else self._name

    def find(self, frame: Frame) -> Detections:
        """The people of a frame.

        Args:
            frame: the newest.
        """
        return (self._found if self._uses_other() else self._own_found).of(frame)

    def _uses_other(self) -> bool:
        return self._other is not None and self._voice.is_silent

    def _find_any(self, frames: list[Frame]) -> list[Detections]:
        """The people of several frames by the detector that knows any people."""
        assert self._other is not None, "it is used where there is one"
        with self._times.part("detector"):
            return detect_many(self._other, [frame.image for frame in frames])

    def _find_own(self, frames: list[Frame]) -> list[Detections]:
        """The people of several frames by the model's own detector."""
        encoded = [self._voice.encode(frame, "detector") for frame in frames]
        with self._times.part("detector"):
            return self._voice.model.detect_many(encoded)
