"""Phrases for what two people do with each other."""

from smot_vlm.language.phrase import VerbPhrases, phrases

VERBS: dict[str, VerbPhrases] = {
    "talk.v.01": VerbPhrases(
        phrases("talks with", "chats with", "talks to"), plural=("talk with each other", "chat with each other")
    ),
    "quarrel.v.01": VerbPhrases(
        phrases("argues with", "quarrels with"), plural=("argue with each other", "quarrel with each other")
    ),
    "embrace.v.02": VerbPhrases(phrases("hugs", "embraces"), plural=("hug each other", "embrace each other")),
    "handshake.n.01": VerbPhrases(
        phrases("shakes hands with", "exchanges a handshake with"), plural=("shake hands", "exchange a handshake")
    ),
    "dance.v.01": VerbPhrases(
        phrases("dances with", "dances hand in hand with"), plural=("dance together", "dance hand in hand")
    ),
    "fight.v.02": VerbPhrases(
        phrases("fights with", "trades punches with"), plural=("fight with each other", "trade punches")
    ),
    "accompany.v.02": VerbPhrases(
        phrases("walks side by side with", "walks beside"), plural=("walk side by side", "walk along together")
    ),
    "follow.v.01": VerbPhrases(phrases("follows", "walks behind"), phrases("is followed by", "walks ahead of")),
    "lead.v.01": VerbPhrases(
        phrases("leads ... by the hand", "guides ... by the hand"), phrases("is led by", "is guided by")
    ),
    "chase.v.01": VerbPhrases(phrases("chases", "runs after"), phrases("is chased by", "runs away from")),
    "approach.v.01": VerbPhrases(phrases("approaches", "walks up to"), phrases("is approached by", "waits for")),
    "leave.v.01": VerbPhrases(phrases("leaves", "walks away from"), phrases("is left behind by", "is left by")),
    "push.v.01": VerbPhrases(phrases("pushes", "shoves"), phrases("is pushed by", "is shoved by")),
    "pull.v.01": VerbPhrases(phrases("pulls", "drags"), phrases("is pulled by", "is dragged by")),
    "hit.v.03": VerbPhrases(
        phrases("hits", "punches", "strikes"), phrases("is hit by", "is punched by", "is struck by")
    ),
    "throw.v.01": VerbPhrases(
        phrases("throws a ball to", "tosses a ball to"), phrases("catches a ball from", "catches a ball thrown by")
    ),
    "give.v.03": VerbPhrases(
        phrases("gives a box to", "hands a box to"), phrases("receives a box from", "takes a box from")
    ),
    "indicate.v.02": VerbPhrases(phrases("points at", "points a finger at"), phrases("is pointed at by")),
    "beckon.v.01": VerbPhrases(phrases("waves at", "beckons to"), phrases("is waved at by", "is beckoned by")),
    "salute.v.02": VerbPhrases(
        phrases("salutes", "gives a salute to"), phrases("is saluted by", "receives a salute from")
    ),
    "applaud.v.01": VerbPhrases(phrases("applauds", "claps for"), phrases("is applauded by", "receives applause from")),
    "tap.v.07": VerbPhrases(
        phrases("taps ... on the shoulder", "pats ... on the shoulder"),
        phrases("is tapped on the shoulder by", "is patted on the shoulder by"),
    ),
    "photograph.v.01": VerbPhrases(
        phrases("takes a photo of", "photographs"), phrases("poses for", "is photographed by")
    ),
    "help.v.01": VerbPhrases(
        phrases("helps ... to get up", "helps up"), phrases("is helped up by", "gets up with the help of")
    ),
    "raise.v.02": VerbPhrases(
        phrases("lifts up", "lifts ... into the air"), phrases("is lifted up by", "is lifted into the air by")
    ),
    "kneel.v.01": VerbPhrases(
        phrases("kneels in front of", "kneels down before"), phrases("looks down at ... on one knee")
    ),
    "circle.v.01": VerbPhrases(phrases("walks around", "circles around"), phrases("is circled by", "is encircled by")),
    "interview.v.01": VerbPhrases(
        phrases("interviews", "holds a microphone out to"),
        phrases("is interviewed by", "speaks into a microphone held by"),
    ),
    "massage.v.01": VerbPhrases(
        phrases("massages ... with both hands", "massages the shoulders of"),
        phrases("is massaged by", "gets a massage from"),
    ),
}
