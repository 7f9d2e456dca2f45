"""Person detectors from ONNX files. The only file that runs a detector on onnxruntime.

What a file states about itself is read first; its output's shape, and then the numbers in it, tell the rest. The
layouts are listed in `onnx_layout`: YOLOX raw and decoded, YOLOv5, YOLOv6, ultralytics' with and without suppression
(pose and segmentation too: their boxes) and RT-DETR in three forms.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from smot_vlm.detection.letterbox import Letterbox, letterbox, stretch
from smot_vlm.detection.onnx_boxes import BoxReader
from smot_vlm.detection.onnx_evidence import choose_layout
from smot_vlm.detection.onnx_inputs import feed_sizes, read_inputs
from smot_vlm.detection.onnx_layout import RTDETR_SIZED, Layout, possible_layouts
from smot_vlm.detection.onnx_outputs import KNOWN, BoxOutput, find_output
from smot_vlm.detection.onnx_session import open_session, run_session
from smot_vlm.detection.onnx_statement import Statement, read_statement
from smot_vlm.detection.person_class import choose_people
from smot_vlm.detection.result_check import ResultCheck
from smot_vlm.structures import Detections

# A network that needs longer for a picture is no detector, but a loop.
LONGEST_FIRST_RUN_SECONDS = 120.0


class OnnxDetector:
    """People from an exported detector.

    Args:
        path: The ONNX file.
        min_score: Boxes below are dropped.
        overlap: IoU of non-maximum suppression.
        image_size: Sides of the canvas in pixels, where the file leaves them open and states none.
        classes: What its classes are called, in their order; empty: as the file says.
        threads: Of onnxruntime; 0 lets it choose.

    Attributes:
        layout: How its output is read.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Not ONNX, no detector whose output is known, or one that finds no people.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        min_score: float = 0.1,
        overlap: float = 0.65,
        image_size: int = 640,
        classes: Sequence[str] = (),
        threads: int = 0,
    ) -> None:
        self._path = Path(path)
        self._session = open_session(self._path, threads, "detector")
        statement = read_statement(self._path, self._session.get_modelmeta().custom_metadata_map, classes)
        sides = statement.sides or (image_size, image_size)
        self._picture, size = read_inputs(self._path, self._session.get_inputs(), sides)
        self._size = size
        self._open_batch = self._picture.open_batch
        self._tensor = self._picture.tensor(self._picture.batch)
        self._output, sample = self._first_run()
        self.layout = self._find_layout(sample, statement)
        self._reader = BoxReader(
            self.layout,
            self._picture.height,
            self._picture.width,
            choose_people(self._path, statement.names, self.layout.classes),
            min_score=min_score,
            overlap=overlap,
            check=ResultCheck(str(self._path)),
        )

    @property
    def kind(self) -> str:
        """The name of the layout's family."""
        return self.layout.kind.name

    def detect(self, image: np.ndarray) -> Detections:
        """Find the people of one frame."""
        return self._detect_batch([image])[0]

    def detect_many(self, images: Sequence[np.ndarray]) -> list[Detections]:
        """Find the people of several frames, as many a run as the file takes; some that leave it open take one all the same."""
        batch = len(images) if self._open_batch else self._picture.batch
        groups = [images[start : start + batch] for start in range(0, len(images), batch)]
        try:
            return [people for group in groups for people in self._detect_batch(group)]
        except ValueError:
            if not self._open_batch or len(images) == 1:
                raise
        self._open_batch = False
        return self.detect_many(images)

    def _detect_batch(self, images: Sequence[np.ndarray]) -> list[Detections]:
        placed = [self._place(image) for image in images]
        outputs = self._run([canvas for canvas, _ in placed], bgr=self.layout.kind.bgr)
        given = min(len(outputs[place]) for place in self._output.places)
        if given < len(images):
            raise ValueError(f"{self._path}: it reads {len(images)} pictures and answers for {given}; export it again")
        tables = [self._output.table(outputs, place) for place in range(len(images))]
        if not all(self.layout.holds(table.shape) for table in tables):
            raise ValueError(f"{self._path}: its output has shape {tables[0].shape}, but had another; export it again")
        return [self._reader.people(table, place) for table, (_, place) in zip(tables, placed, strict=True)]

    def _place(self, image: np.ndarray) -> tuple[np.ndarray, Letterbox]:
        """The image in the network's canvas, and where it lies there."""
        placement, width, height = self.layout.kind.placement, self._picture.width, self._picture.height
        if placement == "stretch":
            return stretch(image, width, height)
        return letterbox(image, width, height, centered=placement == "center")

    def _first_run(self) -> tuple[BoxOutput, np.ndarray]:
        """One run on noise: exports with free axes show their output's shape only then, and some need its numbers."""
        shape = (self._picture.height, self._picture.width, 3)
        noise = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
        outputs = self._run([noise], bgr=False, limit_seconds=LONGEST_FIRST_RUN_SECONDS)
        found = find_output(
            self._path,
            self._session.get_outputs(),
            outputs,
            batch=self._picture.batch,
            sized=self._size is not None,
        )
        sample = found.table(outputs)
        if sample.size and not np.isfinite(sample).any():
            raise ValueError(f"{self._path}: every number it gives is NaN or infinite; export it again, in float32")
        return found, sample

    def _find_layout(self, sample: np.ndarray, statement: Statement) -> Layout:
        if self._output.is_triple:
            return Layout(RTDETR_SIZED, by_row=True, boxes=None, columns=sample.shape[1], classes=None)
        canvas = (self._picture.height, self._picture.width)
        shape = (sample.shape[0], sample.shape[1])
        layouts = possible_layouts(shape, canvas, statement, self._output.masks)
        if not layouts:
            stated = f" and it states {statement.count} classes" if statement.names else ""
            raise ValueError(
                f"{self._path}: not a known detector, its output has shape {(1, *shape)}{stated}; give {KNOWN}"
            )
        return choose_layout(self._path, layouts, sample, canvas, statement.suppresses)

    def _run(
        self, canvases: Sequence[np.ndarray], *, bgr: bool, limit_seconds: float | None = None
    ) -> list[np.ndarray]:
        pictures = max(len(canvases), self._picture.batch)
        if len(self._tensor) != pictures:
            self._tensor = self._picture.tensor(pictures)
        for place, canvas in enumerate(canvases):
            self._picture.fill(self._tensor, place, canvas, bgr)
        feeds = {self._picture.name: self._tensor, **feed_sizes(self._size, self._picture, pictures)}
        return run_session(self._session, self._path, feeds, limit_seconds=limit_seconds)
