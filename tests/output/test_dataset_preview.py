from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from smot_vlm.data.bensmot import BenSmotSequence
from smot_vlm.data.frames import FrameFile
from smot_vlm.output.palette import track_colour
from smot_vlm.output.preview import BACKGROUND, draw_sequence, write_preview
from smot_vlm.structures import Interaction, Trajectory


def make(
    folder: Path, people: int = 2, caption: str = "A man stands.", size: tuple[int, int] = (160, 90)
) -> BenSmotSequence:
    folder.mkdir(parents=True, exist_ok=True)
    frames = []
    for index in range(7):
        path = folder / f"{index + 1:03d}.png"
        Image.new("RGB", size, (128, 128, 128)).save(path)
        frames.append(FrameFile(index, path))
    every = np.arange(7)
    boxes = np.tile([20.0, 20, 60, 80], (7, 1))
    tracks = tuple(Trajectory(id, every, boxes + 2 * id, np.ones(7), caption) for id in range(1, people + 1))
    names = tuple(f"man{id - 1}" for id in range(1, people + 1))
    interactions = (Interaction(1, "look.v.01", 2),) if people > 1 else ()
    return BenSmotSequence("street/a", folder, tuple(frames), size, tracks, names, interactions, "A street.", 2.0)


def colours(image: Image.Image) -> set[tuple[int, ...]]:
    return set(map(tuple, np.asarray(image).reshape(-1, 3).tolist()))


def test_boxes_are_drawn_where_they_are(tmp_path):
    image = np.asarray(draw_sequence(make(tmp_path, people=1), frames=1)).astype(int)
    grey = (image == 128).all(axis=2)
    top, left = int(np.argmax(grey.sum(axis=1) > 100)), int(np.argmax(grey.sum(axis=0) > 100))
    picture = image[top : top + 180, left : left + 320]  # 160 x 90 pixels, twice as large
    rows, columns = np.nonzero((np.abs(picture - track_colour(1)) < 12).all(axis=2))
    assert columns.min() == pytest.approx(2 * 22, abs=2)
    assert rows[columns > 100].max() == pytest.approx(2 * 82, abs=2)  # right of the tag
    assert columns[rows > 100].max() == pytest.approx(2 * 62, abs=2)


def test_more_words_need_more_room_and_none_run_over(tmp_path):
    short = draw_sequence(make(tmp_path / "a"))
    long = draw_sequence(make(tmp_path / "b", caption="A man in a coat walks on. " * 12))
    assert long.height > short.height
    assert long.width == short.width
    margin = np.asarray(long)[:, -20:]
    assert (margin == BACKGROUND).all()


def test_a_crowd_is_cut_short(tmp_path):
    assert draw_sequence(make(tmp_path / "a", people=40)).height == pytest.approx(
        draw_sequence(make(tmp_path / "b", people=17)).height, abs=2
    )


def test_videos_without_people_or_words(tmp_path):
    bare = make(tmp_path, people=0, caption="")
    bare = BenSmotSequence(**{**vars(bare), "caption": ""})
    assert len(colours(draw_sequence(bare, frames=3))) > 2
    assert draw_sequence(bare, frames=12).width > draw_sequence(bare, frames=3).width
    with pytest.raises(ValueError, match="nothing to draw"):
        draw_sequence(BenSmotSequence(**{**vars(bare), "frames": ()}))


def test_the_sheet(tmp_path):
    sequences = [make(tmp_path / "a"), make(tmp_path / "b", size=(90, 160))]
    drawn: list[str] = []
    write_preview(tmp_path / "sheet.png", sequences, frames=4, progress=drawn.append)
    assert drawn == ["street/a", "street/a"]
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.height == sum(draw_sequence(sequence, 4).height for sequence in sequences)
    with pytest.raises(FileExistsError):
        write_preview(tmp_path / "sheet.png", sequences, overwrite=False)
    with pytest.raises(ValueError, match=r"give .png"):
        write_preview(tmp_path / "sheet.txt", sequences)
    with pytest.raises(ValueError, match="no sequence"):
        write_preview(tmp_path / "none.png", [])
    assert not (tmp_path / "none.png").exists()
