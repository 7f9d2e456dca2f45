"""A synthetic world in BenSMOT's layout: drawn people, whose captions and facts are known exactly."""

from smot_vlm.language.fact_reader import read_facts
from smot_vlm.synthetic.dataset import write_dataset
from smot_vlm.synthetic.sequence import SyntheticSequence, make_sequence

__all__ = ["SyntheticSequence", "make_sequence", "read_facts", "write_dataset"]
