"""What the label of a clip of two people says of each, in words, interactions and facts."""

from collections.abc import Sequence
from dataclasses import dataclass

from smot_vlm.language.people_facts import PersonFacts
from smot_vlm.language.people_facts_file import PeopleFacts
from smot_vlm.structures import Interaction

# In the order of UT-Interaction's labels; "none" is of the condensed form.
ACTIONS = ("handshake", "hug", "kick", "point", "punch", "push", "none")
DIRECTED = ("kick", "punch", "push")
SOLO = ("point",)
UNDONE = ("none",)
# Kicking has no sense of its own among the 335.
_VERBS = {
    "handshake": "handshake.n.01",
    "hug": "embrace.v.02",
    "kick": "hit.v.03",
    "punch": "box.v.02",
    "push": "push.v.01",
}
_DEEDS = {"hug": "hug", "kick": "kick", "punch": "hit", "push": "push", "point": "point"}
_ACTIVE = {
    "handshake": "shakes hands with",
    "hug": "hugs",
    "kick": "kicks",
    "punch": "punches",
    "push": "pushes",
}
_PASSIVE = {"kick": "kicked", "punch": "punched", "push": "pushed"}
_BOTH = {"handshake": "Two people shake hands.", "hug": "Two people hug."}


@dataclass(frozen=True)
class Told:
    """What is said of a clip; track ids count from 1.

    Attributes:
        captions: of each person; empty where nothing is known.
        caption: of the clip.
        interactions: between the two.
        facts: of each person.
    """

    captions: tuple[str, ...]
    caption: str
    interactions: tuple[Interaction, ...]
    facts: PeopleFacts


def tell_pair(action: str, places: Sequence[float], actor: str = "") -> Told:
    """Say what a label says.

    Args:
        action: one of ACTIONS.
        places: of the one or two people, from the left in pixels.
        actor: left or right, for an action of DIRECTED; empty where that is not known.

    Returns:
        The words, interactions and facts. Of who is only acted on, and of people of an unknown direction, the deeds
        stay unknown.
    """
    ids = range(1, len(places) + 1)
    nothing = ("",) * len(places)
    unknown = {track_id: PersonFacts() for track_id in ids}
    if action in UNDONE:
        return Told(nothing, "", (), PeopleFacts(unknown, all_interactions=True))
    if action in SOLO:
        alone = len(places) == 1
        facts = {1: PersonFacts(deeds=(_DEEDS[action],))} if alone else unknown
        words = ("A person points.",) if alone else nothing
        return Told(words, "A person points.", (), PeopleFacts(facts, all_interactions=alone))
    active = f"A person {_ACTIVE[action]} another person."
    if action in _BOTH:
        deeds = PersonFacts(deeds=(_DEEDS[action],) if action in _DEEDS else ())
        edges = (Interaction(1, _VERBS[action], 2), Interaction(2, _VERBS[action], 1))
        return Told((active, active), _BOTH[action], edges, PeopleFacts({1: deeds, 2: deeds}, all_interactions=True))
    if not actor:
        return Told(nothing, active, (), PeopleFacts(unknown))
    first_acts = (places[0] < places[1]) == (actor == "left")
    subject, target = (1, 2) if first_acts else (2, 1)
    captions = {subject: active, target: f"A person is {_PASSIVE[action]} by another person."}
    facts = {**unknown, subject: PersonFacts(deeds=(_DEEDS[action],))}
    edge = Interaction(subject, _VERBS[action], target)
    return Told((captions[1], captions[2]), active, (edge,), PeopleFacts(facts, all_interactions=True))
