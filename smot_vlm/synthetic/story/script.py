"""What everyone does when: each actor's path, turns, gestures and reaches, as pieces of continuous time.

Nothing is stepped: the state at any second is computed from the pieces alone, so the same story can be sampled at 2
or at 25 frames a second. Places are metres: x from the middle of the stage to the right, z from the camera away.
"""

from dataclasses import dataclass, field, replace
from math import hypot, radians

from smot_vlm.synthetic.body.props import Prop
from smot_vlm.synthetic.body.vectors import Vector


@dataclass(frozen=True)
class PathSegment:
    """A straight line walked at constant speed.

    Attributes:
        start: seconds.
        end: seconds.
        x0: where it begins.
        z0: where it begins.
        x1: where it ends.
        z1: where it ends.
        running: else walking.
        distance: metres gone before it.
    """

    start: float
    end: float
    x0: float
    z0: float
    x1: float
    z1: float
    running: bool
    distance: float


@dataclass(frozen=True)
class Gesture:
    """A gesture; the last one lasts for ever.

    Attributes:
        start: seconds.
        end: seconds.
        pose: name in POSES.
        mirror: left and right exchanged.
    """

    start: float
    end: float
    pose: str
    mirror: bool = False


@dataclass(frozen=True)
class Reach:
    """A hand that goes to a place: a joint of a partner, or the middle between both people.

    Attributes:
        start: seconds.
        end: seconds.
        hand: "left" or "right".
        partner: index of the other person.
        point: name of a joint, or "between", which counts up from the ground.
        offset: metres added: towards the right of the screen, up, away.
        bob: metres and cycles a second of an up-and-down.
    """

    start: float
    end: float
    hand: str
    partner: int
    point: str
    offset: Vector = (0.0, 0.0, 0.0)
    bob: tuple[float, float] = (0.0, 0.0)


@dataclass
class Actor:
    """One person's script, while the story is being written and when it is evaluated.

    Attributes:
        index: of the person.
        height: metres.
        x: where the script ends.
        z: where the script ends.
        yaw: heading at its end, radians.
        time: seconds at its end.
        start_x: where it begins.
        start_z: where it begins.
        path: ways walked.
        turns: (seconds, heading in radians).
        gestures: postures in time.
        reaches: of hands.
        props: things held.
    """

    index: int
    height: float
    x: float
    z: float
    yaw: float = 0.0
    time: float = 0.0
    start_x: float = 0.0
    start_z: float = 0.0
    path: list[PathSegment] = field(default_factory=list)
    turns: list[tuple[float, float]] = field(default_factory=list)
    gestures: list[Gesture] = field(default_factory=list)
    reaches: list[Reach] = field(default_factory=list)
    props: list[Prop] = field(default_factory=list)

    def copy(self) -> "Actor":
        """A twin whose script can be continued without touching this one."""
        path, turns, gestures = [*self.path], [*self.turns], [*self.gestures]
        return replace(self, path=path, turns=turns, gestures=gestures, reaches=[*self.reaches], props=[*self.props])

    def place(self, x: float, z: float) -> None:
        """Stand somewhere before anything happens.

        Args:
            x: metres to the right.
            z: metres from the camera.
        """
        self.x, self.z, self.start_x, self.start_z = x, z, x, z

    def face(self, degrees: float, at: float | None = None) -> None:
        """Turn to a heading.

        Args:
            degrees: 0 into the camera, 90 to the right of the screen.
            at: seconds; None: now.
        """
        self.yaw = radians(degrees)
        self.turns.append((self.time if at is None else at, self.yaw))

    def face_towards(self, x: float, degrees: float = 68.0) -> None:
        """Turn to a place on the stage, the face still half to the camera (90 would be a pure profile).

        Args:
            x: of the place.
            degrees: off the camera.
        """
        self.face(degrees if x >= self.x else -degrees)

    def do(self, pose: str, until: float, mirror: bool = False) -> None:
        """Show a gesture from now on; the clock goes on to its end.

        Args:
            pose: name in POSES.
            until: seconds.
            mirror: left and right exchanged.
        """
        self.gestures.append(Gesture(self.time, until, pose, mirror))
        self.time = until

    def go(self, x: float, z: float, until: float, running: bool = False, start: float | None = None) -> None:
        """Move on a straight line; the clock does not advance.

        Args:
            x: of the goal.
            z: of the goal.
            until: seconds.
            running: else walking.
            start: seconds; None: now.
        """
        begin = self.time if start is None else start
        gone = 0.0
        if self.path:
            last = self.path[-1]
            gone = last.distance + hypot(last.x1 - last.x0, last.z1 - last.z0)
        self.path.append(PathSegment(begin, until, self.x, self.z, x, z, running, gone))
        self.x, self.z = x, z

    def reach(self, start: float, end: float, hand: str, partner: "Actor", point: str, offset: Vector = (0.0, 0.0, 0.0),
              bob: tuple[float, float] = (0.0, 0.0)) -> None:  # fmt: skip
        """Send a hand to a place (see `Reach`).

        Args:
            start: seconds.
            end: seconds.
            hand: "left" or "right".
            partner: the other person.
            point: name of a joint, or "between".
            offset: metres added.
            bob: metres and cycles a second of an up-and-down.
        """
        self.reaches.append(Reach(start, end, hand, partner.index, point, offset, bob))

    def hold(self, kind: str, start: float, end: float, hold: str = "both") -> None:
        """Have a thing in the hands (see `Prop`).

        Args:
            kind: of the thing.
            start: seconds.
            end: seconds.
            hold: in which hand.
        """
        self.props.append(Prop(kind, start, end, self.index, hold))
