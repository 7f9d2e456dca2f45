"""Re-identification: crops in the model's form, files that are refused, the gallery, and a real model on real people."""

import av
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from smot_vlm.association.associators import ASSOCIATORS
from smot_vlm.association.reid import DEVIATION, MEAN, Gallery, OnnxReID
from smot_vlm.association.settings import AssociationSettings
from smot_vlm.formats.mot_files import read_truth
from smot_vlm.structures import Detections


def save_mean_color(path, batch: int | str, shape=(3, 8, 4), flat: bool = True):
    """A network that gives the mean of each channel of its input."""
    picture = helper.make_tensor_value_info("images", TensorProto.FLOAT, [batch, *shape])
    output = helper.make_tensor_value_info("output", TensorProto.FLOAT, None)
    nodes = [helper.make_node("GlobalAveragePool", ["images"], ["output" if not flat else "pooled"])]
    if flat:
        nodes.append(helper.make_node("Flatten", ["pooled"], ["output"]))
    graph = helper.make_graph(nodes, "mean", [picture], [output])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


def painted() -> np.ndarray:
    image = np.zeros((60, 80, 3), dtype=np.uint8)
    image[:, :40] = (200, 30, 90)
    image[:, 40:] = (10, 240, 120)
    return image


def expected(pixel: tuple[int, int, int]) -> np.ndarray:
    vector = (np.array(pixel) / 255 - MEAN) / DEVIATION
    return vector / np.linalg.norm(vector)


@pytest.mark.parametrize("batch", [1, 2, "batch"])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_crops_are_rgb_normalised_and_embeddings_are_unit_vectors(tmp_path, batch, count):
    encode = OnnxReID(save_mean_color(tmp_path / "mean.onnx", batch))
    boxes = np.array([[5.0, 5, 30, 50], [45.5, 3.2, 70.1, 40], [2, 2, 8, 8]])[:count]
    embeddings = encode(painted(), boxes)
    assert embeddings.shape == (count, 3)
    assert embeddings.dtype == np.float32
    colors = [(200, 30, 90), (10, 240, 120), (200, 30, 90)][:count]
    np.testing.assert_allclose(embeddings, np.array([expected(pixel) for pixel in colors]).reshape(-1, 3), atol=1e-5)


@pytest.mark.parametrize(
    ("box", "pixel"),
    [
        ([-30.0, -30, 20, 90], (200, 30, 90)),
        ([-300.0, 10, -200, 40], (200, 30, 90)),
        ([500.0, 400, 600, 500], (10, 240, 120)),
        ([50.0, 20, 50.1, 20.1], (10, 240, 120)),
    ],
)
def test_a_box_is_cut_at_the_picture_and_never_vanishes(tmp_path, box, pixel):
    encode = OnnxReID(save_mean_color(tmp_path / "mean.onnx", 1))
    np.testing.assert_allclose(encode(painted(), np.array([box]))[0], expected(pixel), atol=1e-5)


def test_free_sides_are_those_of_osnet(tmp_path):
    encode = OnnxReID(save_mean_color(tmp_path / "mean.onnx", "batch", (3, "height", "width")))
    assert encode(painted(), np.array([[5.0, 5, 30, 50]])).shape == (1, 3)
    assert (encode._height, encode._width) == (256, 128)


def test_a_file_that_is_no_such_model_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError, match="give the path of an exported re-identification model"):
        OnnxReID(tmp_path / "none.onnx")
    (tmp_path / "text.onnx").write_text("not a model")
    with pytest.raises(ValueError, match="onnxruntime cannot read it as a model"):
        OnnxReID(tmp_path / "text.onnx")
    with pytest.raises(ValueError, match=r"its input has shape \[1, 4, 8, 4\]"):
        OnnxReID(save_mean_color(tmp_path / "four.onnx", 1, (4, 8, 4)))
    maps = OnnxReID(save_mean_color(tmp_path / "maps.onnx", 1, flat=False))
    with pytest.raises(ValueError, match=r"output of shape \(1, 3, 1, 1\)"):
        maps(painted(), np.array([[5.0, 5, 30, 50]]))


def test_the_table_finds_the_model_in_the_cache_or_says_where_to_put_it(tmp_path, monkeypatch):
    monkeypatch.setenv("SMOT_VLM_CACHE", str(tmp_path))
    with pytest.raises(FileNotFoundError, match=rf"{tmp_path}/reid: no ONNX re-identification model there"):
        ASSOCIATORS["deepsort"](AssociationSettings())
    (tmp_path / "reid").mkdir()
    save_mean_color(tmp_path / "reid" / "mean.onnx", 1)
    deepsort = ASSOCIATORS["deepsort"](AssociationSettings())
    one = Detections(np.array([[5.0, 5, 30, 50]]), np.array([0.9]))
    assert [deepsort.update(one, painted()).ids.tolist() for _ in range(3)] == [[], [], [1]]


def unit(*angles: float) -> np.ndarray:
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_a_gallery_keeps_the_best_of_the_newest_embeddings():
    gallery = Gallery(2)
    slots = gallery.open(unit(0.0, 1.0))
    np.testing.assert_allclose(gallery.similarity(slots, unit(0.0)), [[1], [np.cos(1)]], atol=1e-6)
    gallery.add(slots[:1], unit(0.5))
    np.testing.assert_allclose(gallery.similarity(slots, unit(0.0))[0], [1], atol=1e-6)
    gallery.add(slots[:1], unit(0.7))
    np.testing.assert_allclose(gallery.similarity(slots, unit(0.0))[0], [np.cos(0.5)], atol=1e-6)
    np.testing.assert_array_equal(gallery.similarity(slots, unit(np.pi))[0], [0])


def test_slots_are_used_again_and_come_clean():
    gallery = Gallery(3)
    first = gallery.open(unit(0.0, 0.1, 0.2))
    gallery.close(first[1:2])
    again = gallery.open(unit(1.5))
    assert again.tolist() == first[1:2].tolist()
    np.testing.assert_allclose(gallery.similarity(again, unit(0.1)), [[np.cos(1.4)]], atol=1e-6)
    more = gallery.open(unit(*np.linspace(0, 1, 9)))
    assert len({*first.tolist(), *more.tolist()}) == 12
    np.testing.assert_allclose(gallery.similarity(first[:1], unit(0.0)), [[1]], atol=1e-6)
    assert gallery.similarity(first[:0], unit(0.0)).shape == (0, 1)


def test_a_real_model_knows_real_people_again(shared):
    """OSNet x0.25 on TUD-Campus, every tenth frame: one person in two frames is nearer than two people."""
    model = shared / "data" / "reid" / "osnet_x0_25_msmt17.onnx"
    if not model.is_file():
        pytest.skip("the appearance model (../shared/data/reid) is not here")
    folder = shared / "data" / "mot15" / "TUD-Campus"
    truth = read_truth(folder / "gt" / "gt.txt").rows
    encode = OnnxReID(model, threads=1)
    embeddings, ids, frames = [], [], []
    with av.open(str(next(folder.glob("*.mp4")))) as video:
        for index, frame in enumerate(video.decode(video=0)):
            if index % 10 == 0:
                rows = truth.frames == index
                embeddings.append(encode(frame.to_ndarray(format="rgb24"), truth.boxes[rows]))
                ids.append(truth.ids[rows])
                frames.append(truth.frames[rows])
    vectors, ids, frames = np.concatenate(embeddings), np.concatenate(ids), np.concatenate(frames)
    similarity = vectors @ vectors.T
    later = frames[:, None] < frames
    same = similarity[later & (ids[:, None] == ids)]
    different = similarity[later & (ids[:, None] != ids)]
    assert (same[:, None] > different).mean() > 0.85
