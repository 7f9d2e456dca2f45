"""Heads: hair, face and hat, from any side."""

from math import atan2, degrees

from smot_vlm.synthetic.body.lens import Lens, body_part
from smot_vlm.synthetic.body.people import Person
from smot_vlm.synthetic.body.skeleton import PlacedBody
from smot_vlm.synthetic.body.vectors import add, scale
from smot_vlm.synthetic.stage.strokes import Ellipse, Line, Part, Stroke, shade


def head_parts(person: Person, placed: PlacedBody, lens: Lens) -> list[Part]:
    """Hair, face and hat.

    Args:
        person: who.
        placed: their joints.
        lens: from metres to pixels.

    Returns:
        In no order.
    """
    j = placed.joints
    radius = person.build.head * person.height / 2
    r = radius * lens.scale
    centre = lens(j.head)
    upright = add(j.head, j.neck, -1.0)
    tip = lens(add(j.head, upright))
    angle = degrees(atan2(tip[0] - centre[0], centre[1] - tip[1]))
    depth = j.head[2] - 0.03
    parts = []
    to_face = -j.face[2]  # 1 looks into the camera, -1 away

    back: list[Stroke] = []
    if person.hair_style == "long":
        nape = add(j.head, j.face, -0.45 * radius)
        ends = add(nape, scale(j.up, -1.0), 1.75 * radius)
        back = [Line(lens(nape), lens(ends), 0.86 * r, person.hair)]
    elif person.hair_style == "bun":
        knot = add(add(j.head, j.face, -0.9 * radius), j.up, 0.75 * radius)
        back = [Line(lens(knot), lens(knot), 0.45 * r, person.hair)]
    elif person.hair_style == "pigtails":
        for sign in (1.0, -1.0):
            root = add(add(j.head, j.to_left, sign * 0.95 * radius), j.face, -0.3 * radius)
            ends = add(add(root, j.to_left, sign * 0.55 * radius), j.up, -1.0 * radius)
            back.append(Line(lens(root), lens(ends), 0.34 * r, person.hair))
    if back:
        # Behind the head, but over the back of somebody who looks away.
        parts.append(body_part(placed, lens, depth + (0.02 if to_face > 0 else -0.02), back))

    strokes: list[Stroke] = [Ellipse(centre, (r, 1.10 * r), angle, person.hair)]
    if to_face > -0.55:
        strokes += _face(person, placed, lens, radius, angle)
    parts.append(body_part(placed, lens, depth, strokes))
    hat = _hat(person, placed, lens, radius, angle)
    if hat:
        parts.append(body_part(placed, lens, depth - 0.015, hat))
    return parts


def _face(person: Person, placed: PlacedBody, lens: Lens, radius: float, angle: float) -> list[Stroke]:
    j = placed.joints
    r = radius * lens.scale
    to_face = -j.face[2]
    middle = add(add(j.head, j.face, 0.32 * radius), j.up, -0.18 * radius)
    strokes: list[Stroke] = [
        Ellipse(lens(middle), (r * (0.62 + 0.22 * max(to_face, 0.0)), 0.86 * r), angle, person.skin)
    ]
    across = (-j.face[2], 0.0, j.face[0])  # towards the person's left
    if abs(j.face[0]) > 0.4:
        nose = add(add(j.head, j.face, 1.02 * radius), j.up, -0.18 * radius)
        strokes.append(Line(lens(nose), lens(nose), 0.16 * r, shade(person.skin, 0.92)))
    if person.beard:
        chin = add(add(j.head, j.face, 0.55 * radius), j.up, -0.78 * radius)
        strokes.append(Ellipse(lens(chin), (r * (0.35 + 0.2 * max(to_face, 0.0)), 0.34 * r), angle, person.hair))
    for sign in (1.0, -1.0):
        eye = add(add(add(j.head, j.face, 0.80 * radius), across, sign * 0.36 * radius), j.up, 0.05 * radius)
        if j.face[2] * 0.8 + across[2] * sign * 0.36 < -0.02:
            strokes.append(Line(lens(eye), lens(eye), max(0.11 * r, 0.5), (30, 26, 26)))
    if to_face > 0.2 and not person.beard:
        mouth = add(add(j.head, j.face, 0.85 * radius), j.up, -0.50 * radius)
        half = scale(across, 0.20 * radius)
        strokes.append(Line(lens(add(mouth, half)), lens(add(mouth, half, -1.0)), max(0.06 * r, 0.5), (150, 60, 60)))
    return strokes


def _hat(person: Person, placed: PlacedBody, lens: Lens, radius: float, angle: float) -> list[Stroke]:
    j = placed.joints
    r = radius * lens.scale
    colour, dark = person.hat_colour, shade(person.hat_colour, 0.75)
    crown = add(j.head, j.up, 0.62 * radius)
    if "cap" in person.accessories:
        peak = add(add(j.head, j.up, 0.50 * radius), j.face, 0.9 * radius)
        tip = add(peak, j.face, 0.75 * radius)
        return [
            Ellipse(lens(crown), (1.06 * r, 0.72 * r), angle, colour),
            Line(lens(add(peak, j.face, -0.3 * radius)), lens(tip), 0.24 * r, dark),
        ]
    if "straw_hat" in person.accessories:
        top = add(j.head, j.up, 1.0 * radius)
        return [
            Ellipse(lens(add(j.head, j.up, 0.50 * radius)), (1.95 * r, 0.42 * r), angle, colour),
            Ellipse(lens(top), (1.0 * r, 0.72 * r), angle, colour),
            Ellipse(lens(add(j.head, j.up, 0.72 * radius)), (1.02 * r, 0.20 * r), angle, (96, 62, 40)),
        ]
    if "beanie" in person.accessories:
        bobble = add(j.head, j.up, 1.75 * radius)
        return [
            Line(lens(bobble), lens(bobble), 0.34 * r, (232, 228, 220)),
            Ellipse(lens(crown), (1.10 * r, 1.0 * r), angle, colour),
            Ellipse(lens(add(j.head, j.up, 0.38 * radius)), (1.14 * r, 0.30 * r), angle, (232, 228, 220)),
        ]
    return []
