"""The 335 verb senses of BenSMOT: what one person can do to another, each with a gloss.

A label is a WordNet 3.0 sense name (`talk.v.01`: lemma, part of speech, number of the sense) or, for a few, a plain
word. The order of the labels is the order of the classes of the interaction head and never changes.

Released annotation files contain variants of some labels: truncated, misspelt, or two labels concatenated. These
variants are the `aliases` in verbs.tsv, normalised by `_normalise`. Seven of the 335 labels (`hold.v.0`,
`look.v.1` ...) are themselves variants of another label. They remain classes, each at its index, but in an annotation
file they mean the other label. So `verb` looks up a class and `find` interprets an annotation:
`verb("look.v.1").label` is `look.v.1`, `find("look.v.1")[0].label` is `look.v.01`.
"""

from dataclasses import dataclass
from functools import cache
from operator import index as as_index

NUM_VERBS = 335
VERBS: tuple["Verb", ...]  # read from verbs.tsv on first access, see __getattr__


@dataclass(frozen=True)
class Verb:
    """One of the 335 senses.

    Attributes:
        id: Index of the class, 0 to 334.
        label: The name in annotation files, such as `let_go_of.v.01`.
        lemma: The word itself, with blanks: `let go of`.
        part_of_speech: `verb`, `noun` or `preposition`, as the label states it or, for a plain word, of that word.
        gloss: What the subject does to the other person, 5 to 15 words, to follow "to"; unique.
        aliases: Variants in released files, normalised (lower case, no blanks or full stops at the ends).
    """

    id: int
    label: str
    lemma: str
    part_of_speech: str
    gloss: str
    aliases: tuple[str, ...]


def verb(key: str | int) -> Verb:
    """Look up a class; a label takes precedence over an alias.

    Args:
        key: The index of the class, its label or an alias. Case and surrounding blanks and full stops are ignored.

    Returns:
        The sense.

    Raises:
        ValueError: The index is not in 0 to 334, no sense has this name, or the name is two concatenated labels.
        TypeError: `key` is neither a string nor an integer.
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
    """Interpret a label of an annotation file.

    Unlike in `verb`, an alias takes precedence over a label: `hold.v.0`, a truncated label, is read as `hold.v.02`.

    Args:
        key: A label, an alias or the index of a class. Case and surrounding blanks and full stops are ignored.

    Returns:
        One sense, or the two senses of a concatenated label in order.

    Raises:
        ValueError: The index is not in 0 to 334, or no sense has this name.
        TypeError: `key` is neither a string nor an integer.
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


def glosses() -> dict[str, str]:
    """What each sense means, by its label."""
    return {sense.label: sense.gloss for sense in _load()}


def search(query: str) -> tuple[Verb, ...]:
    """Find senses by a substring of their label, lemma or gloss.

    Args:
        query: The substring; case is ignored.

    Returns:
        The matching senses in class order.
    """
    wanted = query.casefold().strip()
    return tuple(
        sense for sense in _load() if any(wanted in text.casefold() for text in (sense.label, sense.lemma, sense.gloss))
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
    number, label, lemma, part_of_speech, gloss, aliases = line.split("\t")
    return Verb(int(number), label, lemma, part_of_speech, gloss, tuple(aliases.split("|")) if aliases else ())


@cache
def _by_label() -> dict[str, Verb]:
    return {sense.label: sense for sense in _load()}


@cache
def _by_alias() -> dict[str, tuple[Verb, ...]]:
    table: dict[str, tuple[Verb, ...]] = {}
    for sense in _load():
        for alias in sense.aliases:
            # In a concatenated label the sense it begins with comes first.
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
