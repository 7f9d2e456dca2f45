import numpy as np
import pytest

from smot_vlm.output.overlay import MAX_ARROWS, Overlay, join_interactions
from smot_vlm.output.palette import COLOURS, track_colour
from smot_vlm.output.timeline import Boxes
from smot_vlm.structures import Interaction, Span

GREY = 90


def canvas(width=300, height=200):
    return np.full((height, width, 3), GREY, dtype=np.uint8)


def people(*boxes, ids=None):
    ids = list(range(1, len(boxes) + 1)) if ids is None else ids
    return Boxes(np.array(ids, dtype=np.int64), np.array(boxes, dtype=float).reshape(-1, 4), np.ones(len(boxes)))


def drawn(boxes, interactions=(), image=None, text_size=14):
    image = canvas() if image is None else image
    Overlay(interactions, text_size).draw(image, boxes)
    return image


def has(image, colour):
    return (image == colour).all(axis=2)


@pytest.mark.parametrize("id", range(1, len(COLOURS) + 2))
def test_a_box_has_the_colour_of_its_id_in_rgb_on_all_four_sides(id):
    image = drawn(people((50, 60, 120, 180), ids=[id]))
    for row, column in ((100, 50), (100, 120), (180, 80), (60, 100)):
        assert tuple(image[row, column]) == track_colour(id)
    assert (image[100:160, 60:110] == GREY).all()


def test_nobody_leaves_the_picture_as_it_was():
    assert (drawn(people()) == GREY).all()


@pytest.mark.parametrize(
    "box",
    [
        (-50, 20, -1, 90),
        (300, 20, 340, 90),
        (20, -90, 60, 0),
        (20, 200, 60, 290),
        (np.nan, 20, 60, 90),
        (20, 20, np.inf, 90),
        (1e12, 1e12, 2e12, 2e12),
    ],
)
def test_a_box_outside_the_picture_is_left_out_with_its_arrows(box):
    together = drawn(people((50, 60, 120, 180), box), [Interaction(1, "talk.v.01", 2), Interaction(2, "hug.v.01", 1)])
    assert np.array_equal(together, drawn(people((50, 60, 120, 180))))


@pytest.mark.parametrize(
    ("box", "seen", "bare"),
    [
        ((-1e9, 50, 100, 150), (100, 100), (100, 0)),
        ((200, 50, 1e9, 150), (100, 200), (100, 299)),
        ((50, -1e9, 100, 150), (100, 50), (0, 90)),
        ((50, 50, 120, 1e9), (100, 50), (199, 110)),  # the tag stands at the left
    ],
)
def test_a_side_beyond_the_border_is_not_drawn_on_it(box, seen, bare):
    image = drawn(people(box))
    assert tuple(image[seen]) == track_colour(1)
    assert tuple(image[bare]) == (GREY,) * 3


@pytest.mark.parametrize("box", [(0, 0, 60, 100), (-30, -40, 60, 100), (280, 0, 330, 100)])
def test_the_id_tag_stays_inside_the_picture(box):
    # The tag is filled: a row of at least 12 pixels of the track's colour, thicker than the box's line.
    mask = has(drawn(people(box)), track_colour(1))
    filled = [row for row in range(mask.shape[0] - 4) if mask[row : row + 4].all(axis=0).sum() >= 12]
    assert filled


@pytest.mark.parametrize("size", [(1, 1), (2, 7), (16, 16)])
def test_tiny_pictures(size):
    image = canvas(*size)
    edges = [Interaction(1, "talk.v.01", 2), Interaction(2, "talk.v.01", 1)]
    drawn(people((0, 0, 1, 1), (-5, -5, 30, 30)), edges, image)
    assert image.shape == (size[1], size[0], 3)


def test_the_arrow_has_the_subjects_colour_and_its_head_at_the_object():
    left, right = (20, 60, 70, 190), (230, 60, 280, 190)
    plain = drawn(people(left, right))

    def ink_near(interaction, x):
        changed = has(drawn(people(left, right), [interaction]), track_colour(interaction.subject))
        changed &= ~has(plain, track_colour(interaction.subject))
        return int(changed[100:150, x - 16 : x + 16].sum())

    there, back = Interaction(1, "push.v.01", 2), Interaction(2, "push.v.01", 1)
    assert ink_near(there, 250) > ink_near(there, 50) > 0  # the head is larger than the dot at the start
    assert ink_near(back, 50) > ink_near(back, 250) > 0


def test_arrows_there_and_back_run_apart():
    boxes = people((20, 60, 70, 190), (230, 60, 280, 190))
    image = drawn(boxes, [Interaction(1, "talk.v.01", 2), Interaction(2, "talk.v.01", 1)])
    column = 110
    rows = [np.flatnonzero(has(image, track_colour(id))[:, column]) for id in (1, 2)]
    assert rows[0].max() + 5 < rows[1].min()


def test_people_at_the_same_place_can_act_on_each_other():
    image = drawn(people((50, 60, 120, 180), (50, 60, 120, 180)), [Interaction(1, "hug.v.01", 2)])
    assert not np.array_equal(image, drawn(people((50, 60, 120, 180), (50, 60, 120, 180))))


def test_one_arrow_for_a_pair_names_its_verbs_the_surest_first():
    edges = [
        Interaction(1, "smile.v.01", 2, 0.2),
        Interaction(2, "listen.v.01", 1, 0.5),
        Interaction(1, "talk_about.v.01", 2, 0.9),
        Interaction(1, "talk_about.v.02", 2, 0.8),
    ]
    arrows = join_interactions(edges)
    assert [(a.subject, a.object, a.label, a.score) for a in arrows] == [
        (1, 2, "talk about, smile", 0.9),
        (2, 1, "listen", 0.5),
    ]
    many = join_interactions([Interaction(1, f"verb{n}.v.01", 2, 1 - n / 10) for n in range(5)])
    assert many[0].label == "verb0, verb1, verb2 +2"


def test_a_crowd_gets_only_the_surest_arrows():
    boxes = people(*[(10 * n, 20, 10 * n + 8, 60) for n in range(8)])
    edges = [
        Interaction(a, "talk.v.01", b, 0.5 + a / 100 + b / 1000) for a in range(1, 9) for b in range(1, 9) if a != b
    ]
    surest = sorted(edges, key=lambda edge: -edge.score)[:MAX_ARROWS]
    assert np.array_equal(drawn(boxes, edges), drawn(boxes, surest))


def test_a_view_into_a_larger_picture_is_drawn_in_place():
    whole = np.full((220, 400, 3), GREY, dtype=np.uint8)
    drawn(people((50, 60, 120, 180)), image=whole[:200, :300])
    assert np.array_equal(whole[:200, :300], drawn(people((50, 60, 120, 180))))
    assert (whole[200:] == GREY).all()
    assert (whole[:, 300:] == GREY).all()


def test_interactions_with_spans_are_drawn_in_these_only():
    boxes = people((20, 60, 70, 190), (230, 60, 280, 190))
    edges = [Interaction(1, "hug.v.01", 2, 0.9, (Span(1.0, 2.0),)), Interaction(2, "talk.v.01", 1, 0.8)]
    overlay = Overlay(edges, 14)

    def at(seconds):
        image = canvas()
        overlay.draw(image, boxes, seconds)
        return image

    assert np.array_equal(at(1.5), drawn(boxes, edges))
    assert np.array_equal(at(0.5), drawn(boxes, edges[1:]))
    assert np.array_equal(at(2.5), drawn(boxes, edges[1:]))


@pytest.mark.parametrize("size", [(640, 360), (1280, 720)])
def test_no_text_is_on_the_faces_of_twenty_people(size, monkeypatch):
    width, height = size
    rng = np.random.default_rng(3)
    left, top = rng.uniform(0.02, 0.9, 20) * width, rng.uniform(0.05, 0.6, 20) * height
    wide = rng.uniform(0.05, 0.09, 20) * width
    boxes = np.stack([left, top, left + wide, np.minimum(top + 2.5 * wide, height)], axis=1)
    edges = [Interaction(id, "talk_about.v.01", id + 1, 0.9) for id in range(1, 12, 2)]
    edges += [Interaction(id + 1, "listen.v.01", id, 0.8) for id in range(1, 12, 2)]
    written = []
    monkeypatch.setattr(
        "smot_vlm.output.overlay.stamp", lambda image, tag, x, y: written.append((x, y, *tag.shape[1::-1]))
    )
    drawn(people(*boxes), edges, canvas(width, height), text_size=max(13, height // 35))
    assert len(written) == 20 + 12
    covered = np.zeros((height, width), dtype=int)
    for x, y, tag_width, tag_height in written:
        covered[y : y + tag_height, x : x + tag_width] += 1
    assert covered.max() == 1  # no text on other text
    for x1, y1, x2, y2 in boxes.astype(int):
        assert covered[y1 : y1 + (y2 - y1) // 3, x1:x2].sum() == 0
