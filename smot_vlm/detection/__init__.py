"""From frames to boxes: the trainable YOLO detector, checkpoints and ONNX files."""
