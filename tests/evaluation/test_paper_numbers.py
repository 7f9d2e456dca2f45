"""The paper's numbers, copied by hand, hold together."""

import pytest

from smot_vlm.evaluation import paper
from smot_vlm.evaluation.tables import markdown, table_lines


@pytest.mark.parametrize("row", paper.methods(), ids=lambda row: row.run)
def test_scores_follow_from_their_parts(row):
    """HOTA is near the root of DetA x AssA (a mean over thresholds), F1 and IDF1 are harmonic means of their parts."""
    value = row.value
    assert value("tracking/HOTA") == pytest.approx((value("tracking/DetA") * value("tracking/AssA")) ** 0.5, abs=0.04)
    recall, precision = value("tracking/IDR"), value("tracking/IDP")
    assert value("tracking/IDF1") == pytest.approx(2 * recall * precision / (recall + precision), abs=0.025)
    right, found = value("interactions/precision"), value("interactions/recall")
    assert value("interactions/F1") == pytest.approx(2 * right * found / (right + found), abs=0.02)


@pytest.mark.parametrize("row", paper.methods(), ids=lambda row: row.run)
def test_more_misses_than_false_positives_means_lower_recall(row):
    """Columns IDR and IDP stand the right way, and with them every method has a whole row."""
    assert row.value("tracking/FN") > row.value("tracking/FP")
    assert row.value("tracking/IDR") < row.value("tracking/IDP")
    assert [key for key in (column.key for column in row.columns) if row.value(key) is None] == [
        "interactions/accuracy"
    ]


def test_tables_share_their_numbers_where_they_show_the_same_run():
    """SMOTer has attention for the video, concatenation for trajectories, and tau_p = 0.3."""
    smoter = paper.methods()[-1]
    fusion = {row.run: row for row in paper.fusions()}
    chosen = next(row for row in paper.thresholds() if row.run.startswith("tau 0.3"))
    for name in ("BLEU", "METEOR", "ROUGE", "CIDEr"):
        assert fusion["attention (paper)"].value(f"video/{name}") == smoter.value(f"video/{name}")
        assert fusion["concatenation (paper)"].value(f"instance/{name}") == smoter.value(f"instance/{name}")
    for key in ("tracking/HOTA", "video/CIDEr", "instance/METEOR", "instance/CIDEr", "interactions/precision"):
        assert chosen.value(key) == smoter.value(key)
    assert [row.run.split()[0] for row in paper.associations()] == [
        "SORT",
        "DeepSORT",
        "OC-SORT",
        "ByteTrack",
        "SMOTer",
    ]


def test_they_stand_in_tables_beside_runs():
    text = markdown(paper.methods())
    assert "protocol: official" in text
    assert "| tracking | HOTA ↑ | 48.49 |" in text
    best = {line.column.key: line.best for line in table_lines(paper.methods())}
    assert best["tracking/HOTA"] == (7,)
    assert best["tracking/IDs"] == (6,)
