"""Person detectors from ONNX files. The only file that runs a detector on onnxruntime.

Three kinds of export are distinguished by their output's shape:

- YOLOX, (1, cells, 5 + classes): raw grid offsets, objectness times class score;
- ultralytics, (1, 4 + classes, anchors): decoded centers, before non-maximum suppression;
- ultralytics end to end, (1, boxes, 6): xyxy, score, class.
"""

from pathlib import Path

import numpy as np

from smot_vlm.detection.letterbox import Letterbox, letterbox
from smot_vlm.detection.onnx_session import open_session
from smot_vlm.detection.suppression import PERSON, cxcywh_to_xyxy, people_from_channels, suppress
from smot_vlm.structures import Detections

YOLOX_STRIDES = (8, 16, 32)


class OnnxDetector:
    """People from an exported detector.

    Args:
        path: The ONNX file.
        min_score: Boxes below are dropped.
        overlap: IoU of non-maximum suppression.
        image_size: Sides of the canvas in pixels, where the file leaves them open.
        threads: Of onnxruntime; 0 lets it choose.

    Attributes:
        kind: "yolox", "ultralytics" or "ultralytics-end2end".

    Raises:
        FileNotFoundError: No such file.
        ValueError: Not ONNX, or no detector whose output is known.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        min_score: float = 0.1,
        overlap: float = 0.65,
        image_size: int = 640,
        threads: int = 0,
    ) -> None:
        self._path = Path(path)
        self._session = open_session(self._path, threads, "detector")
        self._input = self._session.get_inputs()[0]
        self._height, self._width = self._canvas(image_size)
        self._min_score = min_score
        self._overlap = overlap
        # One run on an empty canvas: exports with free axes show their output's shape only then.
        self.kind = self._kind(self._run(np.zeros((self._height, self._width, 3), dtype=np.uint8)))

    def detect(self, image: np.ndarray) -> Detections:
        """Find the people of one frame."""
        canvas, placement = letterbox(image, self._width, self._height, centered=self.kind != "yolox")
        return self.people(self._run(canvas), placement)

    def people(self, output: np.ndarray, placement: Letterbox) -> Detections:
        """The people in the network's output for one image.

        Args:
            output: Of shape (rows, columns), without the batch axis.
            placement: Where the frame lies in the canvas.
        """
        if self.kind == "yolox":
            return self._yolox_people(output, placement)
        if self.kind == "ultralytics":
            return people_from_channels(output, placement, self._min_score, self._overlap)
        keep = (output[:, 4] > self._min_score) & (output[:, 5] == PERSON)
        return suppress(placement.to_frame(output[keep, :4]), output[keep, 4], placement, 1.0)

    def _run(self, canvas: np.ndarray) -> np.ndarray:
        # YOLOX reads BGR 0-255, ultralytics RGB 0-1; before the kind is known either shows the output's shape.
        if getattr(self, "kind", "yolox") == "yolox":
            pixels = canvas[:, :, ::-1].astype(np.float32)
        else:
            pixels = canvas.astype(np.float32) / 255.0
        tensor = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])
        if self._input.type == "tensor(float16)":
            tensor = tensor.astype(np.float16)
        output = self._session.run(None, {self._input.name: tensor})[0]
        if output.ndim != 3 or output.shape[0] != 1:
            raise ValueError(self._wrong(f"its output has shape {output.shape}"))
        result: np.ndarray = output[0].astype(np.float32)
        return result

    def _canvas(self, image_size: int) -> tuple[int, int]:
        shape = self._input.shape
        if len(shape) != 4 or (shape[1] not in (3, "3") and isinstance(shape[1], int)):
            raise ValueError(self._wrong(f"its input has shape {shape}"))
        height, width = (side if isinstance(side, int) else image_size for side in shape[2:])
        return height, width

    def _kind(self, output: np.ndarray) -> str:
        rows, columns = output.shape
        cells = sum((self._height // stride) * (self._width // stride) for stride in YOLOX_STRIDES)
        if rows == cells and columns >= 6:
            return "yolox"
        if columns == cells and rows >= 5:
            return "ultralytics"
        if columns == 6:
            return "ultralytics-end2end"
        raise ValueError(self._wrong(f"its output has shape (1, {rows}, {columns})"))

    def _wrong(self, what: str) -> str:
        return (
            f"{self._path}: not a known detector, {what}; give a YOLOX export (1, cells, 5 + classes) "
            "or an ultralytics export (1, 4 + classes, anchors)"
        )

    def _yolox_people(self, output: np.ndarray, placement: Letterbox) -> Detections:
        scores = output[:, 4] * output[:, 5 + PERSON]
        keep = scores > self._min_score
        origins, strides = self._grid()
        centers = (output[keep, :2] + origins[keep]) * strides[keep]
        sizes = np.exp(output[keep, 2:4]) * strides[keep]
        boxes = cxcywh_to_xyxy(np.concatenate([centers, sizes], axis=1))
        return suppress(placement.to_frame(boxes), scores[keep], placement, self._overlap)

    def _grid(self) -> tuple[np.ndarray, np.ndarray]:
        """Cell origins (cells, 2) and strides (cells, 1), finest level first, row by row."""
        origins, strides = [], []
        for stride in YOLOX_STRIDES:
            y, x = np.mgrid[: self._height // stride, : self._width // stride]
            origins.append(np.stack([x.ravel(), y.ravel()], axis=1))
            strides.append(np.full((x.size, 1), stride))
        return np.concatenate(origins).astype(np.float32), np.concatenate(strides).astype(np.float32)
