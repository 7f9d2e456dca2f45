"""Passages and cuts of a long video in the report and in subtitles, and boxes in their order."""

from dataclasses import replace

import numpy as np

from smot_vlm.export.cues import cues_of
from smot_vlm.formats.mot import MotRows, concatenate, format_mot
from smot_vlm.output.report import ReportBuilder
from smot_vlm.structures import Description, Passage, Trajectory


def long_description(make_description) -> Description:
    passages = (Passage("He sits.", 0.0, 60.0), Passage("He <reads>.", 60.0, 90.5))
    track = Trajectory(1, [0, 1], [[1, 2, 3, 4]] * 2, [0.9, 0.9], "He sits. Later: He <reads>.", passages=passages)
    description = make_description([track])
    video = replace(description.video, cuts=(10.0, 20.0))
    return replace(description, video=video, passages=(Passage("All of it.", 0.0, 90.5),))


def test_the_report_tells_passages_and_counts_cuts(make_description):
    page = ReportBuilder(long_description(make_description)).render()
    assert '<span class="time" data-seek="0.000">0.0 s to 1:00</span> He sits.' in page
    assert '<span class="time" data-seek="60.000">1:00 to 1:30</span> He &lt;reads&gt;.' in page
    assert "All of it." in page
    assert "2 cuts" in page


def test_a_report_of_one_stretch_has_no_list_of_passages(make_description):
    description = long_description(make_description)
    tracks = tuple(replace(track, passages=()) for track in description.tracks)
    assert "<details" not in ReportBuilder(replace(description, tracks=tracks, passages=())).render()


def test_subtitles_tell_passages_in_place_of_the_summary(make_description):
    cues = cues_of(long_description(make_description))
    assert [(cue.from_seconds, cue.to_seconds, cue.text) for cue in cues] == [
        (0.0, 60.0, "[1] He sits."),
        (60.0, 90.5, "[1] He <reads>."),
    ]


def test_mot_text_is_by_frame_and_id_however_many_boxes_there_are(make_description, monkeypatch):
    monkeypatch.setattr("smot_vlm.structures.description._BOXES_AT_ONCE", 3)
    rng = np.random.default_rng(0)
    tracks = [
        Trajectory(number, np.arange(start, start + 4), rng.uniform(0, 50, (4, 4)), np.full(4, 0.5))
        for number, start in ((9, 0), (2, 1), (5, 3))
    ]
    rows = concatenate(MotRows(track.frames, np.full(4, track.id), track.boxes, track.scores) for track in tracks)
    assert make_description(tracks).to_mot() == format_mot(rows)
