"""ZeroShotModel: trajectories and words without any training of ours, from a detector and a vision-language model.

It has no learned features, so nothing but the detector's boxes is computed on a frame: it keeps marked pictures instead,
and asks the vision-language model about them.
"""

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from smot_vlm.detection.detector import Detector
from smot_vlm.fusion.pictures import PictureMemory
from smot_vlm.models.pictured import Album, PictureModel
from smot_vlm.models.prompted import DecoderModel
from smot_vlm.semantics.marks import pair_images
from smot_vlm.semantics.prompts import Prompts
from smot_vlm.semantics.verb_likelihood import VerbLikelihood
from smot_vlm.semantics.vision_language import VisionLanguage


class ZeroShotModel(PictureModel, DecoderModel):
    """A pretrained detector, a vision-language model for captions, and verbs by the likelihood of their words.

    Nothing in it has random weights, so `trained` is true.

    Args:
        open_detector: opens the detector when it is first needed; with other boxes it never is.
        decoder: the vision-language model.
        verbs: scores verbs of a pair's pictures.
        prompts: the templates.
        open_pictures: makes the memory of pictures of a video.
        threshold: a verb is reported from this probability on.
        context: what the video's prompt states, a key of CONTEXTS.
        examples: prompts show sentences in the wanted manner.
    """

    decoder: VisionLanguage
    trained = True

    def __init__(
        self,
        open_detector: Callable[[], Detector],
        decoder: VisionLanguage,
        verbs: VerbLikelihood,
        prompts: Prompts,
        open_pictures: Callable[[], PictureMemory],
        *,
        threshold: float = 0.3,
        context: str = "none",
        examples: bool = False,
    ) -> None:
        super().__init__(open_detector, prompts, open_pictures, context=context, examples=examples)
        self.decoder = decoder
        self.verbs = verbs
        self._threshold = threshold

    @property
    def device(self) -> torch.device:
        """The decoder's."""
        return self.decoder.device

    @property
    def verb_thresholds(self) -> Float[Tensor, "verbs"]:
        """One for all."""
        return torch.full((self.verbs.count,), self._threshold)

    def score_pairs(self, fused: Album, pairs: Int[Tensor, "pairs 2"]) -> Float[Tensor, "pairs verbs"]:
        """Log-odds of the likelihood of each verb's words."""
        return self._score(self.verbs, fused, pairs)

    def open_vocabulary(self, phrases: Sequence[str]) -> Callable[[Album, Tensor], Tensor]:
        """Phrases are scored by their own likelihood."""
        verbs = self.verbs.in_other_words(phrases)
        return lambda fused, pairs: self._score(verbs, fused, pairs)

    def _score(self, verbs: VerbLikelihood, fused: Album, pairs: Tensor) -> Tensor:
        ids = fused.track_ids
        images = [pair_images(fused.pictures, ids[subject], ids[target]) for subject, target in pairs.tolist()]
        return verbs.probabilities(images).logit()
