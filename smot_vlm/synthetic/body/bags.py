"""What people carry with them all the time."""

from collections.abc import Callable

from smot_vlm.synthetic.body.lens import Lens, body_part, convex_hull, rectangle
from smot_vlm.synthetic.body.people import Person
from smot_vlm.synthetic.body.skeleton import PlacedBody
from smot_vlm.synthetic.body.vectors import add, mix, scale
from smot_vlm.synthetic.stage.strokes import Line, Part, Polygon, Stroke, shade


def bag_parts(person: Person, placed: PlacedBody, lens: Lens) -> list[Part]:
    """The strokes of whatever bag a person has.

    Args:
        person: who.
        placed: their joints.
        lens: from metres to pixels.

    Returns:
        One part or more a bag.
    """
    return [part for name in person.accessories if name in _BAGS for part in _BAGS[name](person, placed, lens)]


def _backpack(person: Person, placed: PlacedBody, lens: Lens) -> list[Part]:
    j, build, tall = placed.joints, person.build, person.height
    colour, dark = person.bag_colour, shade(person.bag_colour, 0.7)
    unit = build.torso * tall
    behind = scale(j.forward, -(build.torso_radius * tall + 0.26 * unit))
    low, high = add(add(j.pelvis, j.up, 0.30 * unit), behind), add(add(j.pelvis, j.up, 0.86 * unit), behind)
    wide = scale(j.to_left, 0.75 * build.shoulder * tall)
    corners = convex_hull([lens(add(p, wide, s)) for p in (low, high) for s in (1.0, -1.0)])
    pack = body_part(placed, lens, behind[2], [Polygon(corners, 0.20 * unit * lens.scale, colour)])
    front = scale(j.forward, build.torso_radius * tall)
    straps: list[Stroke] = [
        Line(
            lens(add(add(add(j.neck, j.to_left, s * 0.55 * build.shoulder * tall), front), j.up, 0.02 * unit)),
            lens(add(add(add(j.pelvis, j.up, 0.40 * unit), j.to_left, s * 0.75 * build.shoulder * tall), front)),
            0.055 * unit * lens.scale,
            dark,
        )
        for s in (1.0, -1.0)
    ]
    return [pack, body_part(placed, lens, -0.005 if front[2] <= 0 else 0.005, straps)]


def _handbag(person: Person, placed: PlacedBody, lens: Lens) -> list[Part]:
    j, build, tall = placed.joints, person.build, person.height
    colour, dark = person.bag_colour, shade(person.bag_colour, 0.7)
    unit = build.torso * tall
    elbow = mix(j.elbow_left, j.hand_left, 0.35)
    top = add(elbow, (0.0, -0.40 * unit, 0.0))
    low = add(top, (0.0, -0.42 * unit, 0.0))
    half = 0.30 * unit * lens.scale
    (tx, ty), (lx, ly) = lens(top), lens(low)
    body = Polygon(
        ((tx - 0.7 * half, ty), (tx + 0.7 * half, ty), (lx + half, ly), (lx - half, ly)),
        0.05 * unit * lens.scale,
        colour,
    )
    grip = Line(lens(elbow), (tx, ty), 0.05 * unit * lens.scale, dark)
    return [body_part(placed, lens, elbow[2] - 0.03, [grip, body])]


def _shoulder_bag(person: Person, placed: PlacedBody, lens: Lens) -> list[Part]:
    j, build, tall = placed.joints, person.build, person.height
    colour, dark = person.bag_colour, shade(person.bag_colour, 0.7)
    unit = build.torso * tall
    side = scale(j.to_left, -(build.hip * tall + 0.10 * unit))
    front = scale(j.forward, build.torso_radius * tall)
    hang = add(add(j.pelvis, side), j.up, -0.12 * unit)
    strap = Line(
        lens(add(add(j.neck, j.to_left, 0.6 * build.shoulder * tall), front)),
        lens(add(add(j.pelvis, side, 0.8), front)),
        0.06 * unit * lens.scale,
        dark,
    )
    half = 0.26 * unit * lens.scale
    x, y = lens(hang)
    bag = Polygon(rectangle(x, y, half, half), 0.08 * unit * lens.scale, colour)
    return [
        body_part(placed, lens, -0.006 if front[2] <= 0 else 0.006, [strap]),
        body_part(placed, lens, side[2] - 0.03, [bag]),
    ]


_BAGS: dict[str, Callable[[Person, PlacedBody, Lens], list[Part]]] = {
    "backpack": _backpack,
    "handbag": _handbag,
    "shoulder_bag": _shoulder_bag,
}
