"""PeopleModel: words about real people, written from what crops of them show.

It has no language model: each sentence is made of answers that the appearance network is sure enough of, so nothing is told
that it did not see. It may stand alone, or speak where another model's domain ends (`SmotModelBase.successor`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from smot_vlm.appearance.answers import Calibration, answers_of
from smot_vlm.appearance.crops import crop_people
from smot_vlm.appearance.motion import motion_of
from smot_vlm.appearance.network import PersonAppearance
from smot_vlm.appearance.people_writer import Person, person_of, tell_person, tell_video
from smot_vlm.detection.detector import Detector
from smot_vlm.fusion.memory import Observation, SceneMemory
from smot_vlm.models.base import SmotModelBase
from smot_vlm.semantics.context import Relation
from smot_vlm.structures import Detections, Frame
from smot_vlm.verbs import NUM_VERBS


@dataclass(frozen=True, eq=False)
class SeenPeople:
    """What was seen of some people, ready for words.

    Attributes:
        people: what is told of each.
        times: (looks,) seconds, of each person.
        boxes: (looks, 4) xyxy in pixels, of each person.
    """

    people: tuple[Person, ...]
    times: tuple[np.ndarray, ...]
    boxes: tuple[np.ndarray, ...]


class PeopleModel(SmotModelBase):
    """The person detector that ships, the appearance network, and sentences.

    Args:
        open_detector: opens the detector when it is first needed; with other boxes it never is.
        appearance: trained on people.
        calibration: which of its answers are told.
    """

    trained = True

    def __init__(
        self, open_detector: Callable[[], Detector], appearance: PersonAppearance, calibration: Calibration
    ) -> None:
        super().__init__()
        self._open_detector = open_detector
        self._detector: Detector | None = None
        self.appearance = appearance
        self.calibration = calibration

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    @property
    def verb_thresholds(self) -> Float[Tensor, "verbs"]:
        """Verbs are found by rules of motion, which are sure or silent."""
        return torch.full((NUM_VERBS,), 0.5)

    def open_memory(self, *, per_second: float, capacity: int) -> SceneMemory:
        """An empty memory."""
        return SceneMemory(per_second=per_second, capacity=capacity)

    def detect(self, encoded: np.ndarray) -> Detections:
        """The people of an image."""
        if self._detector is None:
            self._detector = self._open_detector()
        return self._detector.detect(encoded)

    def observe(
        self, memory: SceneMemory, frame: Frame, encoded: np.ndarray, tracked: Detections, keyframe: bool
    ) -> None:
        """Look at everybody at a keyframe, else at people who are new."""
        assert tracked.ids is not None, "people are observed by their ids"
        chosen = memory.to_observe(tracked.ids.tolist(), keyframe)
        boxes = tracked.boxes[np.array(chosen, dtype=np.int64)]
        for row, box, tokens in zip(chosen, boxes, self.look(encoded, boxes), strict=True):
            place = torch.as_tensor(box, dtype=torch.float32)
            memory.add(int(tracked.ids[row]), Observation(frame.time_seconds, place, tokens[None]))
        if keyframe:
            memory.add_keyframe(frame.time_seconds)

    def look(self, image: np.ndarray, boxes: np.ndarray) -> Float[Tensor, "people tokens"]:
        """What the appearance network sees of people.

        Args:
            image: RGB uint8 (height, width, 3).
            boxes: (n, 4) xyxy in its pixels.

        Returns:
            The embedding and then the logits of all questions, in the order of QUESTIONS.
        """
        crops = torch.from_numpy(crop_people(image, boxes)).to(self.device).permute(0, 3, 1, 2).float() / 255
        if not len(crops):
            return crops.new_zeros(0, self.appearance.dim)
        seen: Tensor = self.appearance.tokens(crops)
        return seen

    def fuse_memory(self, memory: SceneMemory, track_ids: Sequence[int]) -> SeenPeople:
        """The answers about each person over all looks, and how they moved."""
        people, all_times, all_boxes = [], [], []
        for track_id in track_ids:
            seen = memory.tracks[track_id].items
            times = np.array([look.time_seconds for look in seen])
            boxes = torch.stack([look.box for look in seen]).cpu().numpy().astype(np.float64)
            logits = torch.cat([look.tokens for look in seen])[:, self.appearance.dim :].float().cpu().numpy()
            people.append(person_of(answers_of(logits, self.calibration), motion_of(times, boxes)))
            all_times.append(times)
            all_boxes.append(boxes)
        return SeenPeople(tuple(people), tuple(all_times), tuple(all_boxes))

    def describe(self, fused: SeenPeople, relations: Sequence[Relation] = ()) -> tuple[str, list[str]]:
        """Sentences of what is told, with the interactions that were found."""
        people = list(fused.people)
        told = []
        for relation in relations:
            subject, target = people[relation.subject], people[relation.object]
            words = f"{relation.verb}s"
            told.append(f"{fused.people[relation.subject].mention()} {words} {fused.people[relation.object].mention()}")
            people[relation.subject] = replace(subject, partners=(*subject.partners, f"{words} {target.mention()}"))
        return tell_video(people, told), [tell_person(person) for person in people]

    def score_pairs(self, fused: SeenPeople, pairs: Int[Tensor, "pairs 2"]) -> Float[Tensor, "pairs verbs"]:  # noqa: ARG002
        """Log-odds of the verbs that are known."""
        return torch.full((len(pairs), NUM_VERBS), -torch.inf)
