"""Opens ONNX files, with errors that say what is wrong with them."""

from pathlib import Path

import onnxruntime


def open_session(path: Path, threads: int, kind: str) -> onnxruntime.InferenceSession:
    """Open a session, on the GPU where onnxruntime has one.

    Args:
        path: The ONNX file.
        threads: 0 lets onnxruntime choose.
        kind: What the file should hold, for errors.

    Raises:
        FileNotFoundError: No such file.
        ValueError: onnxruntime cannot read it.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such ONNX file; give the path of an exported {kind}")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    # Idle threads would spin between two frames and take the cores from torch's threads.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers = [
        name
        for name in ("CUDAExecutionProvider", "CPUExecutionProvider")
        if name in onnxruntime.get_available_providers()
    ]
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # onnxruntime's errors share no base class that it exports
        reason = " ".join(str(error).split())[:160]
        raise ValueError(f"{path}: onnxruntime cannot read it as a model ({reason})") from error
