import numpy as np
import pytest

from smot_vlm.output.palette import track_colour
from smot_vlm.output.panel import BACKGROUND, Panel

WORDS = "A man in a dark jacket walks along the pavement and meets a friend. "


@pytest.fixture
def make_panel(make_description, make_track):
    def make(captions=("A man walks.", "A woman waves."), width=350, height=480, text_size=13, boxes=None, **named):
        tracks = [
            make_track(id, caption=caption, box=boxes[id - 1] if boxes else (0, 0, 10, 20))
            for id, caption in enumerate(captions, start=1)
        ]
        return Panel(make_description(tracks, **named), width, height, text_size)

    return make


def chips(image):
    """Ids 1 to 7 whose colour fills a chip of the panel, from top to bottom."""
    masks = {id: (image == track_colour(id)).all(axis=2) for id in range(1, 8)}
    rows = {id: np.flatnonzero(mask.sum(axis=1) >= 8) for id, mask in masks.items()}
    return sorted((id for id in rows if len(rows[id])), key=lambda id: rows[id][0])


@pytest.mark.parametrize("ids", [(), (1,), (2,), (1, 2), (1, 2, 3)])
def test_the_people_named_are_those_given(make_panel, ids):
    panel = make_panel(["A man walks.", "A woman waves.", ""])
    image = panel.render(ids)
    assert image.shape == (480, 350, 3)
    assert chips(image) == list(ids)


def test_the_same_people_give_the_same_picture_object(make_panel):
    panel = make_panel()
    assert panel.render((1, 2)) is panel.render((1, 2))
    assert not panel.render((1,)).flags.writeable


def test_the_words_show(make_panel):
    one = make_panel(["A man walks."]).render((1,))
    other = make_panel(["A man dances."]).render((1,))
    assert not np.array_equal(one, other)
    assert not np.array_equal(one, make_panel(["A man walks."], caption="Something else.").render((1,)))


def test_an_untrained_model_is_named_so(make_panel):
    assert not np.array_equal(make_panel(trained=False).render((1,)), make_panel().render((1,)))


def test_long_captions_are_cut_so_that_all_people_fit(make_panel):
    image = make_panel([WORDS * 20] * 6).render((1, 2, 3, 4, 5, 6))
    assert chips(image) == [1, 2, 3, 4, 5, 6]
    assert (image[-5:] == BACKGROUND).all()


def test_one_long_caption_is_shown_whole_where_there_is_room(make_panel):
    shown = make_panel([WORDS * 3]).render((1,))
    longer = make_panel([WORDS * 3 + "Then he leaves."]).render((1,))
    assert not np.array_equal(shown, longer)


def test_when_not_all_fit_those_with_the_largest_boxes_are_shown(make_panel):
    boxes = [(0, 0, 1 + id % 7 * 10, 40) for id in range(1, 301)]  # ids 6, 13, 20 ... are the largest
    panel = make_panel([WORDS] * 300, boxes=boxes)
    shown, _ = panel._choose(tuple(range(1, 301)))
    assert 5 <= len(shown) < 20
    assert all(id % 7 == 6 for id in shown)
    assert shown == tuple(sorted(shown))
    assert chips(panel.render(tuple(range(1, 301)))) == [6]
    fewer = panel.render(tuple(range(1, 291)))
    assert not np.array_equal(fewer, panel.render(tuple(range(1, 301))))  # "+ n more" counts them


def test_columns_in_a_panel_below(make_panel):
    image = make_panel([WORDS * 3] * 6, width=1400, height=208).render((1, 2, 3, 4, 5, 6))
    assert set(chips(image)) == {1, 2, 3, 4, 5, 6}
    left, right = image[:, :700], image[:, 700:]
    assert chips(left)
    assert chips(right)


@pytest.mark.parametrize("caption", ["", " ", "word " * 1000, "x" * 5000, "你好 \U0001f3be " * 200, "\x00\n\t\u202e"])
@pytest.mark.parametrize("size", [(325, 240), (325, 1920), (1920, 208), (40, 20)])
def test_any_caption_in_any_panel(make_panel, caption, size):
    image = make_panel([caption] * 12, width=size[0], height=size[1], caption=caption).render(tuple(range(1, 13)))
    assert image.shape == (size[1], size[0], 3)
