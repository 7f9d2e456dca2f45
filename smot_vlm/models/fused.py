"""What SmotModel's parts hand to each other: a frame after the detector's network, and everything after fusion."""

from dataclasses import dataclass

from jaxtyping import Bool, Float
from torch import Tensor

from smot_vlm.detection.detector import DetectorOutput
from smot_vlm.detection.letterbox import Letterbox
from smot_vlm.fusion.memory import TrackBatch
from smot_vlm.semantics.marks import Pictures


@dataclass(frozen=True, eq=False)
class EncodedFrame:
    """One frame after the detector's network.

    Attributes:
        output: raw predictions and the pyramid.
        placement: where the frame lies in the canvas.
    """

    output: DetectorOutput
    placement: Letterbox


@dataclass(frozen=True, eq=False)
class Fused:
    """After fusion.

    Attributes:
        tracks: T_j of every person of every clip, clip after clip, padded.
        mask: true where a token of `tracks` is real.
        scenes: CA(F, T) of each clip; no tokens where it was not wanted.
        observations: what `tracks` were fused from; None without anybody.
        detected: the detector's output; None after streaming.
        pictures: of each clip the marked pictures of the scene and of each person, for decoders that look at them.
    """

    tracks: Float[Tensor, "tracks tokens dim"]
    mask: Bool[Tensor, "tracks tokens"]
    scenes: tuple[Float[Tensor, "_ dim"], ...]
    observations: TrackBatch | None = None
    detected: DetectorOutput | None = None
    pictures: tuple[Pictures, ...] = ()
