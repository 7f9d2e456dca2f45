"""Parts and tables of a description."""

from xml.etree import ElementTree

import export_cases as cases
import numpy as np
import pytest

from smot_vlm.structures import VideoInfo


def test_at_shows_the_frame_of_that_moment():
    part = cases.told().at(1.12)
    assert {track.id: track.frames.tolist() for track in part.tracks} == {4: [11], 7: [11]}
    assert [one.text for one in part.tracks[0].segments] == ['waves at "Ann & Bob" <3']
    assert [(edge.verb, len(edge.spans)) for edge in part.interactions] == [
        ("applaud.v.01", 1),
        ("shake hands, firmly", 0),
    ]
    assert part.clauses[0].interactions == (0,)


def test_at_leaves_out_who_is_not_there_then_and_what_they_do():
    part = cases.told().at(0.1)
    assert [track.id for track in part.tracks] == [4]
    assert part.interactions == ()
    assert part.tracks[0].segments[0].partner is None
    assert (part.clauses[0].people, part.clauses[0].interactions) == ((4,), ())
    late = cases.told().at(2.0)
    assert [track.id for track in late.tracks] == [7]


def test_between_keeps_boxes_segments_and_spans_of_that_time():
    part = cases.told().between(1.25, 3.5)
    assert [len(track) for track in part.tracks] == [23]
    assert part.tracks[0].frames.tolist() == list(range(13, 36))
    whole = cases.told().between(0, 5)
    assert whole.to_json() == cases.told().to_json()
    early = cases.told().between(0.0, 1.0)
    assert [len(edge.spans) for edge in early.interactions] == [1, 0]


def test_times_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="the end not before the start"):
        cases.told().between(3, 2)
    with pytest.raises(ValueError, match="give 0 or more"):
        cases.told().at(-1)
    with pytest.raises(ValueError, match="no frame rate and no times"):
        cases.told(video=VideoInfo("frames", 640, 480, 0.0, 50)).at(1)


def test_a_person_has_both_sides_of_their_interactions():
    man = cases.told().person(4)
    assert ([edge.verb for edge in man.acts], [edge.verb for edge in man.suffers]) == (
        ["applaud.v.01"],
        ["shake hands, firmly"],
    )
    assert man.track.attributes[0].value == "man"
    with pytest.raises(KeyError, match="no track 5"):
        cases.told().person(5)


def test_detections_are_those_of_supervision():
    found = cases.told().to_detections(11)
    assert found.tracker_id.tolist() == [4, 7]
    assert found.xyxy == pytest.approx(np.array([[21, 20, 51, 120], [200, 30, 240, 130]]))
    assert found.data["caption"].tolist() == [track.caption for track in cases.told().tracks]
    assert found[found.tracker_id == 7].confidence == pytest.approx([0.9])
    assert len(cases.told().to_detections(3)) == 0


def test_dataframes_have_a_row_each():
    pytest.importorskip("pandas")
    description = cases.told()
    assert len(description.to_dataframe()) == 52
    people = description.to_dataframe("people")
    assert people.set_index("id").loc[4, ["from_seconds", "to_seconds", "boxes"]].tolist() == [0.0, 4.9, 7]
    assert description.to_dataframe("interactions").verb.value_counts().to_dict() == {
        "applaud.v.01": 2,
        "shake hands, firmly": 1,
    }
    assert list(cases.nobody().to_dataframe("interactions").columns)[:3] == ["subject", "verb", "object"]
    with pytest.raises(ValueError, match="kind is 'verbs'"):
        description.to_dataframe("verbs")


def test_parquet_files_are_read_again(tmp_path):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    cases.told().to_parquet(tmp_path / "people.parquet", "people")
    assert pandas.read_parquet(tmp_path / "people.parquet").caption.tolist() == [
        one.caption for one in cases.told().tracks
    ]


def test_notebooks_show_words_and_no_markup_of_theirs():
    shown = cases.told()._repr_html_()
    assert "Ann &amp; Bob&quot; &lt;3" in shown
    assert "<3" not in shown


def test_notebooks_show_when_each_person_is_there():
    """Ten frames a second, 50 frames: the man is missed for 0.8 seconds, which is no gap, and for 3.7, which is one."""
    shown = cases.told()._repr_html_()
    page = ElementTree.fromstring(f"<div>{shown}</div>")
    assert [head.text for head in page.iter("th")] == ["person", "0 to 5 s", "caption"]
    bars = [
        [(int(bar.get("x")), int(bar.get("width"))) for bar in picture.findall("rect")[1:]]
        for picture in page.iter("svg")
    ]
    assert bars == [[(0, 260), (980, 20)], [(100, 900)]]


def test_notebooks_show_a_video_without_people_and_one_without_a_rate():
    assert cases.nobody()._repr_html_().count("<svg") == 0
    assert "0 to 50 frames" in cases.told(video=VideoInfo("a", 640, 480, 0.0, 50))._repr_html_()
