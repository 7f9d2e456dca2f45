"""Every file that is read: whatever stands in it, it is read or told in one line of the project's, in bounded time.

A row of the table is a reader with a sound file; each hostile document is put in its place, and in a sound document of keys
and values each value is replaced by each of the wrong ones.
"""

import json
import logging
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from safetensors.torch import save
from tiny import tiny_config

from smot_vlm.config import apply_overrides, config_from_dict, config_to_dict, load_config
from smot_vlm.data.cvat import CvatTasks
from smot_vlm.data.label_studio import LabelStudioTasks
from smot_vlm.formats.track_files import read_tracks
from smot_vlm.models.build import build_model
from smot_vlm.models.checkpoint import load_pretrained, save_pretrained
from smot_vlm.models.tensor_files import read_tensors
from smot_vlm.output.run_settings import RunSettings, open_run
from smot_vlm.semantics.gguf_header import check_gguf
from smot_vlm.semantics.language_models import load_causal_lm
from smot_vlm.semantics.prompts import Prompts
from smot_vlm.semantics.sentence_embeddings import embed_sentences
from smot_vlm.semantics.tokenizers import load_tokenizer
from smot_vlm.structures import Description, Interaction, ModelInfo, Trajectory, VideoInfo
from smot_vlm.system.checksums import read_sums
from smot_vlm.training.checkpoints import read_checkpoint
from smot_vlm.training.records import read_log

ERRORS = (ValueError, OSError, ImportError)
SECONDS = 20.0  # a busy machine has its time; without bounds these take hours

ALIASES = "a: &a0 [x]\n" + "".join(f"b{i}: &a{i + 1} [{', '.join([f'*a{i}'] * 10)}]\n" for i in range(12))
DOCUMENTS: dict[str, bytes] = {
    "nothing": b"",
    "null": b"null",
    "a number": b"3",
    "a huge number": b"1" + b"0" * 5_000,
    "not a number": b"NaN",
    "a text": b'"text"',
    "a list": b"[]",
    "a list of lists": b"[[1], [2, [3]]]",
    "an object": b"{}",
    "keys of others": b'{"model_type": "llama", "__class__": {"a": [1]}}',
    "a key twice": b'{"step": 1, "step": 2}',
    "deep lists": b"[" * 100_000,
    "deep closed lists": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 100_000,
    "half": b'{"a": [1, 2',
    "bytes": bytes(range(256)) * 64,
    "zeros": bytes(4096),
    "utf-16": '{"a": 1}'.encode("utf-16"),
    "half of a letter": b'{"name": "\\ud800", "caption": "\\ud800"}',
    "aliases that multiply": ALIASES.encode(),
    "an alias of itself": b"a: &a [*a]\nname: &b {x: *b}",
    "merged without end": b"a: &a {x: 1}\nb: &b {<<: [*a, *a]}\nc: {<<: [*b, *b, *b]}",
    "tags": b"name: !!python/object/apply:os.system [true]",
    "wrong scalars": b"a: !!int ''\nb: !!timestamp x\nc: 2020-13-45\nd: !!bool maybe",
    "a pointer of Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
}
WRONG: list[Any] = [None, True, 0, -1, 2**70, 1e400, float("nan"), 0.5, "text", "\ud800", [], [[]], {}, {"a": 1}]


@dataclass(frozen=True)
class Reader:
    """A reader and its sound file."""

    path: Path
    read: Callable[[], object]
    fields: Any = None


def described() -> Description:
    people = [Trajectory(id, [0, 2], [[1, 2, 30, 40]] * 2, [0.5, 0.75], "walks") for id in (1, 2)]
    video = VideoInfo("clip.mp4", 64, 48, 25.0, 5, damage=((0.5, 1.0),), times=((0, 0.0), (4, 1.0)))
    interactions = [Interaction(1, "talk.v.01", 2, 0.75)]
    return Description(video, people, interactions, "Two.", ModelInfo("demo", "lora-lm", "byte", True))


CVAT = b"""<annotations><meta><task><size>3</size></task></meta><track id="0" label="person">
<box frame="0" outside="0" xtl="1" ytl="2" xbr="30" ybr="40"/></track></annotations>"""
KEY = {"frame": 1, "x": 1, "y": 2.5, "width": 30, "height": 40, "enabled": True, "rotation": 0, "time": 0.5}
REGION = {"id": "a", "type": "videorectangle", "value": {"framesCount": 3, "duration": 1.5, "sequence": [KEY]}}
TASK = {"data": {"video": "a.mp4", "width": 64, "height": 48}, "annotations": [{"result": [REGION]}]}

RUNS = {"size": [4, 4], "counts": [5, 2, 9]}
BOX = {"x_min": 1, "y_min": 2.5, "x_max": 30, "y_max": 40}
# Boxes with ids made elsewhere, one file of each form that is JSON.
TRACKS: dict[str, Any] = {
    "sink.json": [{**BOX, "class_id": 0, "confidence": 0.5, "tracker_id": 3, "frame": 0}],
    "coco.json": {
        "images": [{"id": 5, "frame_index": 1}],
        "categories": [{"id": 1, "name": "person"}],
        "annotations": [{"image_id": 5, "category_id": 1, "bbox": [1, 2, 3.5, 4], "score": 0.5, "track_id": 3}],
    },
    "boxes.json": [{"object_ids": [3], "boxes": [[1, 2, 30, 40]], "scores": [0.5]}],
    "masks.json": {"0": {"3": RUNS, "4": {**RUNS, "counts": "529"}}},
}
SETTINGS = RunSettings("data", "val", "demo", "model", "byte")


def make_readers(place: Path, language_model: Path) -> Iterator[tuple[str, Reader]]:
    config = tiny_config(language_model)
    save_pretrained(build_model(config), config, place / "model")
    shutil.copytree(language_model, place / "lm")

    def load_folder():
        return load_pretrained(place / "model")

    plain = json.loads(json.dumps(config_to_dict(config)))
    yield "config.yaml", Reader(place / "c.yaml", lambda: load_config(place / "c.yaml"), plain)
    description = json.loads(described().to_json())
    yield "description.json", Reader(place / "d.json", lambda: Description.from_json(place / "d.json"), description)
    run = {**vars(SETTINGS)}
    yield "run.json", Reader(place / "run/run.json", lambda: open_run(place / "run", SETTINGS), run)
    entry = {"step": 3, "validation": {"hota": 0.5}}
    yield "log.jsonl", Reader(place / "log.jsonl", lambda: read_log(place / "log.jsonl"), entry)
    yield "checkpoint", Reader(place / "step-0000001.pt", lambda: read_checkpoint(place / "step-0000001.pt"))
    yield "safetensors", Reader(place / "w.safetensors", lambda: read_tensors(place / "w.safetensors"))
    yield "gguf", Reader(place / "m.gguf", lambda: check_gguf(place / "m.gguf"))
    yield "checksums", Reader(place / "SHA256SUMS", lambda: read_sums(place))
    yield "prompt", Reader(place / "verb.jinja", lambda: Prompts(place).fill("verb"))
    for name, content in TRACKS.items():
        yield name, Reader(place / name, lambda name=name: read_tracks(place / name), content)
    (place / "task.xml").write_bytes(CVAT)
    yield "cvat", Reader(place / "task.xml", lambda: CvatTasks([place / "task.xml"]).read(0))
    yield "label-studio", Reader(place / "ls.json", lambda: LabelStudioTasks([place / "ls.json"]).read(0), [TASK])
    yield "encoder", Reader(place / "encoder/modules.json", lambda: embed_sentences(["a"], str(place / "encoder")))
    lm = place / "lm"
    yield "language model", Reader(lm / "config.json", lambda: load_causal_lm(str(lm)))
    yield "language model's weights", Reader(lm / "model.safetensors", lambda: load_causal_lm(str(lm)))
    for name in ("tokenizer.json", "tokenizer_config.json"):
        yield name, Reader(lm / name, lambda: load_tokenizer(lm))
    for name in ("config.json", "model.safetensors", "adapter/adapter_config.json", "tokenizer/tokenizer.json"):
        yield f"model's {name}", Reader(place / "model" / name, load_folder)


READERS = (
    "config.yaml", "description.json", "run.json", "log.jsonl", "checkpoint", "safetensors", "gguf", "checksums", "prompt",
    *TRACKS, "cvat", "label-studio", "encoder", "language model", "language model's weights", "tokenizer.json", "tokenizer_config.json",
    "model's config.json", "model's model.safetensors", "model's adapter/adapter_config.json",
    "model's tokenizer/tokenizer.json",
)  # fmt: skip
WITH_FIELDS = ("config.yaml", "description.json", "run.json", "log.jsonl", *TRACKS, "label-studio")


@pytest.fixture(scope="module")
def readers(tiny_language_model, tmp_path_factory) -> dict[str, Reader]:
    place = tmp_path_factory.mktemp("hostile")
    found = dict(make_readers(place, tiny_language_model))
    assert set(found) == set(READERS)
    (place / "encoder").mkdir()
    (place / "encoder/config.json").write_text("{}")
    return found


def attempt(reader: Reader, content: bytes) -> str:
    """The error's text, or nothing where the file was read; any other exception fails the test."""
    before = reader.path.read_bytes() if reader.path.is_file() else None
    reader.path.parent.mkdir(parents=True, exist_ok=True)
    reader.path.write_bytes(content)
    start = time.monotonic()
    try:
        reader.read()
        return ""
    except ERRORS as error:
        text = str(error)
        assert "\n" not in text
        assert len(text) < 2_000
        assert text.isprintable()
        return text
    finally:
        assert time.monotonic() - start < SECONDS
        reader.path.unlink() if before is None else reader.path.write_bytes(before)


@pytest.mark.parametrize("document", list(DOCUMENTS))
@pytest.mark.parametrize("name", READERS)
def test_a_hostile_document_is_read_or_told(readers, name, document, caplog):
    with caplog.at_level(logging.WARNING):
        told = attempt(readers[name], DOCUMENTS[document])
    place = readers[name].path
    assert not told or place.name in told or str(place.parent) in told


def places(content: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where each value of a document is, containers too."""
    if way:
        yield way
    parts = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, part in parts:
        yield from places(part, (*way, key))


def replaced(content: Any, way: tuple[Any, ...], value: Any) -> Any:
    if not way:
        return value
    copy = dict(content) if isinstance(content, dict) else list(content)
    copy[way[0]] = replaced(content[way[0]], way[1:], value)
    return copy


def dump(name: str, content: Any) -> bytes:
    text = yaml.safe_dump(content) if name.endswith(".yaml") else json.dumps(content)
    return text.encode("utf-8", errors="surrogatepass")


@pytest.mark.parametrize("name", WITH_FIELDS)
def test_a_wrong_value_of_each_field_is_read_or_told(readers, name):
    reader = readers[name]
    assert reader.fields is not None
    assert attempt(reader, dump(name, reader.fields)) == "", "the sound file is read"
    refused = 0
    for way in places(reader.fields):
        for value in WRONG:
            given = replaced(reader.fields, way, value)
            # A configuration's other sections have defaults, and YAML is slow to write and to read.
            given = {way[0]: given[way[0]]} if name == "config.yaml" else given
            refused += bool(attempt(reader, dump(name, given)))
    assert name == "log.jsonl" or refused > 5 * len(list(places(reader.fields)))


@pytest.mark.parametrize(
    ("way", "value", "words"),
    [
        (("tracks", 1, "id"), 2**70, "tracks[1].id is 1180591620717411303424; it takes int from -2**53 to 2**53"),
        (("tracks", 0, "caption"), None, "tracks[0].caption is None; it takes str"),
        (("caption",), 7, "caption is 7; it takes str"),
        (("tracks", 0, "boxes", 1, 2), float("nan"), "tracks[0].boxes[1][2] is nan; it takes float"),
        (("tracks", 0, "boxes", 1), [1, 2], "tracks[0].boxes[1] is [1, 2]; it takes 4 numbers"),
        (("tracks", 0, "frames", 0), True, "tracks[0].frames[0] is True; it takes int"),
        (("tracks",), {}, "tracks is {}; it takes a list"),
        (("video", "fps"), -1, "video.fps is -1; it takes float from 0"),
        (("interactions", 0, "object"), 1, "interactions[0]: track 1 cannot"),
        (("model", "trained"), 1, "model.trained is 1; it takes bool"),
    ],
)
def test_the_place_and_what_is_allowed_are_told(readers, way, value, words):
    reader = readers["description.json"]
    told = attempt(reader, dump("description.json", replaced(reader.fields, way, value)))
    assert f"{reader.path}: {words}" in told


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("features.per_second=0", "features.per_second is 0; it takes float above 0"),
        ("features.per_second=.nan", "features.per_second is nan; it takes float above 0"),
        ("features.dim=-4", "features.dim is -4; it takes int from 1"),
        ("decoder.max_batch=0", "decoder.max_batch is 0; it takes int from 1"),
        ("interaction.threshold=1.5", "interaction.threshold is 1.5; it takes float from 0 to 1"),
        ("training.true_tracks=[1]", "training.true_tracks is [1]; it takes [float from 0 to 1, float from 0 to 1]"),
        ("training.seed=1180591620717411303424", "it takes int from -2**53 to 2**53"),
        ("fusion.heads=7", "dim takes a multiple of heads"),
        ("training.weights={a: -1}", "training.weights.a is -1; it takes float from 0"),
        ("name=[", "not YAML"),
        ("name=&a [*a]", "alias"),
    ],
)
def test_a_setting_out_of_range_is_told(override, words):
    with pytest.raises(ValueError, match=r"takes|YAML") as caught:
        config_from_dict(apply_overrides({}, [override]))
    assert words in str(caught.value)


TENSOR = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}


@pytest.mark.parametrize(
    "header",
    [
        {"a": TENSOR | {"shape": [-1]}},
        {"a": TENSOR | {"shape": [2**62, 2**62, 0]}},
        {"a": TENSOR | {"shape": "x"}},
        {"a": TENSOR | {"dtype": "F99"}},
        {"a": TENSOR | {"data_offsets": [2**64, 1]}},
        {"a": TENSOR | {"data_offsets": [0, 2**40]}},
        {"a": TENSOR, "b": TENSOR},
        {"__metadata__": 3},
        {"a": None},
    ],
)
def test_a_wrong_header_of_weights_is_told(readers, header):
    text = json.dumps(header).encode()
    told = attempt(readers["safetensors"], len(text).to_bytes(8, "little") + text + bytes(16))
    assert "damaged" in told


def test_a_length_beyond_the_file_is_told(readers):
    whole = save({"a": torch.zeros(4)})
    assert attempt(readers["safetensors"], whole) == ""
    assert "damaged" in attempt(readers["safetensors"], (2**63).to_bytes(8, "little") + whole[8:])
    assert "damaged" in attempt(readers["safetensors"], whole[:-1])
