"""Which of the 335 senses a model is asked to choose from, and which ones its words mean."""

import re
from collections.abc import Sequence

from smot_vlm.verbs import Verb

NOTHING = "none"
# Said of two people who do nothing to each other.
_NOTHING_WORDS = {"none", "nothing", "no", "not", "neither", "unclear", "unknown"}
# What people in videos mostly do to each other, commonest first; offered where a model's own words name too few senses.
FREQUENT = ("talk.v.01", "look.v.01", "listen.v.01", "walk.v.01", "accompany.v.02", "follow.v.01", "approach.v.01",
"pass.v.01", "touch.v.01", "hold.v.02", "embrace.v.02", "give.v.03", "dance.v.01", "play.v.01", "help.v.01",
"hit.v.03", "push.v.01", "smile.v.01")  # fmt: skip
_DOUBLED = re.compile(r"[^aeiou][aeiou][^aeiouwxy]$")


class VerbWords:
    """Finds senses by their words, however these are inflected.

    Args:
        verbs: the senses.
    """

    def __init__(self, verbs: Sequence[Verb]) -> None:
        self.verbs = tuple(verbs)
        self._labels = {verb.label.casefold(): verb for verb in self.verbs}
        self._senses: dict[tuple[str, ...], list[Verb]] = {}
        for verb in self.verbs:
            first, *others = _tokens(verb.lemma) or [verb.lemma.casefold()]
            for form in inflections(first):
                self._senses.setdefault((form, *others), []).append(verb)
        self._longest = max(map(len, self._senses), default=0)

    def named(self, text: str) -> list[Verb]:
        """All senses of the words of a text.

        Args:
            text: such as "talking to him, then hugs him".

        Returns:
            In the order of the words; of one word in the order of the senses. "let go of" is not "go".
        """
        tokens, found, place = _tokens(text), [], 0
        while place < len(tokens):
            for length in range(min(self._longest, len(tokens) - place), 0, -1):
                senses = self._senses.get(tuple(tokens[place : place + length]))
                if senses:
                    found += senses
                    break
            else:
                length = 1
            place += length
        return list(dict.fromkeys(found))

    def offered_for(self, text: str, limit: int) -> list[Verb]:
        """The senses to choose from after a model's first words.

        Args:
            text: what one person does to the other, in the model's words.
            limit: most of them.

        Returns:
            Those that it names, then frequent ones; none where it says that nothing is done.
        """
        named = self.named(text)
        if not named and says_nothing(text):
            return []
        frequent = [self._labels[label] for label in FREQUENT if label in self._labels]
        return list(dict.fromkeys([*named, *(frequent or self.verbs)]))[:limit]

    def chosen(self, text: str, offered: Sequence[Verb]) -> list[Verb] | None:
        """The senses that an answer chooses.

        Args:
            text: a label, or words.
            offered: the senses to choose from.

        Returns:
            Of each word one sense; none where it chooses nothing; None where it is no answer.
        """
        exact = self._labels.get(text.strip(" .\"'`").casefold())
        if exact is not None:
            return [exact] if exact in offered else []
        labels = [verb for verb in offered if re.search(rf"(?<![\w.]){re.escape(verb.label)}(?![\w])", text)]
        if labels:
            return labels
        first: dict[str, Verb] = {}
        named = self.named(text)
        for verb in named:
            if verb in offered:
                first.setdefault(verb.lemma, verb)
        return list(first.values()) if first or named or says_nothing(text) else None


def says_nothing(text: str) -> bool:
    """Whether a text says that nothing is done.

    Args:
        text: an answer.

    Returns:
        Also true for an empty one.
    """
    tokens = _tokens(text)
    return not tokens or bool(_NOTHING_WORDS & set(tokens))


def inflections(word: str) -> set[str]:
    """The regular forms of an English verb.

    Args:
        word: its base form.

    Returns:
        That, and those in -s, -ed and -ing.
    """
    word = word.casefold()
    if word.endswith("e"):
        past, present = word + "d", word[:-2] + "ying" if word.endswith("ie") else word[:-1] + "ing"
        return {word, word + "s", past, present, word + "ing"}
    if re.search(r"[^aeiou]y$", word):
        return {word, word[:-1] + "ies", word[:-1] + "ied", word + "ing"}
    third = word + "es" if re.search(r"(s|x|z|ch|sh|o)$", word) else word + "s"
    stems = {word, word + word[-1]} if _DOUBLED.search(word) else {word}
    return {word, third, word + "s", *(stem + "ed" for stem in stems), *(stem + "ing" for stem in stems)}


def _tokens(text: str) -> list[str]:
    return re.findall(r"[a-z]+", text.casefold().replace("'", ""))
