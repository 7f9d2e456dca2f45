"""`smot-vlm predict` over videos that are no data set, from the command line, with the model that ships."""

import pytest
from drawn_corpus import FRAMES, draw_corpus

from smot_vlm.cli.main import main
from smot_vlm.structures import Description

pytestmark = [pytest.mark.subprocess, pytest.mark.drawn]
MODEL = ("--model", "people", "--detector", "people", "--device", "cpu")


def call(capsys, *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main([str(argument) for argument in arguments])
    printed = capsys.readouterr()
    return caught.value.code, printed.out, printed.err


def test_videos_are_described_damage_is_set_aside_and_a_second_run_has_nothing_to_do(tmp_path, capsys):
    jobs = draw_corpus(tmp_path / "videos", 5, damaged=2, crash=0, hang=0)
    store = tmp_path / "store"
    command = ("predict", tmp_path / "videos/manifest.csv", "--out", store, *MODEL)
    code, out, err = call(capsys, *command)
    assert (code, "3 of 5 videos described" in out, "2 videos set aside" in out) == (0, True, True)
    assert err.count("damaged.mp4: failed: ") == 2
    good = [job for job in jobs if "clip" in job.path]
    for job in good:
        description = Description.from_json(store / "described" / job.key[:2] / f"{job.key}.json")
        assert (description.video.frames, description.video.source) == (FRAMES, job.path)
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    videos = pandas.read_parquet(store / "tables/00000/videos.parquet")
    assert sorted(videos.key) == sorted(job.key for job in good)
    code, out, err = call(capsys, *command)
    assert (code, "3 of 5 videos described, 3 of them earlier" in out) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--engine", "abacus"], "it takes processes, ray, slurm"),
        (["--slurm", "partition"], "give KEY=VALUE"),
        (["--slurm", "partition=gpu"], "go with engine slurm, not processes"),
        (["--trajectories", "gt"], "a manifest names tracks"),
    ],
)
def test_options_that_do_not_fit_are_told(tmp_path, capsys, arguments, told):
    (tmp_path / "a.mp4").write_bytes(b"x")
    code, _, err = call(capsys, "predict", tmp_path, "--out", tmp_path / "store", *arguments)
    assert code != 0
    assert told in " ".join(err.replace("│", " ").split())
    assert not (tmp_path / "store").exists()
