"""Annotated videos: readers of data sets, checks, statistics, and clips for training.

`DATASETS` names every reader. Each is called with (root, split), has a length and `names`, and returns
`AnnotatedSequence`s by index or one after another.
"""

from smot_vlm.data.bensmot import BenSmot
from smot_vlm.data.bensmot_json import BenSmotJson
from smot_vlm.data.mot_challenge import MotChallenge

DATASETS = {"bensmot": BenSmot, "bensmot-json": BenSmotJson, "mot": MotChallenge}
