"""The 335 verb senses of BenSMOT: what one person can do to another, each with a gloss in plain words.

A label is a WordNet 3.0 sense name (`talk.v.01`: lemma, part of speech, number of the sense) or, for a few, a plain
word. The order of the labels is the order of the classes of the interaction head and never changes.

Released annotation files spell some labels in other ways: cut short, with typos, or two glued together. Those
spellings are the `aliases` in verbs.tsv, kept as `_normalise` leaves them. Seven of the 335 labels (`hold.v.0`,
`look.v.1` ...) are themselves such spellings of another label. As classes they stay, each at its index; as words
read from a file they mean the other label. So `verb` names a class and `find` reads a word:
`verb("look.v.1").label` is `look.v.1`, `find("look.v.1")[0].label` is `look.v.01`.
"""

from dataclasses import dataclass
from functools import cache
from operator import index as as_index

NUM_VERBS = 335
VERBS: tuple["Verb", ...]  # read from verbs.tsv when first asked for, see __getattr__


@dataclass(frozen=True)
class Verb:
    """One of the 335 senses.

    id: index of the class, 0 to 334.
    label: the name in annotation files, such as `let_go_of.v.01`.
    lemma: the word itself, with blanks: `let go of`.
    part_of_speech: `verb`, `noun` or `preposition`, as the label states it or, for a plain word, of that word.
    gloss: what the subject does to the other person, 5 to 15 words, to follow "to". No two senses share one.
    aliases: other spellings in released files, normalised (lower case, no blanks or full stops at the ends).
    """

    id: int
    label: str
    lemma: str
    part_of_speech: str
    gloss: str
    aliases: tuple[str, ...]


def verb(key: str | int) -> Verb:
    """The sense that is class number `key`, or whose label or alias is `key`; a label goes before an alias.

    Blanks and full stops around a name, and its case, do not matter.

    Raises:
        ValueError: the index is not in 0 to 334, no sense has this name, or the name is two labels glued together.
        TypeError: `key` is neither a string nor a whole number.
    """
    if not isinstance(key, str):
        return _verb_at(as_index(key))
    exact = _by_label().get(_normalise(key))
    if exact is not None:
        return exact
    senses = find(key)
    if len(senses) > 1:
        labels = " and ".join(sense.label for sense in senses)
        raise ValueError(f"{key!r} is two verbs glued together, {labels}; give one of them, or call find for both")
    return senses[0]


def find(key: str | int) -> tuple[Verb, ...]:
    """What a label in an annotation file means: one sense, or the two of a glued label in the order they are written.

    Unlike `verb`, an alias goes before a label: `hold.v.0`, a label cut short, is read as `hold.v.02`.
    Blanks and full stops around a name, and its case, do not matter. A whole number stands for that class.

    Raises:
        ValueError: the index is not in 0 to 334, or no sense has this name.
        TypeError: `key` is neither a string nor a whole number.
    """
    if not isinstance(key, str):
        return (_verb_at(as_index(key)),)
    name = _normalise(key)
    senses = _by_alias().get(name)
    if senses is not None:
        return senses
    exact = _by_label().get(name)
    if exact is None:
        raise ValueError(f"unknown verb {key!r}; nearest labels: {', '.join(_nearest(name))}; give one of the 335")
    return (exact,)


def search(query: str) -> tuple[Verb, ...]:
    """The senses with `query` in their label, lemma or gloss, in class order; case does not matter. None: empty."""
    words = query.casefold().strip()
    return tuple(
        sense for sense in _load() if any(words in text.casefold() for text in (sense.label, sense.lemma, sense.gloss))
    )


def __getattr__(name: str) -> tuple[Verb, ...]:
    if name == "VERBS":
        return _load()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@cache
def _load() -> tuple[Verb, ...]:
    from importlib import resources

    lines = resources.files("smot_vlm").joinpath("verbs.tsv").read_text(encoding="utf-8").splitlines()
    senses = tuple(_parse(line) for line in lines[1:])
    assert [sense.id for sense in senses] == list(range(NUM_VERBS)), "verbs.tsv must hold each id once, in order"
    return senses


def _parse(line: str) -> Verb:
    id, label, lemma, part_of_speech, gloss, aliases = line.split("\t")
    return Verb(int(id), label, lemma, part_of_speech, gloss, tuple(aliases.split("|")) if aliases else ())


@cache
def _by_label() -> dict[str, Verb]:
    return {sense.label: sense for sense in _load()}


@cache
def _by_alias() -> dict[str, tuple[Verb, ...]]:
    table: dict[str, tuple[Verb, ...]] = {}
    for sense in _load():
        for alias in sense.aliases:
            # In a glued label the sense that it begins with comes first.
            others = table.get(alias, ())
            table[alias] = (sense, *others) if alias.startswith(sense.label) else (*others, sense)
    return table


def _normalise(name: str) -> str:
    return "_".join(name.casefold().split()).strip("._")


def _verb_at(position: int) -> Verb:
    if not 0 <= position < NUM_VERBS:
        raise ValueError(f"verb index is {position}; give 0 to {NUM_VERBS - 1}")
    return _load()[position]


def _nearest(name: str) -> list[str]:
    from difflib import get_close_matches

    return get_close_matches(name, _by_label(), n=3, cutoff=0.0)
