"""The `captionformer` protocol: captions on BenSMOT as CaptionFormer (CVPR 2026) scores them, oddities kept.

Its evaluation is a changed copy of the released one. Each predicted track speaks for the true track that it overlaps most,
however little that is; a true track that nobody found costs nothing, nor does a video without a prediction. METEOR gets a
caption as one word, so that it rewards equal captions alone. The rest is as under `official`.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from smot_vlm.evaluation.matching import match_to_nearest
from smot_vlm.evaluation.official import NOTES as OFFICIAL_NOTES
from smot_vlm.evaluation.official import official_parts
from smot_vlm.evaluation.official_caption_measures import whole_caption
from smot_vlm.evaluation.results import Part
from smot_vlm.evaluation.sequence_pairs import MISSING_FIELDS, Pair
from smot_vlm.evaluation.tracking import DEFAULT_ENGINE

NOTES = (
    OFFICIAL_NOTES[0],
    "instance captions: every predicted track, against the true track of the highest mean IoU, however low; misses are free",
    "BLEU counts characters; METEOR of instance captions is NLTK's with the whole caption as one word; "
    "ROUGE-L and CIDEr without a tokenizer",
    "a sequence without a prediction is left out of the video captions, which are scored as under official",
    "interactions: score > 0.4, only ordered pairs of predicted tracks whose true tracks interact",
)


def captionformer_parts(
    pairs: Sequence[Pair], progress: Callable[[str], None], engine: str = DEFAULT_ENGINE
) -> list[Part]:
    """All columns of the protocol.

    Args:
        pairs: the sequences.
        progress: called with the name of each stage.
        engine: of the tracking columns.

    Returns:
        Tracks, instance captions, video captions, interactions.
    """
    return official_parts(
        pairs, progress, engine, match=match_to_nearest, words=whole_caption, in_video=_predicted_alone
    )


def _predicted_alone(pair: Pair) -> Pair:
    """The pair; without a prediction, without a true video caption either."""
    if set(pair.prediction.missing) != set(MISSING_FIELDS):
        return pair
    return replace(pair, truth=replace(pair.truth, caption=""))
