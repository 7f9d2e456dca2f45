"""Judges, while a video runs, whether a model may speak about it: see `Domain`."""

import numpy as np
import torch

from smot_vlm.fusion.even_memory import EvenMemory
from smot_vlm.fusion.memory import SceneMemory
from smot_vlm.models.base import SmotModelBase
from smot_vlm.structures import STATED, less_trusted

# Keyframes that are remembered, spread evenly over the video.
KEYFRAMES = 256


class DomainGate:
    """The judgement of one video and of its people; a model without a domain may always speak.

    Args:
        model: whose domain counts.
    """

    def __init__(self, model: SmotModelBase) -> None:
        self._model = model
        self._domain = model.domain
        self._distances: EvenMemory[float] = EvenMemory(KEYFRAMES)
        self._video = STATED

    @property
    def is_used(self) -> bool:
        """Whether the model's domain judges frames, so that `look` is needed."""
        return self._domain is not None and self._domain.frames is not None

    def look(self, statistics: np.ndarray) -> None:
        """Take in a keyframe.

        Args:
            statistics: of the model's `frame_statistics`, (features,).
        """
        if self._domain is not None and self._domain.frames is not None:
            self._distances.add(float(self._domain.frames.distances(statistics[None])[0]))
            self._video = self._domain.frames.judge(self._distances.items)

    def video(self) -> str:
        """STATED, DOUBTFUL or WITHHELD, by the keyframes so far."""
        return self._video

    def person(self, memory: SceneMemory, track_id: int) -> str:
        """The same of one person: at best as good as the video.

        Args:
            memory: what was kept of the video.
            track_id: who was observed.
        """
        video = self.video()
        if track_id not in memory.tracks:
            return video
        tokens = torch.stack([seen.tokens.flatten() for seen in memory.tracks[track_id].items])
        return less_trusted(video, self._model.judge_person(tokens))
