"""A synthetic world in BenSMOT's layout: people drawn from first principles, whose captions and facts are known
exactly.
"""

from smot_vlm.synthetic.dataset import write_dataset
from smot_vlm.synthetic.facts import CaptionFacts, SequenceFacts, TrackFacts, VideoFacts
from smot_vlm.synthetic.language.fact_reader import read_facts
from smot_vlm.synthetic.scoring import CaptionScore, chance_recall, chance_score, score_caption, sum_scores
from smot_vlm.synthetic.sequence import SyntheticSequence, make_sequence

__all__ = [
    "CaptionFacts",
    "CaptionScore",
    "SequenceFacts",
    "SyntheticSequence",
    "TrackFacts",
    "VideoFacts",
    "chance_recall",
    "chance_score",
    "make_sequence",
    "read_facts",
    "score_caption",
    "sum_scores",
    "write_dataset",
]
