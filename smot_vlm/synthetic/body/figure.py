"""From joints to strokes: what one person looks like on the screen."""

from smot_vlm.synthetic.body.bags import bag_parts
from smot_vlm.synthetic.body.head import head_parts
from smot_vlm.synthetic.body.lens import Lens, body_part, convex_hull
from smot_vlm.synthetic.body.people import CLOTH_RGB, Person
from smot_vlm.synthetic.body.skeleton import PlacedBody
from smot_vlm.synthetic.body.vectors import add, mix, scale
from smot_vlm.synthetic.stage.strokes import Colour, Line, Part, Polygon, Stroke, shade

SHOE: Colour = (58, 50, 48)


def person_parts(person: Person, placed: PlacedBody, lens: Lens) -> list[Part]:
    """All parts of one person's body, clothes, hat and bag.

    Args:
        person: who.
        placed: their joints.
        lens: from metres to pixels.

    Returns:
        In no order.
    """
    parts = [
        *_leg(person, placed, lens, "left"),
        *_leg(person, placed, lens, "right"),
        _arm(person, placed, lens, "left"),
        _arm(person, placed, lens, "right"),
        _trunk(person, placed, lens),
        *head_parts(person, placed, lens),
        *bag_parts(person, placed, lens),
    ]
    if person.bottom_style == "skirt":
        parts.append(_skirt(person, placed, lens))
    return parts


def _limb_tone(depth: float) -> float:
    """Limbs behind the trunk are darker."""
    return 0.82 if depth > 0.03 else 1.0


def _leg(person: Person, placed: PlacedBody, lens: Lens, side: str) -> list[Part]:
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
    return [body_part(placed, lens, depth, [shoe, *strokes])]


def _leg_depth(placed: PlacedBody, side: str) -> float:
    """Mean depth of a leg, metres behind the body's origin."""
    j = placed.joints
    hip, knee, ankle = (getattr(j, f"{name}_{side}") for name in ("hip", "knee", "ankle"))
    return float(hip[2] + knee[2] + ankle[2]) / 3


def _arm(person: Person, placed: PlacedBody, lens: Lens, side: str) -> Part:
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
    return body_part(placed, lens, depth - 0.02, strokes)


def _trunk(person: Person, placed: PlacedBody, lens: Lens) -> Part:
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
    return body_part(placed, lens, 0.0, strokes)


def _skirt(person: Person, placed: PlacedBody, lens: Lens) -> Part:
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
    hull = convex_hull(corners)
    # Over both thighs, whichever is nearer.
    depth = min(_leg_depth(placed, side) for side in ("left", "right")) - 0.006
    return body_part(placed, lens, depth, [Polygon(hull, 1.25 * radius * lens.scale, CLOTH_RGB[person.bottom])])
