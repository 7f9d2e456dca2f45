"""What a server is asked: a prompt, pictures that are encoded once, and the form that the answer is to have."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from smot_vlm.semantics.prompts import VISUAL

JPEG_QUALITY = 90


@dataclass(frozen=True, eq=False)
class EncodedPicture:
    """A picture as it is sent.

    Attributes:
        uri: a data URI of a JPEG.
        digest: hash of its bytes.
    """

    uri: str
    digest: str


@dataclass(frozen=True, eq=False)
class ServerQuestion:
    """One question.

    Attributes:
        about: in a message's words, such as "person 3".
        prompt: one paragraph or more.
        pictures: in the order in which the prompt speaks of them.
        max_tokens: most tokens of the answer.
        schema: JSON schema of the answer; None asks for plain text.
    """

    about: str
    prompt: str
    pictures: tuple[EncodedPicture, ...]
    max_tokens: int
    schema: Mapping[str, Any] | None = None

    def with_pictures(self, count: int) -> "ServerQuestion":
        """The same question with fewer pictures.

        Args:
            count: how many, at least 1.

        Returns:
            With pictures spread evenly, the first and the last among them; the same where it has no more than that.
        """
        if count >= len(self.pictures):
            return self
        return replace(self, pictures=tuple(self.pictures[place] for place in spread(len(self.pictures), count)))

    @property
    def content(self) -> dict[str, Any]:
        """What the answer depends on."""
        digests = [picture.digest for picture in self.pictures]
        schema = None if self.schema is None else dict(self.schema)
        return {"prompt": self.prompt, "pictures": digests, "max_tokens": self.max_tokens, "schema": schema}


def spread(total: int, count: int) -> list[int]:
    """Positions spread evenly over a series.

    Args:
        total: its length.
        count: how many positions, at least 1.

    Returns:
        In ascending order, the first and the last among them where there is more than one; all where `count` is larger.
    """
    positions: list[int] = np.linspace(0, total - 1, min(count, total)).round().astype(int).tolist()
    return positions


def encode_pictures(images: Sequence[np.ndarray]) -> tuple[EncodedPicture, ...]:
    """Encode pictures as JPEG.

    Args:
        images: RGB uint8 (height, width, 3).

    Returns:
        One a picture.
    """
    return tuple(_encode(image) for image in images)


def without_soft_tokens(prompt: str) -> str:
    """A prompt for a model that gets no soft tokens.

    Args:
        prompt: of a template.

    Returns:
        Its lines without their place, none of them blank.
    """
    lines = [" ".join(line.split()) for line in prompt.replace(VISUAL, " ").splitlines()]
    return "\n".join(filter(None, lines))


def _encode(image: np.ndarray) -> EncodedPicture:
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    done, data = cv2.imencode(".jpg", np.ascontiguousarray(image[:, :, ::-1]), options)
    assert done, "RGB uint8 can be encoded"
    content = data.tobytes()
    uri = "data:image/jpeg;base64," + base64.b64encode(content).decode()
    return EncodedPicture(uri, hashlib.sha256(content).hexdigest())
