"""Who acts on whom: a set where nothing but the direction differs, and people are told apart by how they move alone.

Two people, one pushes the other ahead (the synthetic world's "push.v.01"). Everybody looks the same here: the tokens of
all people in all frames are one vector, and only the codes of times and boxes say who is behind and who is ahead. Of each
clip the head is asked both ways, so that whoever cannot tell the direction is right half of the time.
"""

import numpy as np
import pytest
import torch
from seeds import learning
from torch import nn

from smot_vlm.fusion.memory import Observation, TrackBatch, pad_tracks
from smot_vlm.fusion.trajectory import TRAJECTORY_FUSIONS
from smot_vlm.semantics.interaction import InteractionHead
from smot_vlm.semantics.losses import focal_loss
from smot_vlm.synthetic import SyntheticSequence, make_sequence

pytestmark = pytest.mark.drawn

VERB = "push.v.01"
FIRST_SEED, LEARNED, HELD_OUT = 640_000, 96, 48
DIM, CELLS, KEYFRAMES = 32, 1, 16
STEPS = 400


def pushes(first_seed: int, count: int) -> list[SyntheticSequence]:
    """Clips of two people of whom one pushes the other, never the other way round."""
    clips, seed = [], first_seed
    while len(clips) < count:
        clip = make_sequence(seed, people=(2, 2), actions=["stand"], verbs=[VERB], width=320)
        if len({(edge.subject, edge.object) for edge in clip.interactions}) == 1:
            clips.append(clip)
        seed += 1
    return clips


def observations(clip: SyntheticSequence) -> list[list[Observation]]:
    """Both people at the same times, all of them alike but for their boxes."""
    size = np.array([clip.width, clip.height])
    remembered = []
    for track in clip.tracks:
        rows = np.unique(np.linspace(0, len(track) - 1, KEYFRAMES).round().astype(int))
        corners = track.boxes[rows].reshape(-1, 2, 2) / size
        places = np.concatenate([corners.mean(axis=1), corners[:, 1] - corners[:, 0]], axis=1)
        remembered.append(
            [
                Observation(frame / clip.fps, torch.tensor(place, dtype=torch.float32), torch.zeros(CELLS, DIM))
                for frame, place in zip(track.frames[rows].tolist(), places, strict=True)
            ]
        )
    return remembered


class Directed(nn.Module):
    """TFM and the interaction head, for one verb."""

    def __init__(self) -> None:
        super().__init__()
        self.fusion = TRAJECTORY_FUSIONS["concatenation"](DIM, 4, 64, CELLS, True)
        self.head = InteractionHead(DIM, heads=4, feedforward=64, verbs=1)

    def forward(self, batch: TrackBatch) -> torch.Tensor:
        """(clips, 2): the logit of "the first pushes the second" and of the other way round."""
        fused, mask = self.fusion(batch.tokens, batch.times, batch.boxes, batch.mask)
        first = torch.arange(0, len(fused), 2)
        forth = torch.stack([first, first + 1], dim=1)
        return self.head(fused, mask, torch.stack([forth, forth.flip(1)], dim=1).flatten(0, 1)).view(-1, 2)


def batch_of(clips: list[SyntheticSequence]) -> tuple[TrackBatch, torch.Tensor]:
    """The people of the clips, and which of the two ways is true of each."""
    people = [person for clip in clips for person in observations(clip)]
    truth = [0 if clip.interactions[0].subject == clip.tracks[0].id else 1 for clip in clips]
    rows = [entry for person in people for entry in person]
    times = torch.tensor([entry.time_seconds for entry in rows])
    tokens, boxes = (torch.stack([getattr(entry, name) for entry in rows]) for name in ("tokens", "box"))
    return pad_tracks(tokens, times, boxes, [len(person) for person in people]), torch.tensor(truth)


@pytest.mark.slow
@learning()
def test_who_pushes_whom_is_told_of_clips_never_seen(seed):
    torch.manual_seed(seed)
    model = Directed()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    # The rate falls to zero, so that the last steps do not shake what is learned.
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / STEPS)
    batch, truth = batch_of(pushes(FIRST_SEED, LEARNED))
    assert 0.35 < truth.float().mean() < 0.65, "else a guess would do"
    labels = nn.functional.one_hot(truth, 2).float()
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = focal_loss(model(batch), labels)
        loss.backward()
        optimizer.step()
        schedule.step()
        if step % 50 == 0:
            print(f"step {step}: loss {loss.item():.4f}")
    new, new_truth = batch_of(pushes(FIRST_SEED + 10_000, HELD_OUT))
    with torch.no_grad():
        right = [
            (model(people).argmax(dim=1) == whose).float().mean().item()
            for people, whose in ((batch, truth), (new, new_truth))
        ]
    print(f"right about who pushes: {right[0]:.2f} of the clips learned from, {right[1]:.2f} of new ones")
    # One of 96 clips is missed by some seeds; a guess gets half.
    assert right[0] > 0.95
    assert right[1] > 0.85
