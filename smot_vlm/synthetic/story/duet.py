"""Two people on the stage: the tools with which every interaction is played."""

from dataclasses import dataclass

import numpy as np

from smot_vlm.synthetic.stage.camera import Stage
from smot_vlm.synthetic.story.events import DoesNotFit
from smot_vlm.synthetic.story.script import Actor

MEET_SPEED = 1.5  # metres a second at which people step together before an interaction
LONGEST_MEETING = 1.4  # seconds


@dataclass(frozen=True)
class Duet:
    """An interaction being written: subject `a` acts on object `b`.

    Attributes:
        a: the subject.
        b: the object.
        until: seconds at which it ends.
        stage: the stage.
        rng: the random stream.
        last: it closes both scripts.
    """

    a: Actor
    b: Actor
    until: float
    stage: Stage
    rng: np.random.Generator
    last: bool = False

    @property
    def side(self) -> float:
        """+1 where the object is to the right of the subject."""
        return 1.0 if self.b.x >= self.a.x else -1.0

    @property
    def seconds(self) -> float:
        """From now to the end."""
        return self.until - self.a.time

    def meet(self, gap: float, depth: float = 0.04) -> None:
        """Both step together, at one depth, and face each other.

        Args:
            gap: metres between them.
            depth: metres by which the object is further away.

        Raises:
            DoesNotFit: they are too far apart.
        """
        a, b, side = self.a, self.b, self.side
        z = (a.z + b.z) / 2
        limit = self.stage.half_width(z) - gap / 2
        centre = min(max((a.x + b.x) / 2, -limit), limit)
        ax, bx = centre - side * gap / 2, centre + side * gap / 2
        way = max(abs(ax - a.x), abs(bx - b.x), abs(z - a.z), abs(z - b.z))
        seconds = way / MEET_SPEED
        if seconds > LONGEST_MEETING:
            raise DoesNotFit
        start = max(a.time, b.time)
        for actor, x, other in ((a, ax, bx), (b, bx, ax)):
            if way > 0.05:
                actor.face(80.0 if x > actor.x else -80.0)
                actor.go(x, z + (depth if actor is b else 0.0), start + seconds)
                actor.do("stand", start + seconds)
            actor.face_towards(other)

    def both(
        self, pose_a: str, pose_b: str, until: float | None = None, mirror_a: bool = False, mirror_b: bool = False
    ) -> None:
        """Show a gesture each.

        Args:
            pose_a: of the subject.
            pose_b: of the object.
            until: seconds at which both end; None: the end.
            mirror_a: left and right exchanged.
            mirror_b: the same of the object.
        """
        end = self.until if until is None else until
        self.a.do(pose_a, end, mirror_a)
        self.b.do(pose_b, end, mirror_b)

    def move_both(self, metres: float, start: float, until: float) -> None:
        """Shift both along the stage, keeping their distance.

        Args:
            metres: to the right.
            start: seconds.
            until: seconds.
        """
        for actor in (self.a, self.b):
            actor.go(actor.x + metres, actor.z, until, start=start)

    def room(self, direction: float) -> float:
        """Metres that both can go to one side.

        Args:
            direction: 1 to the right, -1 to the left.

        Returns:
            Metres.
        """
        front = max(direction * self.a.x, direction * self.b.x)
        return self.stage.half_width(self.a.z) - front

    @property
    def arm(self) -> float:
        """A distance at which the subject's hands reach the object's body, metres."""
        return 0.20 + 0.26 * self.a.height

    def spread(self, low: float, high: float) -> None:
        """Step to a distance between two bounds, and face each other.

        Args:
            low: least, metres.
            high: greatest, metres.

        Raises:
            DoesNotFit: they are too far apart.
        """
        distance = abs(self.b.x - self.a.x)
        self.meet(min(max(distance, low), high))
