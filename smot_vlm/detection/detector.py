"""The ultralytics YOLO inside the model: one forward gives boxes and the pyramid that every feature comes from.

The only file that touches ultralytics' models. `YoloDetector` is a trainable module; `YoloFileDetector` runs a user's
own checkpoint as it is.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import box_convert
from ultralytics.cfg import get_cfg
from ultralytics.models import YOLO
from ultralytics.nn.tasks import DetectionModel, load_checkpoint, yaml_model_load
from ultralytics.utils import SETTINGS, patches

from smot_vlm.detection.architecture import check_architecture
from smot_vlm.detection.foreign import reason_of
from smot_vlm.detection.letterbox import Letterbox, canvas_size, letterbox
from smot_vlm.detection.person_class import PERSON, people_classes, real_names
from smot_vlm.detection.result_check import ResultCheck
from smot_vlm.detection.suppression import people_from_channels
from smot_vlm.structures import Detections
from smot_vlm.system.gathering import FRAMES, together

# Importing ultralytics replaces Pillow's opener with its own, which installs packages when an image is broken.
Image.open = patches._image_open

# Of the finest feature map: gestures of a person 70 pixels tall are 4 pixels wide.
FINE_STRIDE = 4
RGB_CHANNELS = 3


@runtime_checkable
class Detector(Protocol):
    """Finds the people of one frame."""

    def detect(self, image: np.ndarray) -> Detections:
        """Find the people of one frame.

        Args:
            image: RGB uint8 (height, width, 3).

        Returns:
            Boxes in its pixels, best score first.
        """
        ...


@runtime_checkable
class BatchDetector(Detector, Protocol):
    """Finds the people of several frames in one run."""

    def detect_many(self, images: Sequence[np.ndarray]) -> list[Detections]:
        """Find the people of several frames.

        Args:
            images: RGB uint8 (height, width, 3), all of one size.

        Returns:
            As `detect`, of each.
        """
        ...


def detect_many(detector: Detector, images: Sequence[np.ndarray]) -> list[Detections]:
    """The people of several frames, in one run where the detector can, with those of other videos in progress.

    Args:
        detector: any.
        images: RGB uint8 (height, width, 3), all of one size.

    Returns:
        Boxes of each, in its pixels, best score first.
    """

    def run(images: Sequence[np.ndarray]) -> list[Detections]:
        if isinstance(detector, BatchDetector) and len(images) > 1:
            return detector.detect_many(images)
        return [detector.detect(image) for image in images]

    return together(run, images, stage=FRAMES, kind=(id(detector), images[0].shape if images else None))


class DetectorOutput(NamedTuple):
    """Output of one forward pass.

    Attributes:
        raw: The head's output (in ultralytics' own form, for its loss).
        pyramid: Feature maps, finest first: the backbone's last of stride 4, concatenated with the image's own colors,
            and those that the head reads.
    """

    raw: Any
    pyramid: list[Float[Tensor, "batch channels height width"]]

    @property
    def predictions(self) -> Float[Tensor, "batch channels anchors"]:
        """Decoded boxes and scores; of a forward pass in evaluation mode."""
        decoded: Tensor = self.raw[0] if isinstance(self.raw, tuple) else self.raw
        return decoded

    def of(self, image: int) -> "DetectorOutput":
        """The output of one image; of a forward pass in evaluation mode.

        Args:
            image: Its place in the batch.
        """
        one = slice(image, image + 1)
        return DetectorOutput(self.predictions[one], [level[one] for level in self.pyramid])


class YoloDetector(nn.Module):
    """A YOLO of any ultralytics architecture, person class only when made from a .yaml.

    Args:
        weights: A .yaml name or an architecture as a dict (random weights; `trained` is false), or a .pt file
            (unpickled: only files you trust).
        image_size: The long side in pixels that a frame is scaled to.
        overlap: IoU of non-maximum suppression.
        min_score: Boxes below are dropped (the low threshold of association).
        max_people: Most boxes a frame.
    """

    def __init__(
        self,
        weights: str | dict[str, Any] = "yolo11n.yaml",
        *,
        image_size: int = 640,
        overlap: float = 0.65,
        min_score: float = 0.1,
        max_people: int = 300,
    ) -> None:
        super().__init__()
        # Any: ultralytics' modules carry attributes (f, i, stride ...) that no type names.
        self.model: Any
        self.model, self.trained = _load_yolo(weights)
        self.image_size = image_size
        self.overlap = overlap
        self.min_score = min_score
        self.max_people = max_people
        self._check = ResultCheck("the model's own detector")
        self._fine, self._fine_channels = _last_layer_of_stride(self.model, FINE_STRIDE)

    @property
    def architecture(self) -> dict[str, Any]:
        """The argument `weights` that makes the same network again, as plain JSON values."""
        result: dict[str, Any] = json.loads(json.dumps(self.model.yaml))
        return result

    @property
    def strides(self) -> list[int]:
        """Pixels of the canvas a cell of each pyramid level, e.g. [4, 8, 16, 32]."""
        return [FINE_STRIDE, *(int(stride) for stride in self.model.stride)]

    @property
    def channels(self) -> list[int]:
        """Channels of each pyramid level."""
        head = self.model.model[-1]
        return [self._fine_channels + RGB_CHANNELS, *(branch[0].conv.in_channels for branch in head.cv2)]

    def forward(self, images: Float[Tensor, "batch 3 height width"]) -> DetectorOutput:
        """Compute boxes and feature maps.

        Args:
            images: RGB in [0, 1], height and width multiples of 32.
        """
        layers = self.model.model
        outputs: list[Tensor | None] = []
        maps = images
        for layer in layers[:-1]:
            maps = layer(_inputs(layer, maps, outputs))
            outputs.append(maps if layer.i in self.model.save else None)
            if layer.i == self._fine:
                fine = maps
        pyramid = _inputs(layers[-1], maps, outputs)
        # The head replaces the entries of the list that it is given.
        colors = functional.avg_pool2d(images, FINE_STRIDE)
        return DetectorOutput(self._head(list(pyramid)), [torch.cat([fine, colors], dim=1), *pyramid])

    def _head(self, pyramid: list[Tensor]) -> Any:
        """In evaluation in float32: in bf16 a coordinate beyond 512 would be a multiple of 4 pixels."""
        head = self.model.model[-1]
        if self.training:
            return head(pyramid)
        with torch.autocast(pyramid[0].device.type, enabled=False):
            return head([level.float() for level in pyramid])

    def preprocess(self, image: np.ndarray) -> tuple[Float[Tensor, "3 height width"], Letterbox]:
        """Scale a frame into the canvas.

        Args:
            image: RGB uint8 (height, width, 3).

        Returns:
            The canvas as float RGB in [0, 1], and where the frame lies in it.
        """
        width, height = canvas_size(image.shape[1], image.shape[0], self.image_size)
        canvas, placement = letterbox(image, width, height)
        return torch.from_numpy(canvas).permute(2, 0, 1).contiguous().float() / 255.0, placement

    def boxes(self, output: DetectorOutput, placements: list[Letterbox]) -> list[Detections]:
        """People of each image of the batch, boxes in original pixels, best first.

        Args:
            output: Of a forward pass in evaluation mode.
            placements: Where each frame lies in its canvas.
        """
        people = [
            people_from_channels(
                prediction.detach().float().cpu().numpy(), placement, self.min_score, self.overlap, self._check
            )
            for prediction, placement in zip(output.predictions, placements, strict=True)
        ]
        return [found.select(np.arange(min(len(found), self.max_people))) for found in people]

    def loss(self, output: DetectorOutput, boxes: list[Float[Tensor, "_ 4"]], image_size: tuple[int, int]) -> Tensor:
        """Detection loss of a batch, a scalar: the sum of its box, class and distribution terms.

        Args:
            output: Of a forward pass in training mode.
            boxes: Ground truth of each image, xyxy in canvas pixels.
            image_size: The canvas' (height, width).
        """
        height, width = image_size
        cornered = torch.cat([entry.reshape(-1, 4) for entry in boxes]).unflatten(1, (2, 2))
        rows = torch.stack([cornered[..., 0] / width, cornered[..., 1] / height], dim=2).flatten(1)
        index = torch.tensor([float(image) for image, entry in enumerate(boxes) for _ in range(len(entry))])
        device = output.pyramid[0].device
        batch = {
            "batch_idx": index.to(device),
            "cls": torch.zeros(len(rows), 1, device=device),
            "bboxes": box_convert(rows, "xyxy", "cxcywh").to(device),
        }
        total, _ = self.model.loss(batch, output.raw)
        result: Tensor = total.sum() / len(boxes)
        return result


class YoloFileDetector:
    """A user's ultralytics checkpoint (.pt and every export that ultralytics runs), people only.

    Args:
        path: The checkpoint (unpickled: only files you trust).
        image_size: The long side in pixels that a frame is scaled to; None: as it was trained.
        overlap: IoU of non-maximum suppression.
        min_score: Boxes below are dropped.
        classes: What its classes are called, in their order; empty: as the file says.

    Raises:
        FileNotFoundError: No such file.
        ValueError: ultralytics cannot read or run it, or none of its classes is people.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        image_size: int | None = None,
        overlap: float = 0.65,
        min_score: float = 0.1,
        classes: Sequence[str] = (),
    ) -> None:
        self._path = Path(path)
        if not self._path.exists():
            raise FileNotFoundError(
                f"{path}: no such YOLO file; give an ultralytics checkpoint, for example yolo11n.pt"
            )
        try:
            self._yolo: Any = YOLO(str(path), task="detect", verbose=False)
        except Exception as error:  # ultralytics raises whatever its unpickler or exporter met
            raise ValueError(f"{path}: ultralytics cannot read it ({reason_of(error)})") from error
        self._options: dict[str, Any] = {"iou": overlap, "conf": min_score, "verbose": False}
        if image_size is not None:
            self._options["imgsz"] = image_size
        self._check = ResultCheck(str(path))
        self._takes_batches = self._path.suffix == ".pt"
        # Exports are opened by their first image.
        self.detect(np.zeros((64, 64, 3), dtype=np.uint8))
        names = dict(enumerate(classes)) or real_names(self._yolo.names)
        self._options["classes"] = list(people_classes(path, names)) if names else [PERSON]

    def detect(self, image: np.ndarray) -> Detections:
        """Find the people of one frame."""
        return self.detect_many([image])[0]

    def detect_many(self, images: Sequence[np.ndarray]) -> list[Detections]:
        """Find the people of several frames in one run; exports have a batch of their own."""
        pictures = [np.ascontiguousarray(image[:, :, ::-1]) for image in images]
        try:
            if len(pictures) > 1 and not self._takes_batches:
                results = [self._yolo.predict(picture, **self._options)[0] for picture in pictures]
            else:
                results = self._yolo.predict(pictures, **self._options)
        except Exception as error:  # as above, from any of a dozen engines
            raise ValueError(
                f"{self._path}: ultralytics cannot run it ({reason_of(error)}); an ONNX file of another maker is "
                "onnx:FILE"
            ) from error
        return [self._people(result) for result in results]

    def _people(self, result: Any) -> Detections:
        boxes, scores = result.boxes.xyxy.cpu().numpy(), self._check.scores(result.boxes.conf.cpu().numpy())
        return self._check.people(Detections(boxes, scores).select(self._check.usable(boxes)))


def weights_folder() -> Path:
    """Where ultralytics keeps downloaded checkpoints, by the user's settings."""
    return Path(SETTINGS["weights_dir"])


def _inputs(layer: Any, previous: Any, outputs: list[Tensor | None]) -> Any:
    """Inputs of `layer`: the previous output, an earlier one, or a list of both (ultralytics' `f`)."""
    if layer.f == -1:
        return previous
    if isinstance(layer.f, int):
        return outputs[layer.f]
    return [previous if source == -1 else outputs[source] for source in layer.f]


@torch.no_grad()
def _last_layer_of_stride(model: Any, stride: int) -> tuple[int, int]:
    """Index and channels of the last layer at `stride` in the backbone: the finest features that are also deep."""
    maps, size = torch.zeros(1, 3, 64, 64), 64 // stride
    training = model.training
    model.eval()
    found = (0, 0)
    for layer in model.model:
        if layer.f != -1 or maps.shape[2] < size:
            break
        maps = layer(maps)
        if maps.shape[2] == size:
            found = (layer.i, maps.shape[1])
    model.train(training)
    if not found[1]:
        raise ValueError(f"the detector's architecture has no layer of stride {stride} at its beginning")
    return found


def _check_person_is_first(weights: str, names: Mapping[int, str]) -> None:
    """The network inside the model is trained and read with people as class 0."""
    if names and PERSON not in people_classes(weights, names):
        raise ValueError(
            f"{weights}: its class 0 is {names.get(PERSON, '')[:40]!r}; the model's own detector takes a checkpoint whose class "
            "0 is a person, --detector yolo:FILE any that has such a class"
        )


def _load_yolo(weights: str | dict[str, Any]) -> tuple[nn.Module, bool]:
    model: Any
    if isinstance(weights, dict):
        model = DetectionModel(check_architecture(weights), verbose=False)
        model.args = get_cfg()
        return model, False
    suffix = Path(weights).suffix
    if suffix in (".yaml", ".yml"):
        try:
            return _load_yolo({**yaml_model_load(weights), "nc": 1})
        except FileNotFoundError:
            raise FileNotFoundError(f"{weights}: no such YOLO architecture; for example yolo11n.yaml") from None
    if suffix == ".pt":
        if not Path(weights).is_file():
            raise FileNotFoundError(
                f"{weights}: no such checkpoint; give a .pt file or an architecture such as yolo11n.yaml"
            )
        model, _ = load_checkpoint(weights)
        _check_person_is_first(weights, real_names(model.names))
        for parameter in model.parameters():
            parameter.requires_grad_(True)
        model.args = get_cfg(overrides={})
        return model.float(), True
    raise ValueError(f"detector.weights is {weights!r}; it takes an ultralytics .yaml or .pt")
