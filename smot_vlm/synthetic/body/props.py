"""Things in people's hands, under them, or in the air between them."""

from collections.abc import Callable
from dataclasses import dataclass

from smot_vlm.synthetic.body.lens import OUTLINE, Lens, rectangle
from smot_vlm.synthetic.body.people import Person
from smot_vlm.synthetic.body.skeleton import PlacedBody
from smot_vlm.synthetic.body.vectors import Vector, add, middle, mix, scale
from smot_vlm.synthetic.stage.strokes import Colour, Ellipse, Line, Part, Polygon, Stroke, shade

BALL: Colour = (238, 96, 30)
BOX: Colour = (196, 150, 96)
WOOD: Colour = (140, 98, 58)
DARK: Colour = (36, 38, 44)
ARC_METRES = 0.7  # how high a thrown ball rises


@dataclass(frozen=True)
class Prop:
    """A thing in somebody's hands, on the ground, or in the air between two holders.

    Attributes:
        kind: name in DRAW, or "stool".
        start: seconds.
        end: seconds.
        holder: index of the person.
        hold: "both", "right", "left" or "seat" (on the ground under the holder).
        to: who catches it; then it flies from the holder's hand to theirs from `start` to `end`.
    """

    kind: str
    start: float
    end: float
    holder: int
    hold: str = "both"
    to: int | None = None


def prop_parts(
    prop: Prop, time: float, people: tuple[Person, ...], placed: list[PlacedBody], lenses: list[Lens]
) -> list[Part]:
    """Strokes of one thing.

    Args:
        prop: the thing.
        time: seconds.
        people: everybody.
        placed: everybody's joints.
        lenses: everybody's, from metres to pixels.

    Returns:
        Nothing outside the thing's seconds.
    """
    if not prop.start <= time < prop.end:
        return []
    holder, lens = placed[prop.holder], lenses[prop.holder]
    joints = holder.joints
    if prop.hold == "seat":
        return [_stool(holder, lens, people[prop.holder])]
    if prop.to is not None:
        return [_flying(prop, time, placed, lenses)]
    if prop.hold == "both":
        place = middle(joints.hand_left, joints.hand_right)
    else:
        place = joints.hand_right if prop.hold == "right" else joints.hand_left
    strokes = DRAW[prop.kind](place, holder, lens)
    return [Part(holder.z + place[2] - 0.035, tuple(strokes), prop.holder, False, OUTLINE * lens.scale)]


def _flying(prop: Prop, time: float, placed: list[PlacedBody], lenses: list[Lens]) -> Part:
    """A ball on its way, drawn in the thrower's perspective."""
    assert prop.to is not None
    thrower, catcher, lens = placed[prop.holder], placed[prop.to], lenses[prop.holder]
    share = (time - prop.start) / (prop.end - prop.start)
    origin = (thrower.x, 0.0, thrower.z)
    start = thrower.world(thrower.joints.hand_right)
    goal = catcher.world(middle(catcher.joints.hand_left, catcher.joints.hand_right))
    here = add(add(mix(start, goal, share), (0.0, 4 * ARC_METRES * share * (1 - share), 0.0)), origin, -1.0)
    return Part(thrower.z - 0.2, tuple(_ball(here, thrower, lens)), prop.holder, False, OUTLINE * lens.scale)


def _ball(place: Vector, _holder: PlacedBody, lens: Lens) -> list[Stroke]:
    radius = 0.13 * lens.scale
    x, y = lens(place)
    return [Ellipse((x, y), (radius, radius), 0.0, BALL), Line((x - 0.8 * radius, y), (x + 0.8 * radius, y), 0.5, DARK)]


def _box(place: Vector, _holder: PlacedBody, lens: Lens) -> list[Stroke]:
    x, y = lens(place)
    half, tall = 0.20 * lens.scale, 0.15 * lens.scale
    corners = rectangle(x, y, half, tall)
    return [Polygon(corners, 0.0, BOX), Line((x, y - tall), (x, y + tall), 0.03 * lens.scale, shade(BOX, 0.75))]


def _phone(place: Vector, _holder: PlacedBody, lens: Lens) -> list[Stroke]:
    up = add(place, (0.0, 0.13, 0.0))
    x, y = lens(up)
    half, tall = 0.055 * lens.scale, 0.09 * lens.scale
    corners = rectangle(x, y, half, tall)
    inner = tuple((x + 0.6 * (cx - x), y + 0.7 * (cy - y)) for cx, cy in corners)
    return [Polygon(corners, 0.012 * lens.scale, DARK), Polygon(inner, 0.0, (170, 210, 235))]


def _bottle(place: Vector, holder: PlacedBody, lens: Lens) -> list[Stroke]:
    mouth = mix(place, holder.joints.head, 0.35)
    axis = add(mouth, place, -1.0)
    bottom = add(place, axis, -0.8)
    return [
        Line(lens(bottom), lens(place), 0.055 * lens.scale, (120, 190, 150)),
        Line(lens(place), lens(add(place, axis, 0.6)), 0.028 * lens.scale, (225, 235, 230)),
    ]


def _book(place: Vector, _holder: PlacedBody, lens: Lens) -> list[Stroke]:
    x, y = lens(add(place, (0.0, 0.08, 0.0)))
    half, tall = 0.20 * lens.scale, 0.13 * lens.scale
    page: Colour = (250, 246, 232)
    left = ((x - half, y - tall), (x, y - 0.7 * tall), (x, y + tall), (x - half, y + 0.8 * tall))
    right = ((x + half, y - tall), (x, y - 0.7 * tall), (x, y + tall), (x + half, y + 0.8 * tall))
    cover: Colour = (120, 44, 40)
    return [
        Polygon(left, 0.02 * lens.scale, cover),
        Polygon(right, 0.02 * lens.scale, cover),
        Polygon(left, 0.0, page),
        Polygon(right, 0.0, page),
    ]


def _camera(place: Vector, holder: PlacedBody, lens: Lens) -> list[Stroke]:
    lens_end = add(place, holder.joints.face, 0.12)
    x, y = lens(place)
    half, tall = 0.12 * lens.scale, 0.08 * lens.scale
    corners = rectangle(x, y, half, tall)
    return [
        Polygon(corners, 0.01 * lens.scale, DARK),
        Line(lens(place), lens(lens_end), 0.055 * lens.scale, (86, 90, 98)),
        Line((x - 0.5 * half, y - tall), (x, y - tall), 0.02 * lens.scale, (235, 235, 235)),
    ]


def _microphone(place: Vector, holder: PlacedBody, lens: Lens) -> list[Stroke]:
    top = add(add(place, (0.0, 0.13, 0.0)), scale(holder.joints.forward, 0.08))
    return [
        Line(lens(place), lens(top), 0.028 * lens.scale, DARK),
        Line(lens(top), lens(top), 0.055 * lens.scale, (150, 154, 160)),
    ]


def _stool(holder: PlacedBody, lens: Lens, person: Person) -> Part:
    """A stool under the pelvis, with its feet on the ground."""
    height = person.build.leg * person.height - 0.02
    wide = 0.13 * person.height
    seat_left, seat_right = (-wide, height, 0.03), (wide, height, 0.03)
    strokes: list[Stroke] = [
        Line(lens(seat_left), lens((-wide * 1.1, 0.0, 0.03)), 0.025 * lens.scale, shade(WOOD, 0.8)),
        Line(lens(seat_right), lens((wide * 1.1, 0.0, 0.03)), 0.025 * lens.scale, shade(WOOD, 0.8)),
        Line(lens(seat_left), lens(seat_right), 0.045 * lens.scale, WOOD),
    ]
    return Part(holder.z + 0.10, tuple(strokes), holder.index, False, OUTLINE * lens.scale)


DRAW: dict[str, Callable[[Vector, PlacedBody, Lens], list[Stroke]]] = {
    "ball": _ball,
    "box": _box,
    "phone": _phone,
    "bottle": _bottle,
    "book": _book,
    "camera": _camera,
    "microphone": _microphone,
}
