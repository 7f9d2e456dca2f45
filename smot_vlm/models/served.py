"""ServedModel: trajectories from a pretrained detector, words from models behind servers."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from smot_vlm.detection.detector import Detector
from smot_vlm.fusion.memory import SceneMemory
from smot_vlm.fusion.pictures import PictureMemory, Shot
from smot_vlm.models.pictured import Album, PictureModel
from smot_vlm.semantics.context import Relation, SceneContext
from smot_vlm.semantics.cost import Cost
from smot_vlm.semantics.marks import numbered, pair_shots
from smot_vlm.semantics.prompts import Prompts
from smot_vlm.semantics.server_answers import PersonAnswer, SeenVerb, Span
from smot_vlm.semantics.server_cost import Watch, describe_failures
from smot_vlm.semantics.server_model import Answer
from smot_vlm.semantics.server_questions import spread
from smot_vlm.semantics.server_roles import Asked, ServerRoles, Vocabulary
from smot_vlm.semantics.verb_shortlist import VerbWords
from smot_vlm.verbs import Verb

logger = logging.getLogger(__name__)
cost_logger = logging.getLogger("smot_vlm.cost")

# A text model is told of so many people and interactions; a crowd is summarised anyway.
MAX_PEOPLE = 24
MAX_RELATIONS = 32


@dataclass(frozen=True)
class PersonNote:
    """What the video's caption is to know of a person.

    Attributes:
        number: of the track.
        caption: theirs.
        actions: such as "0.0-1.5 s walks; 1.5-3.0 s sits down"; may be empty.
    """

    number: int
    caption: str
    actions: str = ""


@dataclass(frozen=True, eq=False)
class ServedAlbum(Album):
    """An album, and when pairs were seen to do what was reported of them.

    Attributes:
        starts: (subject, verb in plain words, object), by track ids -> seconds from which on.
    """

    starts: dict[tuple[int, str, int], float] = field(default_factory=dict)


class ServedModel(PictureModel):
    """A pretrained detector, and captions, verbs and the video's caption from models behind servers.

    A person about whom no answer came keeps an empty caption, and one line tells why.

    Args:
        open_detector: opens the detector when it is first needed; with other boxes it never is.
        roles: the servers.
        vocabulary: the verbs.
        prompts: the templates.
        open_pictures: makes the memory of pictures of a video.
        threshold: a verb is reported from this probability on.
        examples: prompts show sentences in the wanted manner.
        summary_pictures: the video's caption is asked of frames too, not only of captions and interactions.
    """

    trained = True

    def __init__(
        self,
        open_detector: Callable[[], Detector],
        roles: ServerRoles,
        vocabulary: Vocabulary,
        prompts: Prompts,
        open_pictures: Callable[[], PictureMemory],
        *,
        threshold: float = 0.3,
        examples: bool = False,
        summary_pictures: bool = False,
    ) -> None:
        super().__init__(open_detector, prompts, open_pictures, context="captions+verbs", examples=examples)
        self.roles = roles
        self._vocabulary = vocabulary
        self._threshold = threshold
        self._summary_pictures = summary_pictures
        self._watch = Watch(roles.costs)
        self._failures: list[tuple[str, str]] = []
        self._waiting: list[tuple[str, str]] = []

    @property
    def device(self) -> torch.device:
        """Nothing is computed here."""
        return torch.device("cpu")

    @property
    def verb_thresholds(self) -> Float[Tensor, "verbs"]:
        """One for all."""
        return torch.full((len(self._vocabulary.words.verbs),), self._threshold)

    @property
    def costs(self) -> list[Cost]:
        """Of the servers."""
        return self.roles.costs

    @property
    def unanswered(self) -> tuple[str, ...]:
        """Whom the servers said nothing of, because they were gone, busy or refused the key."""
        return tuple(describe_failures(self._waiting))

    def open_memory(self, *, per_second: float, capacity: int) -> SceneMemory:
        """An empty memory of pictures; servers that do not answer are told of before the first frame."""
        for model in self.roles.models:
            model.open()
        self._watch, self._failures, self._waiting = Watch(self.roles.costs), [], []
        return super().open_memory(per_second=per_second, capacity=capacity)

    def fuse_memory(self, memory: SceneMemory, track_ids: Sequence[int]) -> ServedAlbum:
        """The pictures and whom they are asked about."""
        self._waiting = []
        album = super().fuse_memory(memory, track_ids)
        return ServedAlbum(album.pictures, album.track_ids)

    def score_pairs(self, fused: ServedAlbum, pairs: Int[Tensor, "pairs 2"]) -> Float[Tensor, "pairs verbs"]:
        """Log-odds of how sure the server's model said it is."""
        return self._score(self._vocabulary, fused, pairs)

    def open_vocabulary(self, phrases: Sequence[str]) -> Callable[[ServedAlbum, Tensor], Tensor]:
        """Each pair is asked to choose from the phrases."""
        verbs = tuple(Verb(row, phrase, phrase, "verb", phrase, ()) for row, phrase in enumerate(phrases))
        return partial(self._score, Vocabulary(VerbWords(verbs), verbs))

    def describe(self, fused: ServedAlbum, relations: Sequence[Relation] = ()) -> tuple[str, list[str]]:
        """People first, all at once; then the video's caption from theirs and from the interactions."""
        asked = [
            Asked(f"person {number}", request.prompt, request.images)
            for number, request in zip(fused.track_ids, self.people_requests(fused), strict=True)
        ]
        answers = self.roles.people(asked)
        self._note_failures(asked, answers)
        captions = ["" if answer.value is None else answer.value.caption for answer in answers]
        caption = self._caption(fused, answers, captions, relations)
        self._tell()
        return caption, captions

    def _caption(
        self,
        fused: ServedAlbum,
        answers: Sequence[Answer[PersonAnswer]],
        captions: Sequence[str],
        relations: Sequence[Relation],
    ) -> str:
        if not any(captions):
            self._failures.append(("the video", "nobody has a caption that it could be written from"))
            return ""
        ordered = sorted(relations, key=partial(_start, fused))
        if self._summary_pictures:
            request = self.scene_request(fused, SceneContext.of(captions, ordered, fused.track_ids))
            asked = Asked("the video", request.prompt, request.images)
        else:
            asked = Asked("the video", self._notes(fused, answers, ordered), ())
        answer = self.roles.summary(asked)
        self._note_failures([asked], [answer])
        return answer.value or ""

    def _notes(self, fused: ServedAlbum, answers: Sequence[Answer[PersonAnswer]], relations: Sequence[Relation]) -> str:
        """What a text model is told."""
        people = [
            PersonNote(number, answer.value.caption, _timeline(fused.pictures.person(number), answer, answer.value))
            for number, answer in zip(fused.track_ids, answers, strict=True)
            if answer.value is not None
        ]
        ids = fused.track_ids
        between = [f"person {ids[edge.subject]}: {edge.verb} person {ids[edge.object]}" for edge in relations]
        return self.prompts.fill(
            "summary",
            people=people[:MAX_PEOPLE],
            relations=between[:MAX_RELATIONS],
            total=len(ids),
            examples=self._examples,
        )

    def _score(self, vocabulary: Vocabulary, fused: ServedAlbum, pairs: Tensor) -> Tensor:
        ids, question = fused.track_ids, self.prompts.fill("verb_words")
        couples = [(ids[subject], ids[target]) for subject, target in pairs.tolist()]
        shots = [pair_shots(fused.pictures, subject, target) for subject, target in couples]
        asked = [
            Asked(
                f"what person {subject} does to person {target}",
                question,
                tuple(numbered(shot, {subject: 1, target: 2}) for shot in seen),
            )
            for (subject, target), seen in zip(couples, shots, strict=True)
        ]
        answers = self.roles.pairs(asked, vocabulary)
        self._note_failures(asked, answers)
        probabilities = torch.zeros(len(couples), len(vocabulary.words.verbs))
        for row, (answer, couple, seen) in enumerate(zip(answers, couples, shots, strict=True)):
            for found in answer.value or ():
                probabilities[row, found.verb.id] = found.probability
                self._note_start(fused, couple, found, seen, answer.shown)
        return probabilities.logit()

    def _note_start(
        self, fused: ServedAlbum, couple: tuple[int, int], found: SeenVerb, shots: Sequence[Shot], shown: int
    ) -> None:
        start, _ = _seconds(shots, found.span, shown)
        fused.starts[couple[0], found.verb.lemma, couple[1]] = start

    def _note_failures(self, asked: Sequence[Asked], answers: Sequence[Answer[Any]]) -> None:
        for question, answer in zip(asked, answers, strict=True):
            if answer.failure:
                self._failures.append((question.about, answer.failure))
            if answer.may_come:
                self._waiting.append((question.about, answer.failure))

    def _tell(self) -> None:
        for line in describe_failures(self._failures):
            logger.warning("%s", line)
        self._failures = []
        cost_logger.info("%s", self._watch.told())


def _start(fused: ServedAlbum, relation: Relation) -> float:
    """When what a relation tells is first seen."""
    ids = fused.track_ids
    return fused.starts.get((ids[relation.subject], relation.verb, ids[relation.object]), 0.0)


def _seconds(shots: Sequence[Shot], span: Span, shown: int) -> tuple[float, float]:
    """The times of a span's pictures, some of which may have been left out."""
    seen = [shots[place].seconds for place in spread(len(shots), shown or len(shots))]
    return seen[min(span.first, len(seen)) - 1], seen[min(span.last, len(seen)) - 1]


def _timeline(shots: Sequence[Shot], answer: Answer[PersonAnswer], person: PersonAnswer) -> str:
    parts = []
    for words, span in person.actions:
        start, end = _seconds(shots, span, answer.shown)
        parts.append(f"{start:.1f}-{end:.1f} s {words}")
    return "; ".join(parts)
