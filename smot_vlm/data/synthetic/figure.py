"""From joints to strokes: what one person looks like on the screen."""

from dataclasses import dataclass
from math import atan2, degrees

from smot_vlm.data.synthetic.camera import TILT
from smot_vlm.data.synthetic.people import CLOTH_RGB, Colour, Person
from smot_vlm.data.synthetic.script import Placed
from smot_vlm.data.synthetic.skeleton import Vector, add, mix, scale
from smot_vlm.data.synthetic.strokes import Ellipse, Line, Part, Pixel, Polygon, Stroke, shade

SHOE: Colour = (58, 50, 48)
OUTLINE = 0.011  # metres


@dataclass(frozen=True)
class Lens:
    """Where one person's metres fall on the screen: pixels of the origin, and pixels a metre."""

    x: float
    y: float
    scale: float

    def __call__(self, point: Vector) -> Pixel:
        return self.x + point[0] * self.scale, self.y - (point[1] + TILT * point[2]) * self.scale


def person_parts(person: Person, placed: Placed, lens: Lens) -> list[Part]:
    """All parts of one person's body, clothes, hat and bag, in no order."""
    parts = [
        *_leg(person, placed, lens, "left"),
        *_leg(person, placed, lens, "right"),
        _arm(person, placed, lens, "left"),
        _arm(person, placed, lens, "right"),
        _trunk(person, placed, lens),
        *_head(person, placed, lens),
        *_bag(person, placed, lens),
    ]
    if person.bottom_style == "skirt":
        parts.append(_skirt(person, placed, lens))
    return parts


def _part(placed: Placed, lens: Lens, depth: float, strokes: list[Stroke]) -> Part:
    return Part(placed.z + depth, tuple(strokes), placed.index, True, OUTLINE * lens.scale)


def _limb_tone(depth: float) -> float:
    """Limbs behind the trunk are darker."""
    return 0.82 if depth > 0.03 else 1.0


def _leg(person: Person, placed: Placed, lens: Lens, side: str) -> list[Part]:
    j, build, tall = placed.joints, person.build, person.height
    hip, knee, ankle, toe = (getattr(j, f"{name}_{side}") for name in ("hip", "knee", "ankle", "toe"))
    depth = _leg_depth(placed, side)
    tone = _limb_tone(depth)
    radius = build.leg_radius * tall * lens.scale
    cloth, skin = shade(CLOTH_RGB[person.bottom], tone), shade(person.skin, tone)
    shin_radius = 0.72 * radius
    a, b, c = lens(hip), lens(knee), lens(ankle)
    shoe = Line(c, lens(toe), 0.62 * radius, shade(SHOE, tone))
    if person.bottom_style == "trousers":
        strokes: list[Stroke] = [Line(b, c, 0.86 * radius, cloth), Line(a, b, radius, cloth)]
    elif person.bottom_style == "shorts":
        hem = lens(mix(hip, knee, 0.80))
        strokes = [Line(b, c, shin_radius, skin), Line(hem, b, 0.8 * radius, skin), Line(a, hem, 1.12 * radius, cloth)]
    else:
        strokes = [Line(b, c, shin_radius, skin), Line(a, b, 0.85 * radius, skin)]
    return [_part(placed, lens, depth, [shoe, *strokes])]


def _leg_depth(placed: Placed, side: str) -> float:
    """Mean depth of a leg, metres behind the body's origin."""
    j = placed.joints
    hip, knee, ankle = (getattr(j, f"{name}_{side}") for name in ("hip", "knee", "ankle"))
    return (hip[2] + knee[2] + ankle[2]) / 3


def _arm(person: Person, placed: Placed, lens: Lens, side: str) -> Part:
    j, build, tall = placed.joints, person.build, person.height
    shoulder, elbow, hand = (getattr(j, f"{name}_{side}") for name in ("shoulder", "elbow", "hand"))
    # An arm in front of the chest is drawn over the trunk even where its mean depth is the trunk's.
    depth = 0.25 * shoulder[2] + 0.25 * elbow[2] + 0.5 * hand[2]
    tone = _limb_tone(depth)
    radius = build.arm_radius * tall * lens.scale
    cloth, skin = shade(CLOTH_RGB[person.top], tone), shade(person.skin, tone)
    a, b, c = lens(shoulder), lens(elbow), lens(hand)
    palm = Line(c, c, 1.25 * radius, skin)
    if person.top_style == "long_sleeves":
        strokes: list[Stroke] = [Line(b, c, 0.9 * radius, cloth), Line(a, b, 1.1 * radius, cloth), palm]
    else:
        hem = lens(mix(shoulder, elbow, 0.75))
        strokes = [
            palm,
            Line(b, c, 0.8 * radius, skin),
            Line(hem, b, 0.85 * radius, skin),
            Line(a, hem, 1.2 * radius, cloth),
        ]
    return _part(placed, lens, depth - 0.02, strokes)


def _trunk(person: Person, placed: Placed, lens: Lens) -> Part:
    j, build, tall = placed.joints, person.build, person.height
    radius = build.torso_radius * tall
    across = scale(add(j.shoulder_left, j.shoulder_right, -1.0), 0.5)
    inner = 1.0 - 0.35 * radius / (build.shoulder * tall)
    top_left, top_right = add(j.neck, across, inner), add(j.neck, across, -inner)
    drop = scale(j.up, -0.6 * radius)
    waist = scale(j.up, 0.10 * build.torso * tall)
    shoulders = [lens(add(top_left, drop)), lens(add(top_right, drop))]
    hips = [lens(add(j.hip_right, waist)), lens(add(j.hip_left, waist))]
    cloth = CLOTH_RGB[person.top]
    seat = CLOTH_RGB[person.bottom]
    pixels = radius * lens.scale
    strokes: list[Stroke] = [
        Line(
            lens(j.neck),
            lens(mix(j.neck, j.head, 0.5)),
            0.42 * build.head * tall * lens.scale * 0.5,
            shade(person.skin, 0.85),
        ),
        Line(lens(j.hip_left), lens(j.hip_right), 0.98 * pixels, seat),
        Polygon((*shoulders, *hips), pixels, cloth),
    ]
    return _part(placed, lens, 0.0, strokes)


def _skirt(person: Person, placed: Placed, lens: Lens) -> Part:
    j, build, tall = placed.joints, person.build, person.height
    radius = build.leg_radius * tall
    hem_left, hem_right = mix(j.hip_left, j.knee_left, 0.92), mix(j.hip_right, j.knee_right, 0.92)
    spread = scale(j.to_left, 0.9 * radius)
    corners = [
        lens(j.hip_left),
        lens(add(hem_left, spread)),
        lens(add(hem_right, spread, -1.0)),
        lens(j.hip_right),
        lens(hem_left),
        lens(hem_right),
    ]
    hull = _hull(corners)
    # Over both thighs, whichever is nearer.
    depth = min(_leg_depth(placed, side) for side in ("left", "right")) - 0.006
    return _part(placed, lens, depth, [Polygon(hull, 1.25 * radius * lens.scale, CLOTH_RGB[person.bottom])])


def _hull(points: list[Pixel]) -> list[Pixel]:
    """Convex hull, counter-clockwise (monotone chain)."""
    ordered = sorted(points)

    def chain(sequence: list[Pixel]) -> list[Pixel]:
        kept: list[Pixel] = []
        for point in sequence:
            while len(kept) >= 2 and _turns_right(kept[-2], kept[-1], point):
                kept.pop()
            kept.append(point)
        return kept[:-1]

    return chain(ordered) + chain(ordered[::-1])


def _turns_right(a: Pixel, b: Pixel, c: Pixel) -> bool:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]) <= 0


def _head(person: Person, placed: Placed, lens: Lens) -> list[Part]:
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
        parts.append(_part(placed, lens, depth + (0.02 if to_face > 0 else -0.02), back))

    strokes: list[Stroke] = [Ellipse(centre, (r, 1.10 * r), angle, person.hair)]
    if to_face > -0.55:
        strokes += _face(person, placed, lens, radius, angle)
    parts.append(_part(placed, lens, depth, strokes))
    hat = _hat(person, placed, lens, radius, angle)
    if hat:
        parts.append(_part(placed, lens, depth - 0.015, hat))
    return parts


def _face(person: Person, placed: Placed, lens: Lens, radius: float, angle: float) -> list[Stroke]:
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


def _hat(person: Person, placed: Placed, lens: Lens, radius: float, angle: float) -> list[Stroke]:
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


def _bag(person: Person, placed: Placed, lens: Lens) -> list[Part]:
    j, build, tall = placed.joints, person.build, person.height
    colour, dark = person.bag_colour, shade(person.bag_colour, 0.7)
    unit = build.torso * tall
    if "backpack" in person.accessories:
        behind = scale(j.forward, -(build.torso_radius * tall + 0.26 * unit))
        low, high = add(add(j.pelvis, j.up, 0.30 * unit), behind), add(add(j.pelvis, j.up, 0.86 * unit), behind)
        wide = scale(j.to_left, 0.75 * build.shoulder * tall)
        corners = _hull([lens(add(p, wide, s)) for p in (low, high) for s in (1.0, -1.0)])
        pack = _part(placed, lens, behind[2], [Polygon(corners, 0.20 * unit * lens.scale, colour)])
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
        return [pack, _part(placed, lens, -0.005 if front[2] <= 0 else 0.005, straps)]
    if "handbag" in person.accessories:
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
        return [_part(placed, lens, elbow[2] - 0.03, [grip, body])]
    if "shoulder_bag" in person.accessories:
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
        bag = Polygon(
            ((x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)),
            0.08 * unit * lens.scale,
            colour,
        )
        return [
            _part(placed, lens, -0.006 if front[2] <= 0 else 0.006, [strap]),
            _part(placed, lens, side[2] - 0.03, [bag]),
        ]
    return []
