"""The losses of meaning on clips that were not trained on, and on the same clips with people swapped.

What a model has learned of people is the difference: a loss that is as good for somebody else's words is one of usual
words alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch

from smot_vlm.config import Config
from smot_vlm.data.sequences import AnnotatedSequence, SequenceSource
from smot_vlm.models.build import build_associator
from smot_vlm.models.smot import SmotModel
from smot_vlm.system.processes import ALONE, Processes
from smot_vlm.training.examples import Example, example_options, make_example
from smot_vlm.training.objective import Objective
from smot_vlm.training.terms import Phase, term_weights

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
    clips = [clip for clip in _clips(model, config, sequences, video_captions=0.0) if len(clip.tracks) > 1]
    if not clips:
        raise ValueError("no held-out clip has two people; give more sequences")
    phase, weights = Phase(features=True, ctc=False, captions=False), dict.fromkeys(SEEN, 1.0)
    losses = _means(model, config, weights, clips, phase)
    swapped = _means(model, config, weights, [swap_people(clip) for clip in clips], phase)
    return losses | {"swapped grounding": swapped["grounding"]}


def validation_losses(
    model: SmotModel, config: Config, sequences: Sequence[AnnotatedSequence], phase: Phase, processes: Processes = ALONE
) -> dict[str, float]:
    """Mean losses of a training's phase on sequences that are not trained on, with true trajectories.

    Detection is left out: the detector's loss is defined in training mode, where its batch norms would change.

    Args:
        model: in training; in evaluation mode meanwhile.
        config: its configuration.
        sequences: the same in every process.
        phase: whose losses are asked for.
        processes: that share the sequences.

    Returns:
        Losses by name, in every process; none while the detector is trained alone.
    """
    weights = {name: weight for name, weight in term_weights(config.training.weights).items() if name != "detection"}
    clips = list(_clips(model, config, sequences, video_captions=1.0, processes=processes))
    # Clip by clip: grounding tells the people of a batch apart, and batches would differ with the number of processes.
    return _means(model, config, weights, clips, phase, processes, batch_clips=1) if phase.features else {}


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


def _clips(
    model: SmotModel,
    config: Config,
    sequences: SequenceSource,
    *,
    video_captions: float,
    processes: Processes = ALONE,
) -> Iterator[Example]:
    """Clips of this process's sequences, each cut by the sequence's place among all."""
    options = replace(example_options(config, model.open_pictures), video_captions=video_captions, augmentation=None)
    for index in processes.share(range(len(sequences))):
        yield make_example(sequences[index], options, 1.0, np.random.default_rng(index))


@torch.no_grad()
def _means(
    model: SmotModel,
    config: Config,
    weights: dict[str, float],
    clips: Sequence[Example],
    phase: Phase,
    processes: Processes = ALONE,
    batch_clips: int = BATCH,
) -> dict[str, float]:
    """Mean losses over the clips of all processes; the model is in evaluation mode meanwhile."""
    objective = Objective(
        model, lambda fps: build_associator(config.association.name, config.association, fps), weights=weights
    )
    training = model.training
    objective.eval()
    try:
        batches = [clips[start : start + batch_clips] for start in range(0, len(clips), batch_clips)]
        rows = [
            {name: (float(total), targets[name]) for name, total in objective(batch, phase).items()}
            for batch in batches
            for targets in [objective.count_targets(batch)]
        ]
    finally:
        model.train(training)
    rows = processes.gather(rows)
    return {
        name: sum(row[name][0] for row in rows) / max(sum(row[name][1] for row in rows), 1.0)
        for name in objective.active(phase)
    }
