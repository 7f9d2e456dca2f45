"""From frames to boxes: the trainable YOLO detector, checkpoints and ONNX files."""

import os

# ultralytics asks two name servers when it is imported, which without a network takes seconds. Nothing here needs to know.
os.environ.setdefault("YOLO_OFFLINE", "true")
