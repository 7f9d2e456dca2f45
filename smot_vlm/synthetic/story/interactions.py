"""The table of interactions: how each is played, who can take part, and the edges that it stands for."""

from collections.abc import Callable
from dataclasses import dataclass

from smot_vlm.synthetic.body.people import ADULTS
from smot_vlm.synthetic.story import encounters, moves
from smot_vlm.synthetic.story.duet import Duet


@dataclass(frozen=True)
class DuetChoreography:
    """How an interaction is played and which edges of the graph it stands for.

    Attributes:
        play: writes the interaction into both scripts; DoesNotFit where there is no room.
        reverse: verb of the edge from object to subject; "" for none, the verb itself where it is mutual.
        seconds: shortest and longest time it can fill.
        adult_subject: no child can be the subject.
        child_object: no adult can be the object.
        alike: both are adults or both are children.
    """

    play: Callable[[Duet], None]
    reverse: str = ""
    seconds: tuple[float, float] = (4.0, 9.0)
    adult_subject: bool = False
    child_object: bool = False
    alike: bool = False

    def casts(self, subject: str, target: str) -> bool:
        """Whether people of these kinds can play it.

        Args:
            subject: kind of the subject.
            target: kind of the object.

        Returns:
            The answer.
        """
        if self.adult_subject and subject not in ADULTS:
            return False
        if self.child_object and target in ADULTS:
            return False
        return not self.alike or (subject in ADULTS) == (target in ADULTS)


DUETS: dict[str, DuetChoreography] = {
    "talk.v.01": DuetChoreography(encounters.talk, "talk.v.01", (4.0, 10.0)),
    "quarrel.v.01": DuetChoreography(encounters.quarrel, "quarrel.v.01"),
    "embrace.v.02": DuetChoreography(encounters.embrace, "embrace.v.02"),
    "handshake.n.01": DuetChoreography(encounters.handshake, "handshake.n.01"),
    "dance.v.01": DuetChoreography(encounters.dance, "dance.v.01", (4.0, 10.0)),
    "fight.v.02": DuetChoreography(encounters.fight, "fight.v.02", alike=True),
    "accompany.v.02": DuetChoreography(moves.accompany, "accompany.v.02", (4.0, 8.0)),
    "follow.v.01": DuetChoreography(moves.follow, "", (4.0, 8.0)),
    "lead.v.01": DuetChoreography(moves.lead, "follow.v.01", (4.0, 8.0)),
    "chase.v.01": DuetChoreography(moves.chase, "flee.v.01", (4.0, 8.0)),
    "approach.v.01": DuetChoreography(moves.approach, "", (4.0, 6.5)),
    "leave.v.01": DuetChoreography(moves.leave, "", (4.0, 7.0)),
    "push.v.01": DuetChoreography(moves.push, "", (4.0, 7.0)),
    "pull.v.01": DuetChoreography(moves.pull, "", (4.0, 7.0)),
    "hit.v.03": DuetChoreography(encounters.hit, "", (4.0, 7.0)),
    "throw.v.01": DuetChoreography(encounters.throw, "catch.v.04", (4.5, 8.0)),
    "give.v.03": DuetChoreography(encounters.give, "receive.v.01", (4.5, 8.0)),
    "indicate.v.02": DuetChoreography(encounters.gesture("point", "attentive", 1.0, 2.2)),
    "beckon.v.01": DuetChoreography(encounters.gesture("beckon", "attentive", 1.0, 2.4, 48.0)),
    "salute.v.02": DuetChoreography(encounters.gesture("salute", "attentive", 0.9, 1.8, 42.0)),
    "applaud.v.01": DuetChoreography(encounters.gesture("applaud", "thanks", 1.0, 2.0)),
    "tap.v.07": DuetChoreography(encounters.tap, alike=True),
    "photograph.v.01": DuetChoreography(encounters.photograph, "model.v.03"),
    "help.v.01": DuetChoreography(encounters.help_up, "", (4.5, 8.0), adult_subject=True),
    "raise.v.02": DuetChoreography(encounters.lift, "", (4.5, 8.0), adult_subject=True, child_object=True),
    "kneel.v.01": DuetChoreography(encounters.kneel, "", (4.0, 8.0), adult_subject=True),
    "circle.v.01": DuetChoreography(moves.circle, "", (4.5, 9.0)),
    "interview.v.01": DuetChoreography(encounters.interview, "", (4.0, 9.0), adult_subject=True, alike=True),
    "massage.v.01": DuetChoreography(encounters.massage, "", (4.0, 9.0), adult_subject=True, alike=True),
}
