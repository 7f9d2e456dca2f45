"""ONNX files are a stranger's: what onnxruntime cannot read or run, or should not, is refused in one line."""

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from onnx_networks import OPSET, save_constant_network, save_network

from smot_vlm.association.reid import OnnxReID
from smot_vlm.detection.onnx_external import check_external_data
from smot_vlm.detection.onnx_session import open_session, run_session


def numbers(name: str, shape: list[int | str] | None = None, kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def external(location: str) -> TensorProto:
    tensor = TensorProto(name="weights", data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
    tensor.dims.append(4)
    for key, value in (("location", location), ("length", "16")):
        tensor.external_data.add(key=key, value=value)
    return tensor


def save_external(path, tensor: TensorProto, where: str):
    """A network x + weights, the tensor at one of the places where a model can have one."""
    constant = helper.make_node("Constant", [], ["weights"], value=tensor)
    branch = helper.make_graph([constant], "branch", [], [numbers("weights")])
    nodes = {
        "initializer": [],
        "attribute": [constant],
        "subgraph": [helper.make_node("If", ["yes"], ["weights"], then_branch=branch, else_branch=branch)],
    }[where]
    constants = [tensor] if where == "initializer" else [numpy_helper.from_array(np.array(True), "yes")]
    nodes.append(helper.make_node("Add", ["x", "weights"], ["y"]))
    return save_network(path, nodes, [numbers("x", [4])], [numbers("y", [4])], constants)


@pytest.mark.parametrize("where", ["initializer", "attribute", "subgraph"])
@pytest.mark.parametrize("place", ["../secret", "/etc/hostname", "a/../../secret", "link", "C:\\secret", "..\\secret"])
def test_weights_outside_the_files_folder_are_refused(tmp_path, where, place):
    (tmp_path / "model").mkdir()
    (tmp_path / "secret").write_bytes(bytes(16))
    (tmp_path / "model" / "link").symlink_to("../secret")
    path = save_external(tmp_path / "model" / "net.onnx", external(place), where)
    with pytest.raises(ValueError, match="outside its own folder"):
        open_session(path, 1, "detector")


def test_weights_beside_the_file_are_read(tmp_path):
    (tmp_path / "net.onnx.data").write_bytes(np.arange(4, dtype=np.float32).tobytes())
    path = save_external(tmp_path / "net.onnx", external("net.onnx.data"), "initializer")
    session = open_session(path, 1, "detector")
    assert run_session(session, path, {"x": np.ones(4, np.float32)})[0].tolist() == [1, 2, 3, 4]


def test_a_file_that_says_location_elsewhere_is_read(tmp_path):
    path = save_constant_network(tmp_path / "net.onnx", np.zeros((1, 2), np.float32), names=("location",))
    assert open_session(path, 1, "detector").get_outputs()[0].name == "location"


@given(place=st.integers(0, 10**6), byte=st.integers(0, 255), cut=st.integers(0, 40))
def test_a_damaged_file_is_one_line_or_none(tmp_path_factory, place, byte, cut):
    path = tmp_path_factory.mktemp("damaged") / "net.onnx"
    content = bytearray(save_external(path, external("beside"), "subgraph").read_bytes())
    content[place % len(content)] = byte
    path.write_bytes(content[: len(content) - cut])
    message = f"{path}: "
    try:
        check_external_data(path)
    except ValueError as error:
        message = str(error)
    assert message.startswith(f"{path}: ")
    assert message.isprintable()


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "empty"), (b"hello", "onnxruntime cannot read it"), (b"location", "damaged, or not an ONNX file")],
)
def test_a_file_that_is_no_network_is_refused(tmp_path, content, words):
    (tmp_path / "net.onnx").write_bytes(content)
    with pytest.raises(ValueError, match=rf"net\.onnx: {words}"):
        open_session(tmp_path / "net.onnx", 1, "detector")
    with pytest.raises(FileNotFoundError, match="no such ONNX file"):
        open_session(tmp_path / "other.onnx", 1, "detector")


def test_operators_that_onnxruntime_has_not_are_refused(tmp_path):
    node = helper.make_node("Run\x1bMe", ["x"], ["y"], domain="some.vendor")
    opsets = [*OPSET, helper.make_opsetid("some.vendor", 1)]
    path = save_network(tmp_path / "net.onnx", [node], [numbers("x", [1])], [numbers("y")], [], opsets=opsets)
    with pytest.raises(ValueError, match="is not a registered function/op") as error:
        open_session(path, 1, "detector")
    assert str(error.value).isprintable()
    assert "export the detector again" in str(error.value)


@pytest.mark.parametrize("side", [2**20, 2**40])
def test_absurd_sizes_are_refused(tmp_path, side):
    node = helper.make_node("Relu", ["x"], ["y"])
    path = save_network(tmp_path / "net.onnx", [node], [numbers("x", [side, side])], [numbers("y")], [])
    with pytest.raises(ValueError, match=r"'x' has shape|onnxruntime cannot read it"):
        open_session(path, 1, "detector")


def test_a_network_that_fails_while_it_runs_is_one_line(tmp_path):
    """Memory for 10**12 numbers is asked for."""
    nodes = [helper.make_node("ConstantOfShape", ["x"], ["y"])]
    path = save_network(tmp_path / "net.onnx", nodes, [numbers("x", [2], TensorProto.INT64)], [numbers("y")], [])
    session = open_session(path, 1, "detector")
    with pytest.raises(ValueError, match=r"net\.onnx: onnxruntime cannot run it \(") as error:
        run_session(session, path, {"x": np.array([10**6, 10**6])})
    assert str(error.value).isprintable()
    with pytest.raises(ValueError, match=r"net\.onnx: onnxruntime cannot run it \(.*Unexpected input data type"):
        run_session(session, path, {"x": np.zeros(2, np.float32)})


def test_a_network_that_never_ends_is_stopped(tmp_path):
    body = helper.make_graph(
        [helper.make_node("Identity", ["going"], ["on"]), helper.make_node("Identity", ["before"], ["after"])],
        "body",
        [numbers("count", [], TensorProto.INT64), numbers("going", [], TensorProto.BOOL), numbers("before", [1])],
        [numbers("on", [], TensorProto.BOOL), numbers("after", [1])],
    )
    nodes = [helper.make_node("Loop", ["", "yes", "x"], ["y"], body=body)]
    constants = [numpy_helper.from_array(np.array(True), "yes")]
    path = save_network(tmp_path / "net.onnx", nodes, [numbers("x", [1])], [numbers("y", [1])], constants)
    session = open_session(path, 1, "detector")
    with pytest.raises(ValueError, match=r"cannot run it within 0\.2 seconds"):
        run_session(session, path, {"x": np.zeros(1, np.float32)}, limit_seconds=0.2)


def test_a_network_that_answers_in_words_is_refused(tmp_path):
    node = helper.make_node("Cast", ["x"], ["y"], to=TensorProto.STRING)
    outputs = [numbers("y", [1], TensorProto.STRING)]
    path = save_network(tmp_path / "net.onnx", [node], [numbers("x", [1])], outputs, [])
    with pytest.raises(ValueError, match="its output 'y' holds no numbers"):
        run_session(open_session(path, 1, "detector"), path, {"x": np.zeros(1, np.float32)})


def test_a_reid_model_that_fails_while_it_runs_is_one_line(tmp_path):
    nodes = [helper.make_node("Reshape", ["x", "shape"], ["y"])]
    constants = [numpy_helper.from_array(np.array([7, -1]), "shape")]
    path = save_network(tmp_path / "net.onnx", nodes, [numbers("x", ["n", 3, 8, 4])], [numbers("y")], constants)
    with pytest.raises(ValueError, match=r"net\.onnx: onnxruntime cannot run it"):
        OnnxReID(path)(np.zeros((20, 20, 3), np.uint8), np.array([[0.0, 0.0, 5.0, 5.0]]))
