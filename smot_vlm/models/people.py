"""PeopleModel: words about real people, written from what crops of them show.

It has no language model: each sentence is made of answers that the appearance network is sure enough of, so nothing is told
that it did not see. It may stand alone, or speak where another model's domain ends (`Config.successor`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from smot_vlm.appearance.answers import Calibration, PersonAnswers, answers_of
from smot_vlm.appearance.company import company, side_by_side
from smot_vlm.appearance.courses import Course
from smot_vlm.appearance.crops import LARGER_SIZE, crop_people, pixels_of
from smot_vlm.appearance.motion import motion_of
from smot_vlm.appearance.network import PersonAppearance
from smot_vlm.appearance.pair_deeds import ACTED_DEEDS, MUTUAL_DEEDS, PairDeeds, describe_window
from smot_vlm.appearance.pair_scores import PairScores
from smot_vlm.appearance.people_writer import Person, tell_person, tell_video, with_partners
from smot_vlm.appearance.told_person import attributes_of, doing_of, is_sure, person_of
from smot_vlm.appearance.vocabulary import GENUINE, PAIRS
from smot_vlm.detection.detector import Detector, detect_many
from smot_vlm.fusion.memory import Observation, SceneMemory
from smot_vlm.language.known_words import PEOPLE_WORDS, KnownWords
from smot_vlm.models.base import SmotModelBase
from smot_vlm.models.moments import MOST_LOG_ODDS, Moments
from smot_vlm.models.people_memory import PeopleMemory
from smot_vlm.semantics.context import Relation
from smot_vlm.structures import DOUBTFUL, STATED, WITHHELD, Attribute, Detections, Frame, less_trusted
from smot_vlm.verbs import NUM_VERBS, VERBS

COMPANY_VERB = "accompany.v.02"
_ROWS = {verb.label: row for row, verb in enumerate(VERBS)}
# What somebody does now is read from looks of so many seconds.
_NOW_SECONDS = 2.0
# What people look like is read at each of so many looks; a pair's deeds want more of them a second.
_LOOKS_A_READING = 2
# Faces that are read of each person; more of them say the same, and one costs as much as all else of a look.
_MOST_FACES = 8
# Who are side by side now is seen in looks of so much time.
_COMPANY_SECONDS = 1.0


@dataclass(frozen=True, eq=False)
class SeenPeople:
    """What was seen of some people, ready for words.

    Attributes:
        people: what is told of each.
        track_ids: of each.
        courses: where each person was, look by look.
        words: STATED, DOUBTFUL or WITHHELD, of each person.
        answers: about each person.
        pairs: what was seen of pairs.
        sure: of each, whether all that is told is sure.
        doing: what each does alone at the newest looks, where the memory keeps these.
    """

    people: tuple[Person, ...]
    track_ids: tuple[int, ...]
    courses: tuple[Course, ...]
    words: tuple[str, ...]
    answers: tuple[PersonAnswers, ...]
    pairs: PairScores
    sure: tuple[bool, ...]
    doing: tuple[tuple[Attribute, ...], ...] = ()

    def known(self, *rows: int) -> bool:
        """Whether all of these people may be spoken of.

        Args:
            rows: of `people`.
        """
        return all(self.words[row] != WITHHELD for row in rows)


class PeopleModel(SmotModelBase):
    """The person detector that ships, the appearance network, and sentences.

    Args:
        open_detector: opens the detector when it is first needed; with other boxes it never is.
        appearance: trained on people.
        pair_deeds: trained on pairs of people.
        calibration: which answers are told.
    """

    trained = True
    tells_looks_at_once = True

    def __init__(
        self,
        open_detector: Callable[[], Detector],
        appearance: PersonAppearance,
        pair_deeds: PairDeeds,
        calibration: Calibration,
    ) -> None:
        super().__init__()
        self._open_detector = open_detector
        self._detector: Detector | None = None
        self.appearance = appearance
        self.pair_deeds = pair_deeds
        self.calibration = calibration

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    @property
    def verb_thresholds(self) -> Float[Tensor, "verbs"]:
        """One for all: probabilities are calibrated."""
        return torch.full((NUM_VERBS,), self.calibration.thresholds[PAIRS])

    def open_memory(self, *, per_second: float, capacity: int) -> PeopleMemory:
        """An empty memory."""
        return PeopleMemory(per_second=per_second, capacity=capacity, pairs=PairScores(self.read_window))

    def read_window(self, window: np.ndarray) -> Float[Tensor, "classes"] | None:
        """What two people do to each other.

        Args:
            window: (looks, height, width, 3) uint8, crops of both.

        Returns:
            Logits of PAIR_CLASSES; None where the window is unlike those that were learned from.
        """
        descriptor = describe_window(self.appearance, window)
        known = None if self.domain is None else self.domain.pairs
        if (
            known is not None
            and known.judge(known.distances(descriptor[None].float().cpu().numpy()).tolist()) == WITHHELD
        ):
            return None
        logits: Tensor = self.pair_deeds(descriptor[None])[0]
        return logits / self.calibration.temperatures[PAIRS]

    def judge_person(self, tokens: Float[Tensor, "looks values"]) -> str:
        """A real person, as far as the crops show one, who is like those that the model learned from."""
        known = tokens[:, : self.appearance.known]
        genuine = float(known[:, -1].mean().sigmoid())
        least = self.calibration.thresholds[GENUINE]
        own = STATED if genuine >= least else DOUBTFUL if genuine >= least / 2 else WITHHELD
        return less_trusted(own, super().judge_person(known))

    def detect(self, encoded: np.ndarray) -> Detections:
        """The people of an image."""
        return self.detect_many([encoded])[0]

    def detect_many(self, encoded: Sequence[np.ndarray]) -> list[Detections]:
        """One run of the detector, where it can."""
        if self._detector is None:
            self._detector = self._open_detector()
        return detect_many(self._detector, encoded)

    def observe(
        self, memory: SceneMemory, frame: Frame, encoded: np.ndarray, tracked: Detections, keyframe: bool
    ) -> None:
        """Look at everybody at every second keyframe, else at people who are new; at pairs at each."""
        assert tracked.ids is not None, "people are observed by their ids"
        memory, ids = cast(PeopleMemory, memory), tracked.ids.tolist()
        if keyframe:
            memory.camera.add(encoded, tracked.boxes)
        chosen = memory.to_observe(ids, keyframe and memory.looks % _LOOKS_A_READING == 0)
        seen = list(range(len(ids))) if keyframe else chosen
        placed = dict(zip(seen, memory.camera.in_first_look(tracked.boxes[seen], frame.width), strict=True))
        for row, place in placed.items():
            memory.courses.add(ids[row], frame.time_seconds, place)
        boxes = tracked.boxes[np.array(chosen, dtype=np.int64)]
        closer = np.array([self._faces_held(memory, ids[row]) < _MOST_FACES for row in chosen], dtype=bool)
        for row, tokens in zip(chosen, self.look(encoded, boxes, closer), strict=True):
            place = torch.as_tensor(placed[row], dtype=torch.float32)
            memory.add(ids[row], Observation(frame.time_seconds, place, tokens[None]))
        if keyframe:
            memory.looks += 1
            memory.pairs.add(frame.time_seconds, encoded, ids, tracked.boxes)
            memory.add_keyframe(frame.time_seconds)

    def _faces_held(self, memory: SceneMemory, track_id: int) -> int:
        """In how many of the looks that are kept of somebody a face was read."""
        if self.appearance.faces is None or track_id not in memory.tracks:
            return 0
        seen = torch.stack([look.tokens[0, -1] for look in memory.tracks[track_id].items])
        return int((seen > 0).sum())  # one wait for a GPU, not one a look

    def look(
        self, image: np.ndarray, boxes: np.ndarray, closer: Bool[np.ndarray, "people"] | None = None
    ) -> Float[Tensor, "people tokens"]:
        """What the appearance network sees of people.

        Args:
            image: RGB uint8 (height, width, 3).
            boxes: (n, 4) xyxy in its pixels.
            closer: whose face is read, if there is one; None: everybody's.

        Returns:
            As `PersonAppearance.tokens`.
        """
        crops = pixels_of(crop_people(image, boxes), self.device)
        if not len(crops):
            return crops.new_zeros(0, self.appearance.dim)
        larger = None
        if self.appearance.faces is not None and (closer is None or closer.any()):
            larger = pixels_of(crop_people(image, boxes, LARGER_SIZE), self.device)
        wanted = None if closer is None else torch.from_numpy(closer).to(self.device)
        seen: Tensor = self.appearance.tokens(crops, larger, wanted)
        return seen

    def fuse_memory(self, memory: SceneMemory, track_ids: Sequence[int]) -> SeenPeople:
        """The answers about each person over all looks, and how they moved."""
        pairs, courses = cast(PeopleMemory, memory).pairs, cast(PeopleMemory, memory).courses
        if not memory.is_recent:  # which is asked so often that windows are read as they pass
            pairs.read_window()
        people, where, words, answers, sure, doing = [], [], [], [], [], []
        for track_id in track_ids:
            seen = memory.tracks[track_id].items
            course = courses.of(track_id)
            tokens = torch.cat([look.tokens for look in seen])
            logits = tokens[:, self.appearance.dim :].float().cpu().numpy()
            words.append(self.judge_person(tokens))
            answers.append(answers_of(logits, self.calibration))
            motion = motion_of(course.times, course.boxes)
            people.append(person_of(answers[-1], motion))
            where.append(course)
            sure.append(is_sure(answers[-1], motion))
            if memory.is_recent:
                times = np.array([look.time_seconds for look in seen])
                answers_now = answers_of(logits[times >= times[-1] - _NOW_SECONDS], self.calibration)
                now = course.newest(_NOW_SECONDS)
                doing.append(doing_of(answers_now, motion_of(now.times, now.boxes)))
        told = tuple(people), tuple(track_ids), tuple(where), tuple(words), tuple(answers), pairs, tuple(sure)
        return SeenPeople(*told, tuple(doing))

    def describe(self, fused: SeenPeople, relations: Sequence[Relation] = ()) -> tuple[str, list[str]]:
        """Sentences of what is told, with the interactions that were found."""
        found = [(relation.subject, relation.verb, relation.object) for relation in relations]
        people, sentences = with_partners(fused.people, [edge for edge in found if fused.known(edge[0], edge[2])])
        real = [person for row, person in enumerate(people) if fused.known(row)]
        return tell_video(real, sentences), [tell_person(person) for person in people]

    def trust(self, fused: SeenPeople) -> list[str]:
        """A sentence is doubtful where one of its answers is."""
        return [STATED if sure else DOUBTFUL for sure in fused.sure]

    def attributes(self, fused: SeenPeople) -> list[tuple[Attribute, ...]]:
        """The answers that are sure enough to be told."""
        return [attributes_of(answers) for answers in fused.answers]

    def doing(self, fused: SeenPeople) -> list[tuple[Attribute, ...]]:
        """The deeds that are sure enough to be told."""
        return list(fused.doing)

    @property
    def known_verbs(self) -> tuple[str, ...]:
        """The deeds of pairs, and going along."""
        return (*MUTUAL_DEEDS.values(), *ACTED_DEEDS.values(), COMPANY_VERB)

    @property
    def known_words(self) -> KnownWords:
        """Those of photographs."""
        return PEOPLE_WORDS

    def score_pairs(self, fused: SeenPeople, pairs: Int[Tensor, "pairs 2"]) -> Float[Tensor, "pairs verbs"]:
        """Log-odds of the few verbs that are known; no chance of the others."""
        scores = torch.zeros(len(pairs), NUM_VERBS)
        for row, (subject, target) in enumerate(pairs.tolist()):
            seen = fused.pairs.seen(fused.track_ids[subject], fused.track_ids[target])
            for verb, probability in seen.items():
                scores[row, _ROWS[verb]] = probability
            scores[row, _ROWS[COMPANY_VERB]] = company(fused.courses[subject], fused.courses[target])
        return scores.clamp(max=1 - 1e-4).logit()

    def verb_moments(
        self, fused: SeenPeople, pairs: Int[Tensor, "pairs 2"], phrases: Sequence[str] = ()
    ) -> list[Moments]:
        """Each window of looks is a moment, at its middle; company is counted over the looks around it."""
        if phrases:
            return []
        windows = fused.pairs.windows
        middles = np.array([window.middle for window in windows])
        found = []
        for subject, target in pairs.tolist():
            shares = np.zeros((len(windows), NUM_VERBS))
            ids = fused.track_ids[subject], fused.track_ids[target]
            common, beside = side_by_side(fused.courses[subject], fused.courses[target])
            for row, window in enumerate(windows):
                for verb, probability in window.verbs.get(ids, {}).items():
                    shares[row, _ROWS[verb]] = probability
                inside = np.abs(common - middles[row]) <= _COMPANY_SECONDS / 2
                if inside.any():
                    shares[row, _ROWS[COMPANY_VERB]] = beside[inside].mean()
            least = 1 / (1 + np.exp(MOST_LOG_ODDS))
            shares = np.clip(shares, least, 1 - least)
            found.append(Moments(middles, np.log(shares) - np.log1p(-shares)))
        return found
