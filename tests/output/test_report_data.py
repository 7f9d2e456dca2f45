import base64
import json

import numpy as np
import pytest

from smot_vlm.output.report_data import BOX_UNITS, as_script_data, page_data
from smot_vlm.output.timeline import Timeline
from smot_vlm.structures import Interaction, Trajectory


def data_of(description, length=4.0):
    return page_data(description, Timeline(description.tracks, description.video), length, {})


def boxes_of(person, width=160, height=120):
    shares = np.frombuffer(base64.b64decode(person["boxes"]), "<i2").reshape(-1, 4) / BOX_UNITS
    return np.frombuffer(base64.b64decode(person["times"]), "<f4"), shares * [width, height, width, height]


def test_boxes_come_back_with_their_times(make_description):
    boxes = np.array([(1.25, 2, 30, 90), (-20, 5, 10, 119), (150, 60, 200, 140)])
    times, read = boxes_of(data_of(make_description([Trajectory(1, [0, 5, 9], boxes, [1] * 3)]))["people"][0])
    assert times == pytest.approx([0, 0.2, 0.36], abs=1e-6)
    assert read == pytest.approx(boxes, abs=0.01)


def test_boxes_far_outside_are_cut_and_odd_ones_are_numbers(make_description):
    boxes = [(-1e9, np.nan, np.inf, 1e9)]
    _, read = boxes_of(data_of(make_description([Trajectory(1, [0], boxes, [1])]))["people"][0])
    assert read[0] == pytest.approx([-320, 0, 320, 240], abs=0.1)


def test_of_very_many_boxes_some_are_kept_with_the_ends_of_each_part(make_description, make_track, monkeypatch):
    monkeypatch.setattr("smot_vlm.output.report_data.MOST_BOXES", 25)
    frames = [*range(60), *range(200, 241)]
    data = data_of(make_description([make_track(1, frames)], frames=300))
    assert data["stride"] == 5
    times, _ = boxes_of(data["people"][0])
    assert np.round(times * 25).astype(int).tolist() == [*range(0, 60, 5), 59, *range(200, 241, 5)]


def test_cuts_and_damage_are_told(make_description):
    data = data_of(make_description(damage=[(1.0, 2.5)]))
    assert data["damage"] == [[1.0, 2.5]]
    assert data["cuts"] == []


@pytest.mark.parametrize("text", ["</script><script>", "<!--", "&amp;", "\u2028", "\u202e\x1b[31m", "\ud83c", '"\\'])
def test_no_text_leaves_the_script_element(make_description, make_track, text):
    description = make_description([make_track(1, caption=text), make_track(2)], [Interaction(1, text, 2)])
    embedded = as_script_data(data_of(description))
    assert embedded.isascii()
    assert not set("<>&") & set(embedded)
    read = json.loads(embedded)
    assert read == data_of(description)
    assert read["people"][0]["caption"].isprintable()


def test_times_that_are_not_known_count_frames(make_description, make_track):
    data = data_of(make_description([make_track(1, [0, 1, 2])], fps=0.0))
    assert not data["timed"]
    assert boxes_of(data["people"][0])[0].tolist() == [0, 1, 2]
