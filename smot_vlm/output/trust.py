"""How far the words of a description are to be trusted, in one plain line: the same in terminal, panel and page."""

from smot_vlm.structures import DOUBTFUL, NO_DECODER, STATED, WITHHELD, Description
from smot_vlm.system.printing import counted


def trust(description: Description) -> str:
    """What to think of the words.

    Args:
        description: any.

    Returns:
        A sentence; empty where nothing is known, or nobody wrote words.
    """
    model = description.model
    if model.decoder == NO_DECODER:
        return ""
    if not model.trained:
        return "Untrained: do not trust its words."
    learned = f"{model.name} learned from {model.domain or 'other pictures'}"
    if description.words == WITHHELD:
        return f"Words are withheld: {learned}, and this video is unlike them."
    if description.words == DOUBTFUL:
        return f"Words are doubtful: {learned}, and some may be wrong here."
    doubted = sum(track.words != STATED for track in description.tracks)
    if doubted:
        return f"Words about {counted(doubted, 'person', 'people')} are doubtful or withheld: {learned}."
    return f"The words are those of {learned}." if model.domain else ""


def is_warning(description: Description) -> bool:
    """Whether `trust` warns of something.

    Args:
        description: any.
    """
    spoken = description.model.decoder != NO_DECODER
    words = {description.words, *(track.words for track in description.tracks)}
    return spoken and (not description.model.trained or words != {STATED})
