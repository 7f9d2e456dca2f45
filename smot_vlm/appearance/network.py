"""The crop encoder: a person's picture at its own resolution, and heads that say what is seen.

The detector's pyramid sees a person of 70 pixels in a few cells; words of clothes and deeds want more. The trunk is
EfficientNet-lite0 (Tan & Le 2019, without squeeze-and-excitation); colours have a head of their own that pools early
features and pixels over a learned region of the body.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import timm
import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from smot_vlm.appearance.faces import FaceReader, place_maps
from smot_vlm.appearance.vocabulary import ANSWER_VALUES, COLOUR_QUESTIONS, QUESTIONS

TRUNK = "tf_efficientnet_lite0"
# Height and width of a crop in pixels.
CROP_SIZE = (192, 128)
# Channels after the trunk's stages 1, 4 and at its end.
_EARLY, _MIDDLE, _DEEP = 24, 112, 1280
_PIXEL_CHANNELS = 48
_FACES = "faces."


class TrunkMaps(NamedTuple):
    """What the trunk sees of crops.

    Attributes:
        early: after stage 1, at stride 4.
        fine: after stage 2, at stride 8.
        middle: after stage 4, at stride 16.
        deep: at its end, at stride 32.
    """

    early: Float[Tensor, "people early _ _"]
    fine: Float[Tensor, "people fine _ _"]
    middle: Float[Tensor, "people middle _ _"]
    deep: Float[Tensor, "people dim _ _"]


class PersonAppearance(nn.Module):
    """Crops of people -> an embedding and the logits of every question.

    Args:
        dropout: on the embedding, before the heads.
        regions: maps of the body that each question of colour may look at.
        faces: kinds are read from faces, too.
    """

    def __init__(self, *, dropout: float = 0.3, regions: int = 2, faces: bool = False) -> None:
        super().__init__()
        self.trunk: Any = timm.create_model(TRUNK, pretrained=False, num_classes=0)
        self.dropout = nn.Dropout(dropout)
        self.heads = nn.ModuleDict(
            {name: nn.Linear(_DEEP, len(values)) for name, values in QUESTIONS.items() if name not in COLOUR_QUESTIONS}
        )
        self.colours = ColourHead(COLOUR_QUESTIONS, regions)
        # Fitted after the training; until then everybody is as real as not.
        self.genuine = nn.Linear(_DEEP, 1)
        nn.init.zeros_(self.genuine.weight)
        nn.init.zeros_(self.genuine.bias)
        # Fitted after the training, too.
        self.faces = FaceReader() if faces else None

    @property
    def dim(self) -> int:
        """Width of the embedding."""
        return _DEEP

    @property
    def known(self) -> int:
        """How many of the tokens come before what faces say."""
        return _DEEP + ANSWER_VALUES + 1

    def forward(
        self, crops: Float[Tensor, "people 3 height width"]
    ) -> tuple[Float[Tensor, "people dim"], dict[str, Float[Tensor, "people values"]]]:
        """See and answer, without a look at faces.

        Args:
            crops: RGB in 0 to 1.

        Returns:
            Embeddings, and the logits of each question's values.
        """
        return self._answers(crops, self.feature_maps(crops))

    def feature_maps(self, crops: Float[Tensor, "pictures 3 height width"]) -> TrunkMaps:
        """The trunk's maps, for other heads.

        Args:
            crops: RGB in 0 to 1, of any size that is a multiple of 32.
        """
        trunk = self.trunk
        features = trunk.bn1(trunk.conv_stem(_normalized(crops)))
        stages = []
        for block in trunk.blocks:
            features = block(features)
            stages.append(features)
        return TrunkMaps(stages[1], stages[2], stages[4], trunk.bn2(trunk.conv_head(features)))

    def tokens(
        self,
        crops: Float[Tensor, "people 3 height width"],
        larger: Float[Tensor, "people 3 _ _"] | None = None,
        closer: Bool[Tensor, "people"] | None = None,
    ) -> Float[Tensor, "people tokens"]:
        """What is kept of a look at people.

        Args:
            crops: RGB in 0 to 1.
            larger: the same crops with more pixels, in which faces are read; None: there are none.
            closer: whose face is read, if there is one; None: everybody's.

        Returns:
            The embedding, the logits of all questions in the order of QUESTIONS, and the log-odds that this is a real
            person; then, where faces are read, what `FaceReader` says.
        """
        maps = self.feature_maps(crops)
        embedding, logits = self._answers(crops, maps)
        genuine = self.genuine(embedding)
        seen = [embedding, *(logits[name] for name in QUESTIONS), genuine]
        if self.faces is not None:
            places, worth = place_maps(maps.early, maps.fine, maps.middle), genuine.squeeze(1) >= 0
            wanted = worth if closer is None else worth & closer
            seen.append(self.faces(crops if larger is None else larger, places, wanted))
        return torch.cat(seen, dim=-1)

    def _answers(self, crops: Tensor, maps: TrunkMaps) -> tuple[Tensor, dict[str, Tensor]]:
        embedding = maps.deep.mean(dim=(2, 3))
        seen = self.dropout(embedding)
        logits = {name: head(seen) for name, head in self.heads.items()}
        return embedding, logits | self.colours(_normalized(crops), maps.early, maps.middle, seen)


def reads_faces(names: Iterable[str], prefix: str = "") -> bool:
    """Whether weights are those of a network that reads faces.

    Args:
        names: of their tensors.
        prefix: of the network's own among them.
    """
    return any(name.startswith(prefix + _FACES) for name in names)


def _normalized(crops: Tensor) -> Tensor:
    """As EfficientNet-lite's weights were trained."""
    return ((crops * 255 - 127) / 128).contiguous(memory_format=torch.channels_last)


class ColourHead(nn.Module):
    """Colours of parts of the body: pixels and early features, averaged over a region that deeper features point out.

    Args:
        questions: a name for each part.
        regions: maps for each part.
    """

    def __init__(self, questions: Sequence[str], regions: int) -> None:
        super().__init__()
        self.questions, self.regions = tuple(questions), regions
        # A soft histogram: each pixel's own place in colour space.
        self.histogram = nn.Sequential(
            nn.Conv2d(3, _PIXEL_CHANNELS, 1), nn.GELU(), nn.Conv2d(_PIXEL_CHANNELS, _PIXEL_CHANNELS, 1), nn.GELU()
        )
        self.place = nn.Conv2d(_MIDDLE, len(self.questions) * regions, 1)
        width = regions * (_PIXEL_CHANNELS + _EARLY)
        self.deep = nn.Linear(_DEEP, 64)
        self.answers = nn.ModuleDict(
            {
                name: nn.Sequential(
                    nn.LayerNorm(width + 64),
                    nn.Linear(width + 64, 96),
                    nn.GELU(),
                    nn.Dropout(0.2),
                    nn.Linear(96, len(QUESTIONS[name])),
                )
                for name in self.questions
            }
        )

    def forward(
        self,
        pixels: Float[Tensor, "people 3 height width"],
        early: Float[Tensor, "people _ rows columns"],
        middle: Float[Tensor, "people _ _ _"],
        embedding: Float[Tensor, "people dim"],
    ) -> dict[str, Float[Tensor, "people colours"]]:
        """Logits of the colours of each part."""
        size = (early.shape[-2], early.shape[-1])
        coloured = self.histogram(functional.adaptive_avg_pool2d(pixels, size))
        places = functional.interpolate(self.place(middle), size=size, mode="bilinear", align_corners=False)
        weights = places.flatten(2).softmax(dim=-1).unflatten(1, (len(self.questions), self.regions))
        values = torch.cat([coloured, early], dim=1).flatten(2)
        pooled = torch.einsum("nqrp,ncp->nqrc", weights, values).flatten(2)
        deep = self.deep(embedding)
        return {
            name: self.answers[name](torch.cat([pooled[:, index], deep], dim=-1))
            for index, name in enumerate(self.questions)
        }
