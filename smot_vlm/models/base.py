"""What a Session needs of a model, whatever the model is made of: six verbs, and what every model says of itself."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from smot_vlm.fusion.memory import SceneMemory
from smot_vlm.language import caption_lexicon
from smot_vlm.language.known_words import DRAWN_WORDS, KnownWords
from smot_vlm.models.card import DRAWN, ModelCard
from smot_vlm.models.domain import Domain
from smot_vlm.models.moments import Moments
from smot_vlm.models.place import PlaceReader
from smot_vlm.semantics.context import Relation
from smot_vlm.semantics.cost import Cost
from smot_vlm.structures import STATED, Attribute, Detections, Frame
from smot_vlm.verbs import VERBS


class SmotModelBase(nn.Module, ABC):
    """Detects people, remembers keyframes, writes captions, scores verbs.

    The six verbs are `open_memory`, `detect`, `observe`, `fuse_memory`, `describe` and `score_pairs`. Between them a model
    passes records of its own: what `encode_frame` makes of an image goes to `detect` and `observe`, what `fuse_memory`
    returns goes to `describe` and `score_pairs`.

    Attributes:
        trained: whether every part that writes or scores has trained weights.
        card: what the model says of itself.
        domain: what it learned from, where that was measured; without one it speaks about everything.
        places: reads the place from frames, where that was learned; without it the place is what the caption tells.
        scores_at_once: verbs are scored from features alone, quickly enough for every look of a running video.
        tells_looks_at_once: the same of what people look like and do alone, which others tell in captions.
    """

    trained: bool
    card = ModelCard()
    scores_at_once = True
    tells_looks_at_once = False
    domain: Domain | None = None
    places: PlaceReader | None = None

    @property
    @abstractmethod
    def device(self) -> torch.device:
        """Where the weights are."""

    @property
    @abstractmethod
    def verb_thresholds(self) -> Float[Tensor, "verbs"]:
        """The probability above which each verb is reported."""

    @property
    def unanswered(self) -> tuple[str, ...]:
        """Why the last description lacks words that the same call may get at another time, a line a reason."""
        return ()

    @property
    def costs(self) -> list[Cost]:
        """What each language model has cost so far; none where there is none."""
        found = [getattr(part, "cost", None) for part in self.modules()]
        return [cost for cost in found if isinstance(cost, Cost)]

    def check_detector(self) -> None:
        """Make sure that `detect` can be used.

        Raises:
            ValueError: the model has no detector, or an untrained one.
            FileNotFoundError: the detector's weights are missing.
        """

    def encode_frame(self, image: np.ndarray) -> Any:
        """What the model computes of a whole frame, once; the image itself for models that compute nothing.

        Args:
            image: RGB uint8 (height, width, 3).

        Returns:
            The encoded frame, as `detect` and `observe` take it.
        """
        return image

    def encode_frames(self, images: Sequence[np.ndarray]) -> list[Any]:
        """`encode_frame` of several images of one size, at once where the model can.

        Args:
            images: RGB uint8 (height, width, 3).

        Returns:
            One encoded frame an image.
        """
        return [self.encode_frame(image) for image in images]

    def frame_statistics(self, encoded: Any) -> np.ndarray:
        """What `domain.frames` judges and `places` reads; of models that can have one of them.

        Args:
            encoded: of `encode_frame`.

        Returns:
            float32 (features,).
        """
        raise NotImplementedError(f"{type(self).__name__} has no statistics of frames")

    def judge_person(self, tokens: Float[Tensor, "looks values"]) -> str:
        """Whether a person is like those that the model learned from.

        Args:
            tokens: t_i^j of the looks at the person, each as one row.

        Returns:
            STATED, DOUBTFUL or WITHHELD.
        """
        if self.domain is None:
            return STATED
        people = self.domain.people
        return people.judge(people.distances(tokens.float().cpu().numpy()).tolist())

    @abstractmethod
    def open_memory(self, *, per_second: float, capacity: int) -> SceneMemory:
        """An empty memory for one video.

        Args:
            per_second: keyframes a second.
            capacity: observations kept of each track.

        Returns:
            The memory that `observe` fills and `fuse_memory` reads.
        """

    @abstractmethod
    def detect(self, encoded: Any) -> Detections:
        """The people of a frame.

        Args:
            encoded: of `encode_frame`.

        Returns:
            Boxes in original pixels, best score first.
        """

    def detect_many(self, encoded: Sequence[Any]) -> list[Detections]:
        """`detect` of several frames, at once where the model can.

        Args:
            encoded: of `encode_frames`.

        Returns:
            The people of each.
        """
        return [self.detect(frame) for frame in encoded]

    def lower_precision(self, dtype: torch.dtype) -> None:
        """Store weights that are never trained in a lower precision, in which they are used anyway.

        Args:
            dtype: of `system.precision`.
        """

    @abstractmethod
    def observe(self, memory: SceneMemory, frame: Frame, encoded: Any, tracked: Detections, keyframe: bool) -> None:
        """Take one frame into the memory.

        Args:
            memory: of `open_memory`.
            frame: the frame.
            encoded: the same frame, of `encode_frame`.
            tracked: everybody in the frame, with ids.
            keyframe: keep an observation of everybody and of the scene; false: of people who are new, and no scene.
        """

    @abstractmethod
    def fuse_memory(self, memory: SceneMemory, track_ids: Sequence[int]) -> Any:
        """What the memory holds of the scene and of these people, fused.

        Args:
            memory: of `open_memory`.
            track_ids: the people, in the order of the rows of the result.

        Returns:
            The fused record, as `describe` and `score_pairs` take it.
        """

    @abstractmethod
    def describe(self, fused: Any, relations: Sequence[Relation] = ()) -> tuple[str, list[str]]:
        """Write the captions.

        Args:
            fused: of `fuse_memory`.
            relations: interactions found so far, for prompts that state them.

        Returns:
            The video's caption, and one for each person.
        """

    @abstractmethod
    def score_pairs(self, fused: Any, pairs: Int[Tensor, "pairs 2"]) -> Float[Tensor, "pairs verbs"]:
        """Score each verb for each ordered pair.

        Args:
            fused: of `fuse_memory`.
            pairs: rows of (subject, object) among the people fused.

        Returns:
            Log-odds.
        """

    def verb_moments(
        self,
        fused: Any,  # noqa: ARG002
        pairs: Int[Tensor, "pairs 2"],  # noqa: ARG002
        phrases: Sequence[str] = (),  # noqa: ARG002
    ) -> list[Moments]:
        """The same verbs at single observations of each pair's subject, for models that see when things happen.

        Args:
            fused: of `fuse_memory`.
            pairs: rows of (subject, object) among the people fused.
            phrases: verbs in place of the 335 senses.

        Returns:
            One record a pair; none of models that score whole trajectories alone.
        """
        return []

    def word_moments(self, fused: Any, texts: Sequence[Sequence[str]]) -> list[Moments]:  # noqa: ARG002
        """How well what is seen of each person at each observation is named by each of several texts.

        Args:
            fused: of `fuse_memory`.
            texts: of each person fused.

        Returns:
            One record a person; none of models that cannot tell.
        """
        return []

    def trust(self, fused: Any) -> list[str]:  # noqa: ARG002
        """What is to be thought of the words about each person, beside what the domain says of the video.

        Args:
            fused: of `fuse_memory`.

        Returns:
            STATED or DOUBTFUL of each person; none of models that cannot tell.
        """
        return []

    def attributes(self, fused: Any) -> list[tuple[Attribute, ...]]:  # noqa: ARG002
        """What each person is, wears and has.

        Args:
            fused: of `fuse_memory`.

        Returns:
            One entry a person; none of models that cannot tell.
        """
        return []

    def doing(self, fused: Any) -> list[tuple[Attribute, ...]]:  # noqa: ARG002
        """What each person does alone at the newest looks, of a memory that keeps these (`SceneMemory.keep_newest`).

        Args:
            fused: of `fuse_memory`.

        Returns:
            One entry a person, each "does" with a deed; none of models that tell it in captions alone.
        """
        return []

    @property
    def known_verbs(self) -> tuple[str, ...]:
        """Labels of the senses that the model can tell: those of the synthetic world where it learned from that, else all."""
        return tuple(caption_lexicon.VERBS) if self.card.domain == DRAWN else tuple(verb.label for verb in VERBS)

    @property
    def known_words(self) -> KnownWords | None:
        """The words that its captions and attributes are made of; None where they are free."""
        return DRAWN_WORDS if self.card.domain == DRAWN else None

    def open_vocabulary(self, phrases: Sequence[str]) -> Callable[[Any, Tensor], Tensor]:  # noqa: ARG002
        """`score_pairs` for phrases in place of the 335 senses.

        Args:
            phrases: verbs in plain words.

        Returns:
            A function of (fused, pairs) that gives log-odds (pairs, phrases).

        Raises:
            ValueError: this model cannot score new verbs.
            FileNotFoundError, ImportError: a part for that is missing.
        """
        raise ValueError("this model has no words; choose another model for verbs")
