import numpy as np
import pytest

from smot_vlm.output.palette import track_colour
from smot_vlm.output.panel import Panel

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


def shown_lines(panel, ids):
    """What all pages say of each person."""
    lines = {}
    for page in panel._pages(ids):
        for piece in page:
            lines.setdefault(piece.track_id, []).extend(piece.lines)
    return {id: " ".join(words) for id, words in lines.items()}


@pytest.mark.parametrize("people", [1, 6, 40])
@pytest.mark.parametrize("size", [(350, 480), (325, 240), (1400, 208)])
def test_no_caption_is_cut(make_panel, people, size):
    captions = [(WORDS * (1 + id % 9)).strip() for id in range(people)]
    panel = make_panel(captions, width=size[0], height=size[1])
    ids = tuple(range(1, people + 1))
    assert shown_lines(panel, ids) == dict(zip(ids, captions, strict=True))
    for page in panel._pages(ids):
        for piece in page:
            assert piece.top + len(piece.lines) * panel._line <= size[1]
            assert piece.left + panel._column_width <= size[0]


def test_what_does_not_fit_takes_turns(make_panel):
    panel = make_panel([WORDS * 20] * 3)
    first, second = panel.render((1, 2, 3), 0.0), panel.render((1, 2, 3), 4.0)
    assert chips(first) == [1]
    assert not np.array_equal(first, second)
    assert np.array_equal(first, panel.render((1, 2, 3), 3.9))
    turns = len(panel._pages((1, 2, 3)))
    assert np.array_equal(first, panel.render((1, 2, 3), 4.0 * turns))
    seen = {id for turn in range(turns) for id in chips(panel.render((1, 2, 3), 4.0 * turn))}
    assert seen == {1, 2, 3}


def test_a_long_caption_of_the_video_takes_turns_as_well(make_panel):
    panel = make_panel(caption=WORDS * 12)
    assert not np.array_equal(panel.render(()), panel.render((), 4.0))
    whole = make_panel(caption=WORDS)
    assert np.array_equal(whole.render(()), whole.render((), 4.0))


def test_one_long_caption_is_shown_whole_where_there_is_room(make_panel):
    shown = make_panel([WORDS * 3]).render((1,))
    longer = make_panel([WORDS * 3 + "Then he leaves."]).render((1,))
    assert not np.array_equal(shown, longer)


def test_columns_in_a_panel_below(make_panel):
    image = make_panel([WORDS * 2] * 6, width=1400, height=208).render((1, 2, 3, 4, 5, 6))
    assert set(chips(image)) == {1, 2, 3, 4, 5, 6}
    left, right = image[:, :700], image[:, 700:]
    assert chips(left)
    assert chips(right)


@pytest.mark.parametrize("caption", ["", " ", "word " * 1000, "x" * 5000, "你好 \U0001f3be " * 200, "\x00\n\t\u202e"])
@pytest.mark.parametrize("size", [(325, 240), (325, 1920), (1920, 208), (40, 20)])
def test_any_caption_in_any_panel(make_panel, caption, size):
    image = make_panel([caption] * 12, width=size[0], height=size[1], caption=caption).render(tuple(range(1, 13)))
    assert image.shape == (size[1], size[0], 3)
