"""The losses of meaning on clips that were not trained on, and on the same clips with people swapped.

What a model has learned of people is the difference: a loss that is as good for somebody else's words is one of usual
words alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import torch

from smot_vlm.config import Config
from smot_vlm.data.sequences import SequenceSource
from smot_vlm.models.build import build_associator
from smot_vlm.models.smot import SmotModel
from smot_vlm.training.examples import Example, example_options, make_example
from smot_vlm.training.objective import Objective
from smot_vlm.training.terms import Phase

# Clips whose people are told apart from each other.
BATCH = 4
SEEN = ("grounding", "frame_grounding", "interactions")


def held_out_losses(model: SmotModel, config: Config, sequences: SequenceSource) -> dict[str, float]:
    """Mean losses by name, true trajectories; "swapped grounding" is that of the words of the next person in the clip.

    Only clips of two people or more are used. The model is in evaluation mode meanwhile.

    Args:
        model: any.
        config: its configuration.
        sequences: held out.

    Returns:
        Losses by name.

    Raises:
        ValueError: no clip has two people.
    """
    clips = [clip for clip in _clips(model, config, sequences) if len(clip.tracks) > 1]
    if not clips:
        raise ValueError("no held-out clip has two people; give more sequences")
    objective = Objective(
        model,
        lambda fps: build_associator(config.association.name, config.association, fps),
        weights=dict.fromkeys(SEEN, 1.0),
    )
    training = model.training
    objective.eval()
    try:
        losses = _means(objective, clips)
        swapped = _means(objective, [swap_people(clip) for clip in clips])
    finally:
        model.train(training)
    return losses | {"swapped grounding": swapped["grounding"]}


def swap_people(example: Example) -> Example:
    """Give everybody's caption to the next person.

    Args:
        example: any.

    Returns:
        A copy.
    """
    captions = [track.caption for track in example.tracks]
    tracks = tuple(
        replace(track, caption=caption)
        for track, caption in zip(example.tracks, captions[1:] + captions[:1], strict=True)
    )
    return replace(example, tracks=tracks)


def _clips(model: SmotModel, config: Config, sequences: SequenceSource) -> Iterable[Example]:
    options = replace(example_options(config, model.open_pictures), video_captions=0.0, augmentation=None)
    for index in range(len(sequences)):
        yield make_example(sequences[index], options, 1.0, np.random.default_rng(index))


@torch.no_grad()
def _means(objective: Objective, clips: Sequence[Example]) -> dict[str, float]:
    sums = dict.fromkeys(SEEN, 0.0)
    counts = dict.fromkeys(SEEN, 0.0)
    for start in range(0, len(clips), BATCH):
        batch = clips[start : start + BATCH]
        losses, targets = (
            objective(batch, Phase(features=True, ctc=False, captions=False)),
            objective.count_targets(batch),
        )
        for name in SEEN:
            sums[name] += float(losses[name])
            counts[name] += targets[name]
    return {name: sums[name] / max(counts[name], 1.0) for name in SEEN}
