"""Wordings of what two people do with each other."""

from smot_vlm.synthetic.language.wording import VerbWords, phrases

VERBS: dict[str, VerbWords] = {
    "talk.v.01": VerbWords(
        phrases(("talks with", "talking with"), ("chats with", "chatting with"), ("talks to", "talking to")),
        plural=("talk with each other", "chat with each other"),
    ),
    "quarrel.v.01": VerbWords(
        phrases(("argues with", "arguing with"), ("quarrels with", "quarrelling with")),
        plural=("argue with each other", "quarrel with each other"),
    ),
    "embrace.v.02": VerbWords(
        phrases(("hugs", "hugging"), ("embraces", "embracing")),
        plural=("hug each other", "embrace each other"),
    ),
    "handshake.n.01": VerbWords(
        phrases(
            ("shakes hands with", "shaking hands with"), ("exchanges a handshake with", "exchanging a handshake with")
        ),
        plural=("shake hands", "exchange a handshake"),
    ),
    "dance.v.01": VerbWords(
        phrases(("dances with", "dancing with"), ("dances hand in hand with", "dancing hand in hand with")),
        plural=("dance together", "dance hand in hand"),
    ),
    "fight.v.02": VerbWords(
        phrases(("fights with", "fighting with"), ("trades punches with", "trading punches with")),
        plural=("fight with each other", "trade punches"),
    ),
    "accompany.v.02": VerbWords(
        phrases(("walks side by side with", "walking side by side with"), ("walks beside", "walking beside")),
        plural=("walk side by side", "walk along together"),
    ),
    "follow.v.01": VerbWords(
        phrases(("follows", "following"), ("walks behind", "walking behind")),
        phrases(("is followed by", "being followed by"), ("walks ahead of", "walking ahead of")),
    ),
    "lead.v.01": VerbWords(
        phrases(("leads", "leading", "by the hand"), ("guides", "guiding", "by the hand")),
        phrases(("is led by", "being led by"), ("is guided by", "being guided by")),
    ),
    "chase.v.01": VerbWords(
        phrases(("chases", "chasing"), ("runs after", "running after")),
        phrases(("is chased by", "being chased by"), ("runs away from", "running away from")),
    ),
    "approach.v.01": VerbWords(
        phrases(("approaches", "approaching"), ("walks up to", "walking up to")),
        phrases(("is approached by", "being approached by"), ("waits for", "waiting for")),
    ),
    "leave.v.01": VerbWords(
        phrases(("leaves", "leaving"), ("walks away from", "walking away from")),
        phrases(("is left behind by", "being left behind by"), ("is left by", "being left by")),
    ),
    "push.v.01": VerbWords(
        phrases(("pushes", "pushing"), ("shoves", "shoving")),
        phrases(("is pushed by", "being pushed by"), ("is shoved by", "being shoved by")),
    ),
    "pull.v.01": VerbWords(
        phrases(("pulls", "pulling"), ("drags", "dragging")),
        phrases(("is pulled by", "being pulled by"), ("is dragged by", "being dragged by")),
    ),
    "hit.v.03": VerbWords(
        phrases(("hits", "hitting"), ("punches", "punching"), ("strikes", "striking")),
        phrases(
            ("is hit by", "being hit by"), ("is punched by", "being punched by"), ("is struck by", "being struck by")
        ),
    ),
    "throw.v.01": VerbWords(
        phrases(("throws a ball to", "throwing a ball to"), ("tosses a ball to", "tossing a ball to")),
        phrases(
            ("catches a ball from", "catching a ball from"),
            ("catches a ball thrown by", "catching a ball thrown by"),
        ),
    ),
    "give.v.03": VerbWords(
        phrases(("gives a box to", "giving a box to"), ("hands a box to", "handing a box to")),
        phrases(("receives a box from", "receiving a box from"), ("takes a box from", "taking a box from")),
    ),
    "indicate.v.02": VerbWords(
        phrases(("points at", "pointing at"), ("points a finger at", "pointing a finger at")),
        phrases(("is pointed at by", "being pointed at by")),
    ),
    "beckon.v.01": VerbWords(
        phrases(("waves at", "waving at"), ("beckons to", "beckoning to")),
        phrases(("is waved at by", "being waved at by"), ("is beckoned by", "being beckoned by")),
    ),
    "salute.v.02": VerbWords(
        phrases(("salutes", "saluting"), ("gives a salute to", "giving a salute to")),
        phrases(("is saluted by", "being saluted by"), ("receives a salute from", "receiving a salute from")),
    ),
    "applaud.v.01": VerbWords(
        phrases(("applauds", "applauding"), ("claps for", "clapping for")),
        phrases(("is applauded by", "being applauded by"), ("receives applause from", "receiving applause from")),
    ),
    "tap.v.07": VerbWords(
        phrases(("taps", "tapping", "on the shoulder"), ("pats", "patting", "on the shoulder")),
        phrases(
            ("is tapped on the shoulder by", "being tapped on the shoulder by"),
            ("is patted on the shoulder by", "being patted on the shoulder by"),
        ),
    ),
    "photograph.v.01": VerbWords(
        phrases(("takes a photo of", "taking a photo of"), ("photographs", "photographing")),
        phrases(("poses for", "posing for"), ("is photographed by", "being photographed by")),
    ),
    "help.v.01": VerbWords(
        phrases(("helps", "helping", "to get up"), ("helps up", "helping up")),
        phrases(("is helped up by", "being helped up by"), ("gets up with the help of", "getting up with the help of")),
    ),
    "raise.v.02": VerbWords(
        phrases(("lifts up", "lifting up"), ("lifts", "lifting", "into the air")),
        phrases(
            ("is lifted up by", "being lifted up by"), ("is lifted into the air by", "being lifted into the air by")
        ),
    ),
    "kneel.v.01": VerbWords(
        phrases(("kneels in front of", "kneeling in front of"), ("kneels down before", "kneeling down before")),
        phrases(("looks down at", "looking down at", "on one knee")),
    ),
    "circle.v.01": VerbWords(
        phrases(("walks around", "walking around"), ("circles around", "circling around")),
        phrases(("is circled by", "being circled by"), ("is encircled by", "being encircled by")),
    ),
    "interview.v.01": VerbWords(
        phrases(("interviews", "interviewing"), ("holds a microphone out to", "holding a microphone out to")),
        phrases(
            ("is interviewed by", "being interviewed by"),
            ("speaks into a microphone held by", "speaking into a microphone held by"),
        ),
    ),
    "massage.v.01": VerbWords(
        phrases(
            ("massages", "massaging", "with both hands"), ("massages the shoulders of", "massaging the shoulders of")
        ),
        phrases(("is massaged by", "being massaged by"), ("gets a massage from", "getting a massage from")),
    ),
}
