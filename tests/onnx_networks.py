"""Tiny ONNX files for tests: whatever picture they read, they answer the same."""

from pathlib import Path

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper, numpy_helper

OPSET = [helper.make_opsetid("", 17)]
PICTURE = [1, 3, 64, 64]


def save_constant_network(
    path: Path,
    *outputs: np.ndarray,
    names: tuple[str, ...] = (),
    picture: list[int | str] | None = None,
    dtype: int = TensorProto.FLOAT,
    metadata: dict[str, str] | None = None,
    others: tuple[onnx.ValueInfoProto, ...] = (),
) -> Path:
    """A network that gives `outputs`.

    Args:
        path: To write.
        outputs: In their own types.
        names: Of the outputs.
        picture: Shape of the input.
        dtype: Of the input.
        metadata: What the file states.
        others: More inputs, which are not read.
    """
    # The picture's sum times zero is added, so that the input is used.
    nodes = [
        helper.make_node("Cast", ["images"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["floats"], ["sum"], keepdims=0),
        helper.make_node("Mul", ["sum", "zero"], ["nothing"]),
    ]
    constants = [numpy_helper.from_array(np.zeros((), np.float32), "zero")]
    answers = []
    for place, output in enumerate(outputs):
        name = names[place] if names else f"output{place}"
        kind = helper.np_dtype_to_tensor_dtype(output.dtype)
        nodes.append(helper.make_node("Cast", ["nothing"], [f"nothing{place}"], to=kind))
        nodes.append(helper.make_node("Add", [f"answer{place}", f"nothing{place}"], [name]))
        constants.append(numpy_helper.from_array(output, f"answer{place}"))
        answers.append(helper.make_tensor_value_info(name, kind, list(output.shape)))
    inputs = [helper.make_tensor_value_info("images", dtype, picture or PICTURE), *others]
    return save_network(path, nodes, inputs, answers, constants, metadata)


def save_network(
    path: Path,
    nodes: list[NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    constants: list[TensorProto],
    metadata: dict[str, str] | None = None,
    opsets: list[onnx.OperatorSetIdProto] = OPSET,
) -> Path:
    """Write a graph without any check of it.

    Args:
        path: To write.
        nodes: Of the graph.
        inputs: Of the graph.
        outputs: Of the graph.
        constants: Of the graph.
        metadata: What the file states.
        opsets: Whose operators it uses.
    """
    model = helper.make_model(
        helper.make_graph(nodes, "network", inputs, outputs, constants), opset_imports=opsets, ir_version=8
    )
    helper.set_model_props(model, metadata or {})
    path.write_bytes(model.SerializeToString())
    return path
