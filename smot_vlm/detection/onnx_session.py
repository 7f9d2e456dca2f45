"""Opens and runs ONNX files, with errors that say what is wrong with them and what to do."""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from threading import Timer

import numpy as np
import onnxruntime

from smot_vlm.detection.foreign import reason_of
from smot_vlm.detection.onnx_external import check_external_data

# No detector or re-identification model reads or gives so many numbers (2 GB as float64).
LARGEST_TENSOR = 2**28


def open_session(path: Path, threads: int, kind: str) -> onnxruntime.InferenceSession:
    """Open a session, on the GPU where onnxruntime has one.

    Args:
        path: The ONNX file. It is a stranger's: weights outside its folder, operators that onnxruntime has not and
            tensors of absurd size are refused.
        threads: 0: as many as OMP_NUM_THREADS says, like torch; where it says nothing onnxruntime chooses.
        kind: What the file should hold, for errors.

    Returns:
        The session.

    Raises:
        FileNotFoundError: No such file.
        ValueError: onnxruntime cannot read it.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such ONNX file; give the path of an exported {kind}")
    check_external_data(path)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or _stated_threads()
    options.log_severity_level = 4
    # Idle threads would spin between two frames and take the cores from torch's threads.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    providers = [
        name
        for name in ("CUDAExecutionProvider", "CPUExecutionProvider")
        if name in onnxruntime.get_available_providers()
    ]
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=providers)
    except Exception as error:  # onnxruntime's errors share no base class that it exports
        raise ValueError(
            f"{path}: onnxruntime cannot read it as a model ({reason_of(error)}); export the {kind} again, with ONNX's "
            f"own operators and an opset that onnxruntime {onnxruntime.__version__} knows"
        ) from error
    _check_sizes(session, path)
    return session


def _stated_threads() -> int:
    stated = os.environ.get("OMP_NUM_THREADS", "")
    return int(stated) if stated.isdecimal() else 0


def run_session(
    session: onnxruntime.InferenceSession,
    path: Path,
    feeds: Mapping[str, np.ndarray],
    *,
    limit_seconds: float | None = None,
) -> list[np.ndarray]:
    """Run a session.

    Args:
        session: Of `open_session`.
        path: Of the file, for errors.
        feeds: Every input by its name.
        limit_seconds: The run is stopped after so long; None: never.

    Returns:
        Every output.

    Raises:
        ValueError: onnxruntime cannot run it, it ran too long, or an output is no array of numbers.
    """
    options = onnxruntime.RunOptions()
    timer = Timer(limit_seconds or 0, lambda: setattr(options, "terminate", True))
    if limit_seconds is not None:
        timer.daemon = True
        timer.start()
    try:
        outputs: list[np.ndarray] = session.run(None, dict(feeds), options)
    except Exception as error:  # as in open_session
        late = f" within {limit_seconds:g} seconds" if options.terminate else ""
        raise ValueError(
            f"{path}: onnxruntime cannot run it{late} ({reason_of(error)}); export it again for the sizes and types of "
            "its inputs, or give another file"
        ) from error
    finally:
        timer.cancel()
    for output, described in zip(outputs, session.get_outputs(), strict=True):
        if not isinstance(output, np.ndarray) or output.dtype.kind not in "fiub":
            raise ValueError(f"{path}: its output {described.name!r} holds no numbers ({described.type})")
    return outputs


def _check_sizes(session: onnxruntime.InferenceSession, path: Path) -> None:
    for entry in (*session.get_inputs(), *session.get_outputs()):
        sides = [side for side in entry.shape or () if isinstance(side, int)]
        if math.prod(sides) > LARGEST_TENSOR:
            raise ValueError(
                f"{path}: {entry.name!r} has shape {entry.shape}; at most {LARGEST_TENSOR} numbers are taken"
            )
