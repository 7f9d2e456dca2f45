"""What one person does alone: the choreography of each action."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from smot_vlm.synthetic.random_choice import pick
from smot_vlm.synthetic.stage.camera import Stage
from smot_vlm.synthetic.story.events import DoesNotFit
from smot_vlm.synthetic.story.script import Actor

OUTSIDE = 0.6  # metres beyond the frame's edge where nobody is seen
SHORTEST = 3.0  # seconds that anybody walks
LONGEST_PAUSE = 1.2  # seconds of standing after a walk


@dataclass(frozen=True)
class ActionContext:
    """When and where an action is played.

    Attributes:
        until: seconds at which it ends.
        stage: the stage.
        rng: the random stream.
        first: it opens its actor's script.
        last: it closes the script.
    """

    until: float
    stage: Stage
    rng: np.random.Generator
    first: bool = False
    last: bool = False


@dataclass(frozen=True)
class SoloChoreography:
    """How an action is played.

    Attributes:
        play: writes the action into the actor's script; DoesNotFit where there is no room.
        seconds: shortest and longest time it can fill.
    """

    play: Callable[[Actor, ActionContext], None]
    seconds: tuple[float, float] = (3.0, 30.0)


def _on_the_spot(
    pose: str, facing: tuple[float, float] = (0.0, 30.0), prop: str = "", hold: str = "right"
) -> SoloChoreography:
    """An action that stays in place; facing: range of headings off the camera, to either side."""

    def play(actor: Actor, context: ActionContext) -> None:
        actor.face(float(context.rng.uniform(*facing)) * pick(context.rng, (-1.0, 1.0)))
        mirror = bool(context.rng.random() < 0.5)
        if prop:
            side = hold
            if hold == "right" and mirror:
                side = "left"
            actor.hold(prop, actor.time + 0.2, context.until, side)
        actor.do(pose, context.until, mirror)

    return SoloChoreography(play)


def _across(direction: float, running: bool = False, prop: str = "", pose: str = "stand") -> SoloChoreography:
    """Walking or running to one side of the screen; may begin or end outside the frame."""
    slow, fast = (1.20, 1.80) if running else (0.42, 0.95)

    def play(actor: Actor, context: ActionContext) -> None:
        stage, rng, begin = context.stage, context.rng, actor.time
        beyond = stage.frame_edge(actor.z) + OUTSIDE
        enters = context.first and rng.random() < (0.6 if running else 0.35)
        leaves = context.last and rng.random() < (0.6 if running else 0.35)
        if enters:
            actor.place(-direction * beyond, actor.z)
        available = context.until - begin
        way = (beyond if leaves else stage.half_width(actor.z)) - direction * actor.x
        speed = float(rng.uniform(slow, fast))
        if leaves:
            speed = max(min(speed, way / SHORTEST), way / available)
        else:
            way = min(way, speed * available)
            speed = max(way / available, slow)
        spare = available - way / speed
        if speed > fast or way / speed < SHORTEST or (spare > LONGEST_PAUSE and not (enters or leaves)):
            raise DoesNotFit
        if enters:
            begin += spare
        actor.face(direction * 75.0)
        if prop:
            actor.hold(prop, actor.time, context.until)
        actor.go(actor.x + direction * way, actor.z, begin + way / speed, running, begin)
        actor.do(pose, context.until)

    return SoloChoreography(play, (3.0, 12.0))


def _either_side(left: SoloChoreography, right: SoloChoreography) -> SoloChoreography:
    def play(actor: Actor, context: ActionContext) -> None:
        (left if actor.x > 0 else right).play(actor, context)

    return SoloChoreography(play, left.seconds)


def _in_depth(towards_camera: bool) -> SoloChoreography:
    def play(actor: Actor, context: ActionContext) -> None:
        goal = context.stage.near if towards_camera else context.stage.far
        seconds = context.until - actor.time
        metres = min(abs(goal - actor.z), 0.8 * seconds)
        away = goal > actor.z
        if metres < 0.85 or away == towards_camera:
            raise DoesNotFit
        actor.face((0.0 if towards_camera else 180.0) + float(context.rng.uniform(-12, 12)))
        shift = float(context.rng.uniform(-0.3, 0.3))
        limit = context.stage.half_width(context.stage.near)
        x = min(max(actor.x + shift, -limit), limit)
        actor.go(x, actor.z + (metres if away else -metres), context.until)
        actor.do("stand", context.until)

    return SoloChoreography(play, (3.0, 8.0))


def _fall(actor: Actor, context: ActionContext) -> None:
    # Falls on the back, along the screen, towards the side with more room.
    actor.face(-78.0 if actor.x < 0 else 78.0)
    actor.do("fall", context.until)


def _sit(actor: Actor, context: ActionContext) -> None:
    actor.face(float(context.rng.uniform(25, 70)) * pick(context.rng, (-1.0, 1.0)))
    actor.hold("stool", actor.time, context.until, "seat")
    actor.do("sit", context.until)


SOLO: dict[str, SoloChoreography] = {
    "walk_left": _across(-1.0),
    "walk_right": _across(1.0),
    "run_left": _across(-1.0, running=True),
    "run_right": _across(1.0, running=True),
    "walk_near": _in_depth(True),
    "walk_far": _in_depth(False),
    "stand": _on_the_spot("stand"),
    "sit": SoloChoreography(_sit),
    "jump": _on_the_spot("jump"),
    "wave": _on_the_spot("wave", (0.0, 15.0)),
    "clap": _on_the_spot("clap"),
    "bow": _on_the_spot("bow", (20.0, 60.0)),
    "crouch": _on_the_spot("crouch", (30.0, 75.0)),
    "stretch": _on_the_spot("stretch", (0.0, 15.0)),
    "raise_arms": _on_the_spot("raise_arms", (0.0, 25.0)),
    "squat": _on_the_spot("squat", (30.0, 75.0)),
    "look_around": _on_the_spot("look_around", (0.0, 15.0)),
    "phone": _on_the_spot("phone", (10.0, 45.0), "phone"),
    "carry": _either_side(_across(-1.0, prop="box", pose="carry"), _across(1.0, prop="box", pose="carry")),
    "kick": _on_the_spot("kick", (45.0, 80.0)),
    "dance": _on_the_spot("dance", (0.0, 20.0)),
    "fall": SoloChoreography(_fall, (3.0, 7.0)),
    "turn_around": _on_the_spot("turn_around"),
    "drink": _on_the_spot("drink", (20.0, 55.0), "bottle"),
    "jumping_jacks": _on_the_spot("jumping_jacks", (0.0, 15.0)),
    "punch": _on_the_spot("punch", (40.0, 75.0)),
    "read": _on_the_spot("read", (10.0, 40.0), "book", "both"),
}
