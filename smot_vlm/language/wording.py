"""Small things that all written sentences need."""


def with_article(words: str) -> str:
    """A noun phrase with its indefinite article.

    Args:
        words: begin with a letter.
    """
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def capitalized(text: str) -> str:
    """The text with a capital first letter.

    Args:
        text: may be empty.
    """
    return text[:1].upper() + text[1:]
