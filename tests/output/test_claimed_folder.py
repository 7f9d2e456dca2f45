"""The folder of a description: held while the work is done, filled by one run alone."""

import os

import pytest

from smot_vlm.output.claimed_folder import OUTPUTS, claim_outputs, expected_bytes, publish


def fill(staging) -> None:
    for name in OUTPUTS:
        (staging / name).write_text("new")


def test_a_claimed_folder_is_refused_to_others_and_free_again_afterwards(tmp_path):
    with (
        claim_outputs(tmp_path / "out"),
        pytest.raises(FileExistsError, match="another run is writing here"),
        claim_outputs(tmp_path / "out", overwrite=True),
    ):
        pytest.fail("claimed twice")
    with claim_outputs(tmp_path / "out") as staging:
        fill(staging)
        assert publish(staging, tmp_path / "out", overwrite=False) == list(OUTPUTS)
    assert sorted(os.listdir(tmp_path / "out")) == sorted(OUTPUTS)


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("taken", OUTPUTS)
def test_what_came_meanwhile_is_not_replaced(tmp_path, monkeypatch, taken, links):
    """On a machine that shares the folder, locks may not be seen; on some file systems there are no hard links."""
    if not links:

        def refuse(*_):
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr(os, "link", refuse)
    with claim_outputs(tmp_path / "out") as staging:
        fill(staging)
        (tmp_path / "out" / taken).write_text("of another run")
        with pytest.raises(FileExistsError, match=f"already holds {taken}; pass --overwrite"):
            publish(staging, tmp_path / "out", overwrite=False)
    assert os.listdir(tmp_path / "out") == [taken]
    assert (tmp_path / "out" / taken).read_text() == "of another run"


def test_a_run_that_fails_leaves_no_folder(tmp_path):
    with pytest.raises(ZeroDivisionError), claim_outputs(tmp_path / "a/b"):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_the_room_that_a_description_takes():
    hour = expected_bytes(90_000, 1920, 1080, video=True)
    assert 2**30 < hour < 2**33
    assert expected_bytes(90_000, 1920, 1080, video=False) < hour / 10
    assert expected_bytes(None, 1920, 1080, video=True) < 2**21
