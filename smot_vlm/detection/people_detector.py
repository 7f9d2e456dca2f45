"""The person detector that ships: YOLOX-nano (Ge et al. 2021), trained on COCO, see assets/detectors/NOTICE."""

from smot_vlm.detection.onnx_detector import OnnxDetector
from smot_vlm.system.files import shipped_folder

PEOPLE_DETECTOR = "yolox-nano"


def open_people_detector(*, min_score: float, overlap: float) -> OnnxDetector:
    """Open it.

    Args:
        min_score: Boxes below are dropped.
        overlap: IoU of non-maximum suppression.
    """
    path = shipped_folder("assets") / "detectors" / "yolox_nano.onnx"
    return OnnxDetector(path, min_score=min_score, overlap=overlap)
