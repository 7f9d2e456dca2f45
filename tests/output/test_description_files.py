import json
import os
import tempfile
from contextlib import contextmanager

import pytest

from smot_vlm.output.claimed_folder import OUTPUTS, check_outputs
from smot_vlm.output.description_files import write_outputs
from smot_vlm.structures import Description
from smot_vlm.video.writer import VideoWriter

ALL = set(OUTPUTS)


@pytest.fixture
def source(make_frames):
    """Opens the frames, and remembers how often it was opened and closed."""

    class Source:
        opened = closed = 0

        @contextmanager
        def __call__(self):
            self.opened += 1
            try:
                yield make_frames(5)
            finally:
                self.closed += 1

    return Source()


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_all_four_files_come_from_one_pass(tmp_path, make_description, source, talk):
    description = make_description(interactions=[talk])
    seen: list[int] = []
    written = write_outputs(
        tmp_path / "new/out", description, source, 25, glosses={"talk.v.01": "say"}, progress=seen.append
    )
    folder = tmp_path / "new/out"
    assert written == {name: folder / name for name in OUTPUTS}
    assert names(folder) == ALL
    assert (source.opened, source.closed, seen) == (1, 1, [1, 2, 3, 4, 5])
    assert json.loads((folder / "description.json").read_text()) == description.to_dict()
    assert Description.from_json(folder / "description.json").to_json() == description.to_json()
    assert (folder / "tracks.txt").read_text() == description.to_mot()
    report = (folder / "report.html").read_text()
    assert 'src="annotated.mp4' in report
    assert report.count('src="data:image/jpeg') == 3
    assert "say" in report
    assert (folder / "annotated.mp4").stat().st_size > 500
    assert all((folder / name).stat().st_mode & 0o777 == 0o666 & ~umask() for name in OUTPUTS)


def umask():
    current = os.umask(0)
    os.umask(current)
    return current


@pytest.mark.parametrize(
    ("video", "with_frames", "files", "pictures"),
    [(True, True, ALL, 3), (False, True, ALL - {"annotated.mp4"}, 3), (True, False, ALL - {"annotated.mp4"}, 0)],
)
def test_what_is_left_out(tmp_path, make_description, source, video, with_frames, files, pictures):
    written = write_outputs(tmp_path, make_description(), source if with_frames else None, 25, video=video)
    assert set(written) == names(tmp_path) == files
    report = (tmp_path / "report.html").read_text()
    assert report.count('src="data:image/jpeg') == pictures
    assert ("<video" in report) == ("annotated.mp4" in files)


def test_frames_that_give_nothing(tmp_path, make_description, caplog):
    @contextmanager
    def empty():
        yield iter(())

    written = write_outputs(tmp_path, make_description(), empty, 25)
    assert set(written) == ALL - {"annotated.mp4"}
    assert "no frame" in caplog.text


def test_nobody(tmp_path, make_description, source):
    assert set(write_outputs(tmp_path, make_description([]), source, 25)) == ALL
    assert (tmp_path / "tracks.txt").read_text() == ""


def test_what_others_put_into_the_folder_stays(tmp_path, make_description, source):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "sub").mkdir()
    write_outputs(tmp_path, make_description(), source, 25)
    write_outputs(tmp_path, make_description(caption="Later."), source, 25, overwrite=True)
    assert names(tmp_path) == ALL | {"notes.txt", "sub"}
    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert Description.from_json(tmp_path / "description.json").caption == "Later."


@pytest.mark.parametrize("name", sorted(OUTPUTS))
def test_an_output_that_is_there_is_replaced_only_on_demand(tmp_path, make_description, source, name):
    (tmp_path / name).write_text("earlier")
    with pytest.raises(FileExistsError, match=rf"already holds {name}; pass --overwrite"):
        write_outputs(tmp_path, make_description(), source, 25)
    assert names(tmp_path) == {name}
    assert (tmp_path / name).read_text() == "earlier"
    assert source.opened == 0
    write_outputs(tmp_path, make_description(), source, 25, overwrite=True)
    assert names(tmp_path) == ALL
    assert (tmp_path / name).read_bytes() != b"earlier"


def test_the_video_of_an_earlier_description_does_not_stay_beside_a_later_one(tmp_path, make_description, source):
    write_outputs(tmp_path, make_description(), source, 25)
    write_outputs(tmp_path, make_description(caption="Later."), source, 25, video=False, overwrite=True)
    assert names(tmp_path) == ALL - {"annotated.mp4"}
    assert "<video" not in (tmp_path / "report.html").read_text()


def test_when_the_frames_break_the_description_is_kept_and_the_error_raised(
    tmp_path, make_description, make_frames, caplog
):
    @contextmanager
    def breaking():
        def frames():
            yield from make_frames(2)
            raise ValueError("clip.mp4: the file changed")

        yield frames()

    with pytest.raises(ValueError, match="the file changed"):
        write_outputs(tmp_path, make_description(), breaking, 25)
    assert names(tmp_path) == ALL - {"annotated.mp4"}
    assert (tmp_path / "report.html").read_text().count('src="data:image/jpeg') == 3
    assert "without the video" in caplog.text


def test_a_frame_rate_that_no_video_can_have_loses_only_the_video(tmp_path, make_description, source):
    with pytest.raises(ValueError, match="fps"):
        write_outputs(tmp_path, make_description(), source, 0)
    assert names(tmp_path) == ALL - {"annotated.mp4"}
    assert source.closed == 1


@pytest.mark.parametrize("existing", [True, False])
def test_a_run_that_is_stopped_changes_nothing(tmp_path, make_description, make_frames, existing):
    folder = tmp_path / "a/out"
    if existing:
        folder.mkdir(parents=True)
        (folder / "tracks.txt").write_text("earlier")

    @contextmanager
    def stopped():
        def frames():
            yield from make_frames(2)
            raise KeyboardInterrupt

        yield frames()

    with pytest.raises(KeyboardInterrupt):
        write_outputs(folder, make_description(), stopped, 25, overwrite=True)
    if existing:
        assert names(folder) == {"tracks.txt"}
        assert (folder / "tracks.txt").read_text() == "earlier"
    else:
        assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_one_line_that_names_the_folder(tmp_path, make_description, source, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "link", full)
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match=r"out: cannot write the outputs \(No space left on device\); choose") as caught:
        write_outputs(tmp_path / "out", make_description(), source, 25)
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path, make_description, source, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    with pytest.raises(PermissionError, match=r"no file can be made here \(Permission denied\)"):
        write_outputs(tmp_path / "out", make_description(), source, 25)
    assert source.opened == 0
    assert list(tmp_path.iterdir()) == []


def test_check_finds_what_would_fail_later(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("x")
    (tmp_path / "shadow/annotated.mp4").mkdir(parents=True)
    (tmp_path / "full").mkdir()
    (tmp_path / "full/report.html").write_text("x")
    before = sorted(path for path in tmp_path.rglob("*"))
    for folder, overwrite, kind, words in [
        ("file", False, NotADirectoryError, "file is a file"),
        ("file", True, NotADirectoryError, "file is a file"),
        ("file/below/it", False, NotADirectoryError, "file is a file"),
        ("shadow", True, IsADirectoryError, "annotated.mp4 is a folder"),
        ("full", False, FileExistsError, "already holds report.html"),
    ]:
        with pytest.raises(kind, match=words):
            check_outputs(tmp_path / folder, overwrite)
    check_outputs(tmp_path / "full", overwrite=True)
    check_outputs(tmp_path / "new/folder")
    check_outputs(str(tmp_path))
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(PermissionError, match="no permission to write here"):
        check_outputs(tmp_path / "new/folder")
    assert sorted(path for path in tmp_path.rglob("*")) == before


def test_a_file_system_that_refuses_in_spite_of_its_permissions_is_told_early(tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    with pytest.raises(PermissionError, match=r"no file can be made here \(Read-only file system\)") as caught:
        check_outputs(tmp_path / "new/folder")
    assert "\n" not in str(caught.value)


def test_check_takes_a_relative_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check_outputs("out/deep")
    (tmp_path / "out").write_text("x")
    with pytest.raises(NotADirectoryError, match="out is a file"):
        check_outputs("out/deep")


@pytest.mark.parametrize("source_video", [False, True])
def test_the_described_video_is_in_the_report_only_where_that_is_asked_for(
    tmp_path, make_description, make_frames, source, source_video
):
    clip = tmp_path / "clip.mp4"
    with VideoWriter(clip, 25, 160, 120) as writer:
        for frame in make_frames():
            writer.write(frame.image)
    named = (
        {} if not source_video else {"source_video": True}
    )  # blurred people must not be seen beside: not the default
    write_outputs(tmp_path / "out", make_description(source=str(clip)), source, 25, **named)
    report = (tmp_path / "out/report.html").read_text()
    assert ("data:video/mp4" in report.partition("</style>")[2].partition("<script")[0]) == source_video
