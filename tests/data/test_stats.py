import json
from pathlib import Path

import pytest
from bensmot_builder import make_dataset, make_sequence
from PIL import Image

from smot_vlm.data.bensmot import BenSmot, BenSmotSequence
from smot_vlm.data.stats import BENSMOT, collect_stats, count_words
from smot_vlm.data.stats_plot import plot_stats

REAL = Path(__file__).parents[2].parent / "shared" / "data" / "real_mini"


def test_counts_by_hand(tmp_path):
    make_dataset(tmp_path / "data", sequences=2)
    stats = collect_stats(BenSmot(tmp_path / "data", "test"))
    totals = stats.totals
    assert (totals.videos, totals.tracks, totals.boxes, totals.frames) == (2, 4, 18, 10)
    assert (totals.instance_captions, totals.interactions, totals.video_captions) == (4, 4, 2)
    assert (totals.shortest_seconds, totals.mean_seconds, totals.longest_seconds) == (2.5, 2.5, 2.5)
    assert totals.total_seconds == 5
    assert stats.distribution("track length").values.tolist() == [2.5, 2, 2.5, 2]
    assert stats.distribution("instance caption").values.tolist() == [10, 7, 10, 7]
    assert stats.distribution("video caption").values.tolist() == [6, 6]
    assert stats.distribution("tracks a video").mean == 2
    assert set(stats.distribution("box height").values) == {20.0}
    assert stats.distribution("relative box height").quantile(0.5) == pytest.approx(100 * 20 / 48)
    assert dict(stats.verbs) == {"smile.v.01": 2, "look.v.01": 2}
    assert stats.scenarios == (("walking", 2),)
    assert dict(stats.words)["man"] == 4
    assert "the" not in dict(stats.words)
    with pytest.raises(KeyError, match="no distribution"):
        stats.distribution("weight")


def test_the_papers_means_follow_from_its_totals():
    assert BENSMOT.total_seconds / BENSMOT.videos == pytest.approx(BENSMOT.mean_seconds, abs=0.05)
    assert BENSMOT.frames / BENSMOT.total_seconds == pytest.approx(2.0, abs=0.01)


def test_sets_without_words_or_anything(tmp_path):
    sequence = make_sequence(tmp_path / "pictures")
    bare = BenSmotSequence(**{**vars(sequence), "tracks": (), "names": (), "interactions": (), "caption": ""})
    for sequences in ([bare], []):
        stats = collect_stats(sequences)
        assert stats.totals.tracks == 0
        assert stats.verbs == ()
        assert stats.distribution("instance caption").mean is None
        plot_stats(stats, tmp_path / "empty.png", "empty")
        json.dumps(stats.to_dict())


def test_the_picture(tmp_path):
    make_dataset(tmp_path / "data", sequences=2)
    stats = collect_stats(BenSmot(tmp_path / "data", "test"))
    plot_stats(stats, tmp_path / "stats.png", "two $videos_{1}")
    with Image.open(tmp_path / "stats.png") as image:
        assert image.size[0] > 1200
        assert len(set(image.convert("L").resize((64, 64)).tobytes())) > 10
    with pytest.raises(FileExistsError):
        plot_stats(stats, tmp_path / "stats.png", "", overwrite=False)
    with pytest.raises(ValueError, match=r"give .png"):
        plot_stats(stats, tmp_path / "stats.txt", "")


def test_words():
    assert count_words("A man, tall,  walks.") == 4
    assert count_words("") == 0


@pytest.mark.skipif(not REAL.is_dir(), reason=f"{REAL} is not there")
def test_real_set():
    totals = collect_stats(BenSmot(REAL, "test")).totals
    assert (totals.videos, totals.frames, totals.tracks, totals.boxes, totals.interactions) == (4, 78, 25, 344, 19)
