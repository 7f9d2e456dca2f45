import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from bensmot_builder import assert_same, make_dataset, make_images
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from smot_vlm.data.bensmot import BenSmot, read_sequence
from smot_vlm.data.problems import Problem
from smot_vlm.data.validate import count_sequences, repair_dataset, validate_dataset

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "real_mini"

GT, CAPTIONS, VIDEO, GRAPH = "gt/gt.txt", "instance_captions.txt", "video_caption.txt", "interactions.graphml"
HEAD = '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">'


def edit(name: str, old: str, new: str) -> Callable[[Path], None]:
    def plant(folder: Path) -> None:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")

    return plant


def append(name: str, line: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_text((folder / name).read_text() + line + "\n")


def write(name: str, content: str | bytes) -> Callable[[Path], None]:
    data = content.encode() if isinstance(content, str) else content
    return lambda folder: (folder / name).write_bytes(data)


def remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


def break_off(name: str) -> Callable[[Path], None]:
    """A noisy JPEG without its second half."""

    def plant(folder: Path) -> None:
        Image.effect_noise((64, 48), 80).convert("RGB").save(folder / name)
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])

    return plant


def link_to_nothing(folder: Path) -> None:
    (folder / "imgs/005.jpg").unlink()
    (folder / "imgs/005.jpg").symlink_to(folder / "gone.jpg")


def duplicate_image(folder: Path) -> None:
    shutil.copy(folder / "imgs/001.jpg", folder / "imgs/1.png")


def unnamed_image(folder: Path) -> None:
    shutil.copy(folder / "imgs/001.jpg", folder / "imgs/cover.jpg")


def no_images(folder: Path) -> None:
    shutil.rmtree(folder / "imgs")


def empty_sequence(folder: Path) -> None:
    (folder.parent / "seq9").mkdir()


def empty_scenario(folder: Path) -> None:
    (folder.parent.parent / "dancing").mkdir()


def misplaced_sequence(folder: Path) -> None:
    shutil.copytree(folder, folder.parent.parent / "seq1")


def unknown_split(folder: Path) -> None:
    (folder.parents[2] / "tset").mkdir()


def empty_split(folder: Path) -> None:
    (folder.parents[2] / "train").mkdir()


# The valid sequence: gt.txt has nine rows, frames 1-5, ids 1 and 2 (id 2 from frame 2 on); row 1 is id 1 in frame 1.
ROW_1 = "1,1,4.000,8.000,10.000,20.000,1.0000,-1,-1,-1"
EDGE = '<edge source="woman0" target="man0">\n<data key="d0">simle.v.01</data></edge>\n'
DEFECTS: dict[str, tuple[Callable[[Path], None], str, int, str]] = {
    "row of words": (append(GT, "five,1,2,3,4,5"), GT, 10, "malformed-row"),
    "row too short": (append(GT, "5,1,2,3"), GT, 10, "malformed-row"),
    "frame 0": (append(GT, "0,1,2,3,4,5,1"), GT, 10, "malformed-row"),
    "half an id": (append(GT, "1,2.5,2,3,4,5,1"), GT, 10, "malformed-row"),
    "frame beyond all counting": (append(GT, "1e30,1,2,3,4,5,1"), GT, 10, "malformed-row"),
    "id beyond all counting": (append(GT, "5,-1e30,2,3,4,5,1"), GT, 10, "malformed-row"),
    "not a number": (edit(GT, "8.000", "nan"), GT, 1, "not-finite"),
    "infinite box": (edit(GT, "10.000", "inf"), GT, 1, "not-finite"),
    "no width": (edit(GT, "10.000", "0"), GT, 1, "bad-box"),
    "negative height": (edit(GT, "8.000,10.000,20.000", "28,10,-20"), GT, 1, "bad-box"),
    "id twice in a frame": (append(GT, ROW_1), GT, 10, "duplicate-id"),
    "box right of the frame": (edit(GT, "4.000,8.000", "56,8"), GT, 1, "box-outside"),
    "box above the frame": (edit(GT, "4.000,8.000", "4,-3"), GT, 1, "box-outside"),
    "box far away": (edit(GT, "4.000,8.000", "4000,8"), GT, 1, "box-outside"),
    "boxes after the last image": (append(GT, "6,1,4,8,10,20,1"), GT, 10, "frame-without-image"),
    "missing image": (remove("imgs/003.jpg"), GT, 4, "frame-without-image"),
    "boxes in another encoding": (write(GT, ROW_1.encode() + b"\n\xe9,1"), GT, 2, "encoding"),
    "no boxes file": (remove(GT), GT, 0, "no-boxes"),
    "empty boxes file": (write(GT, "\n"), GT, 0, "no-boxes"),
    "no images": (no_images, "imgs", 0, "no-image"),
    "image that is text": (write("imgs/002.jpg", "hello"), "imgs/002.jpg", 0, "unreadable-image"),
    "image that breaks off": (break_off("imgs/002.jpg"), "imgs/002.jpg", 0, "unreadable-image"),
    "empty image": (write("imgs/002.jpg", ""), "imgs/002.jpg", 0, "unreadable-image"),
    "link to nothing": (link_to_nothing, "imgs/005.jpg", 0, "unreadable-image"),
    "image of another size": (lambda f: make_images(f / "imgs", [2], (32, 24)), "imgs/003.jpg", 0, "image-size"),
    "image without a number": (unnamed_image, "imgs", 0, "image-name"),
    "two images of one frame": (duplicate_image, "imgs", 0, "duplicate-image"),
    "caption missing": (write(CAPTIONS, "man0: A man walks.\n"), CAPTIONS, 0, "id-without-caption"),
    "caption of nobody": (append(CAPTIONS, "man1: A third man."), CAPTIONS, 3, "caption-without-id"),
    "caption empty": (edit(CAPTIONS, "A woman in a green dress waves.", " "), CAPTIONS, 2, "empty-caption"),
    "caption key twice": (edit(CAPTIONS, "woman0", "man0"), CAPTIONS, 2, "duplicate-key"),
    "caption without key": (edit(CAPTIONS, "woman0:", ""), CAPTIONS, 2, "malformed-caption"),
    "caption in Latin-1": (
        write(CAPTIONS, "man0: A.\nwoman0: A caf\xe9.\n".encode("latin-1")),
        CAPTIONS,
        2,
        "encoding",
    ),
    "captions of 17 MB": (write(CAPTIONS, b"a" * (17 * 2**20)), CAPTIONS, 0, "too-large"),
    "video caption empty": (write(VIDEO, " \n"), VIDEO, 1, "empty-caption"),
    "video caption in UTF-16 without mark": (write(VIDEO, "Zwei Männer".encode("utf-16-le")), VIDEO, 1, "encoding"),
    "no captions file": (remove(CAPTIONS), CAPTIONS, 0, "missing-words"),
    "no graph": (remove(GRAPH), GRAPH, 0, "missing-words"),
    "graph not closed": (edit(GRAPH, "</graphml>", ""), GRAPH, 15, "graphml"),
    "graph that is a page": (write(GRAPH, "\n<html><body/></html>"), GRAPH, 1, "graphml"),
    "graph with a bomb": (write(GRAPH, f'\n<!DOCTYPE b [<!ENTITY a "aa">]>{HEAD}&a;</graphml>'), GRAPH, 2, "graphml"),
    "graph with an outside file": (
        write(GRAPH, f'<!DOCTYPE b SYSTEM "/etc/passwd">{HEAD}</graphml>'),
        GRAPH,
        1,
        "graphml",
    ),
    "unknown verb": (edit(GRAPH, "smile.v.01", "teleport.v.01"), GRAPH, 7, "unknown-verb"),
    "one verb of two unknown": (edit(GRAPH, "smile.v.01", "smile.v.01,zap"), GRAPH, 7, "unknown-verb"),
    "edge without verb": (edit(GRAPH, "smile.v.01", " "), GRAPH, 7, "edge-without-relation"),
    "edge to itself": (edit(GRAPH, 'target="man0"', 'target="woman0"'), GRAPH, 7, "self-interaction"),
    "edge to nobody": (edit(GRAPH, 'target="man0"', 'target="man7"'), GRAPH, 7, "unknown-node"),
    "node of nobody": (
        edit(GRAPH, '<node id="man0" />', '<node id="man0" /><node id="x" /><node id="y" />'),
        GRAPH,
        5,
        "unknown-node",
    ),
    "node twice": (
        edit(GRAPH, '<node id="man0" />', '<node id="man0" />\n<node id="man0" />'),
        GRAPH,
        6,
        "duplicate-node",
    ),
    "nodes with other names": (edit(GRAPH, 'node id="man0"', 'node id="boy0"'), GRAPH, 5, "node-names"),
    "undirected graph": (edit(GRAPH, '"directed"', '"undirected"'), GRAPH, 4, "undirected-graph"),
    "edge twice": (edit(GRAPH, "  </graph>", EDGE + "  </graph>"), GRAPH, 13, "duplicate-interaction"),
    "frame rate of 0": (write("fps.txt", "0"), "fps.txt", 0, "frame-rate"),
    "frame rate in words": (write("fps.txt", "slow"), "fps.txt", 0, "frame-rate"),
    "empty sequence": (empty_sequence, "../seq9", 0, "empty-sequence"),
    "empty scenario": (empty_scenario, "../../dancing", 0, "empty-scenario"),
    "sequence one level too high": (misplaced_sequence, "../../seq1", 0, "misplaced-sequence"),
    "unknown split": (unknown_split, "../../../tset", 0, "unknown-split"),
    "empty split": (empty_split, "../../../train", 0, "empty-split"),
}

# What only a person can fix: these stay in a repaired copy.
STAYS = {"empty-caption"}


def found(report_problems: tuple[Problem, ...]) -> set[tuple[Path, int, str]]:
    return {(problem.path, problem.line, problem.kind) for problem in report_problems}


def test_there_are_enough_defects():
    assert len(DEFECTS) >= 50
    assert len({kind for _, _, _, kind in DEFECTS.values()}) >= 25


def test_valid_data_has_no_problem(tmp_path):
    make_dataset(tmp_path / "data", sequences=2)
    for decode_images in (True, False):
        report = validate_dataset(tmp_path / "data", decode_images=decode_images)
        assert report.problems == ()
        assert report.sequences == 2
    assert count_sequences(tmp_path / "data") == 2


@pytest.mark.parametrize("name", DEFECTS)
def test_a_planted_defect_is_found_with_file_and_line(tmp_path, name):
    plant, place, line, kind = DEFECTS[name]
    folder = make_dataset(tmp_path / "data", sequences=2)
    plant(folder)
    report = validate_dataset(tmp_path / "data")
    path = (folder / place).resolve() if ".." in place else folder / place
    assert (path, line, kind) in found(report.problems)
    problem = next(
        problem for problem in report.problems if (problem.path, problem.line, problem.kind) == (path, line, kind)
    )
    assert str(problem).startswith(f"{path}:{line}: " if line else f"{path}: ")
    assert "\n" not in str(problem)
    assert problem.remedy
    # Nothing else is blamed: a problem elsewhere would be in the other, sound sequence.
    assert not any("seq2" in str(problem.path) for problem in report.problems)
    assert len(report.errors) + len(report.warnings) == len(report.problems)


@pytest.mark.parametrize("name", DEFECTS)
def test_what_can_be_repaired_is_repaired(tmp_path, name):
    plant, _, _, kind = DEFECTS[name]
    folder = make_dataset(tmp_path / "data", sequences=2)
    sound = read_sequence(folder.parent / "seq2")
    plant(folder)
    before = {path: path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()}
    report = repair_dataset(tmp_path / "data", tmp_path / "repaired")
    assert kind in {problem.kind for problem in report.problems}
    again = validate_dataset(tmp_path / "repaired")
    assert {problem.kind for problem in again.errors} <= STAYS
    assert_same(sound, read_sequence(tmp_path / "repaired/test/walking/seq2", strict=True))
    assert before == {path: path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()}


def test_all_defects_are_found_in_one_pass(tmp_path):
    planted = 0
    make_dataset(tmp_path / "data")
    for number, (plant, place, _, _) in enumerate(DEFECTS.values(), start=2):
        if ".." not in place:
            make_dataset(tmp_path / "data", sequences=1)
            folder = tmp_path / "data/test/walking" / f"seq{number}"
            shutil.copytree(tmp_path / "data/test/walking/seq1", folder)
            plant(folder)
            planted += 1
    report = validate_dataset(tmp_path / "data", decode_images=True)
    assert report.sequences == planted + 1
    blamed = {next(part for part in problem.path.parts if part.startswith("seq")) for problem in report.problems}
    assert len(blamed) == planted
    assert "seq1" not in blamed


@pytest.mark.parametrize(
    ("row", "box"),
    [
        ("1,1,10,20,-5,8,1", [5, 20, 10, 28]),
        ("1,1,10,20,5,-8,1", [10, 12, 15, 20]),
        ("1,1,60,40,10,20,1", [60, 40, 64, 48]),
        ("1,1,-0.5,10,5,5,1", [-0.5, 10, 4.5, 15]),
        ("1,1,-2,10,5,5,1", [0, 10, 3, 15]),
    ],
)
def test_repaired_boxes(tmp_path, row, box):
    folder = make_dataset(tmp_path / "data")
    edit(GT, ROW_1, row)(folder)
    repair_dataset(tmp_path / "data", tmp_path / "repaired")
    repaired = read_sequence(tmp_path / "repaired/test/walking/seq1", strict=True)
    assert repaired.tracks[0].boxes[0].tolist() == box


def test_rows_of_other_classes_are_found_by_labels_txt_and_left_out(tmp_path):
    folder = make_dataset(tmp_path / "data")
    (folder / GT).write_text("1,1,4,8,10,20,1,2,1\n1,2,30,8,10,20,1,2,1\n2,9,30,8,10,20,1,1,1\n")
    (folder / "gt/labels.txt").write_text("car\nperson\n")
    report = repair_dataset(tmp_path / "data", tmp_path / "fixed")
    assert found(report.problems) == {(folder / GT, 3, "other-class")}
    assert [track.id for track in BenSmot(tmp_path / "fixed", "test")[0].tracks] == [1, 2]
    (folder / "gt/labels.txt").write_text("car\n")
    problem = validate_dataset(tmp_path / "data").errors[0]
    assert (problem.path, problem.kind) == (folder / "gt/labels.txt", "labels")


def test_words_stay_with_their_people_when_a_track_vanishes(tmp_path):
    folder = make_dataset(tmp_path / "data")
    rows = (folder / GT).read_text().splitlines()
    (folder / GT).write_text(
        "\n".join(row.replace(",1,", ",1,nan,", 1) if row.split(",")[1] == "1" else row for row in rows)
    )
    repair_dataset(tmp_path / "data", tmp_path / "repaired")
    repaired = read_sequence(tmp_path / "repaired/test/walking/seq1", strict=True)
    assert [track.id for track in repaired.tracks] == [2]
    assert repaired.names == ("woman0",)
    assert repaired.tracks[0].caption == "A woman in a green dress waves."
    assert repaired.interactions == ()


def test_the_tolerance_can_be_wider(tmp_path):
    folder = make_dataset(tmp_path / "data")
    edit(GT, "4.000,8.000", "-4,8")(folder)
    assert len(validate_dataset(tmp_path / "data").errors) == 1
    assert validate_dataset(tmp_path / "data", tolerance_pixels=4).problems == ()


def test_headers_alone_do_not_tell_a_file_that_breaks_off(tmp_path):
    folder = make_dataset(tmp_path / "data")
    break_off("imgs/002.jpg")(folder)
    assert validate_dataset(tmp_path / "data", decode_images=False).problems == ()


def test_roots_that_cannot_be_checked_or_repaired(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such folder"):
        validate_dataset(tmp_path / "nowhere")
    assert count_sequences(tmp_path / "nowhere") == 0
    (tmp_path / "empty").mkdir()
    assert [problem.kind for problem in validate_dataset(tmp_path / "empty").problems] == ["empty-split"]
    with pytest.raises(ValueError, match="no sequence that can be repaired"):
        repair_dataset(tmp_path / "empty", tmp_path / "out")
    make_dataset(tmp_path / "data")
    for out in (tmp_path / "data", tmp_path / "data" / "repaired", tmp_path):
        with pytest.raises(ValueError, match="lie in one another"):
            repair_dataset(tmp_path / "data", out)
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not REAL.is_dir(), reason=f"{REAL} is not there")
def test_real_annotations_pass_and_are_repaired_to_themselves(tmp_path):
    assert validate_dataset(REAL).problems == ()
    assert repair_dataset(REAL, tmp_path / "repaired").problems == ()
    for first, second in zip(BenSmot(REAL, "test"), BenSmot(tmp_path / "repaired", "test", strict=True), strict=True):
        assert_same(first, second)


number = st.sampled_from(
    ["1", "2", "-1", "0", "1e30", "1e400", "-1e19", "nan", "inf", "1.5", "", " ", "0x1", "1_0", "９", "man"]
)
rows = st.lists(st.lists(number, max_size=11).map(",".join), max_size=6).map("\n".join)
pieces = st.lists(
    st.sampled_from([
        "<graphml>", "</graphml>", "<graph>", "</graph>", "<node id='man0'/>", "<node/>", "<edge source='man0' target='woman0'>",
        "</edge>", "<data key='d0'>", "</data>", "look.v.01", "<key id='d0' attr.name='relation'/>", "<key/>", "&amp;", "&x;", "\x00",
        "<!DOCTYPE x>", "<?xml version='1.0'?>", "\n", "man0:", "woman0: A.", "é",
    ]),
    max_size=14,
).map("".join)  # fmt: skip


def strict_refusal(folder: Path) -> str | None:
    """Why the strict reader does not take the sequence; None where it does."""
    try:
        read_sequence(folder, strict=True)
    except (ValueError, FileNotFoundError) as error:
        return str(error)
    return None


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.sampled_from([GT, CAPTIONS, VIDEO, GRAPH, "seqinfo.ini", "fps.txt", "source.json", "imgs/002.jpg"]),
    content=st.one_of(st.binary(max_size=60), rows.map(str.encode), pieces.map(str.encode), st.just(b'{"fps": [1]}')),
)
def test_whatever_a_file_holds_is_reported_and_repaired_not_a_crash(tmp_path_factory, name, content):
    root = tmp_path_factory.mktemp("fuzz")
    folder = make_dataset(root / "data", sequences=2)
    (folder / name).write_bytes(content)
    report = validate_dataset(root / "data")
    assert all("seq2" not in str(problem.path) for problem in report.problems)
    repair_dataset(root / "data", root / "repaired")
    assert {problem.kind for problem in validate_dataset(root / "repaired").errors} <= STAYS
    message = strict_refusal(folder)
    assert message is None or (report.problems and "\n" not in message)
