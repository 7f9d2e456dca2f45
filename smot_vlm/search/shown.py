"""A hit as programs read it."""

from typing import Any

from smot_vlm.search.searcher import Hit


def shown_hit(hit: Hit) -> dict[str, Any]:
    """What is told of a hit.

    Args:
        hit: any.

    Returns:
        For JSON.
    """
    entry = hit.entry
    return {
        "score": round(hit.score, 4),
        "kind": entry.kind,
        "text": entry.text,
        "action": entry.action,
        "people": list(entry.people),
        "from_seconds": entry.from_seconds,
        "to_seconds": entry.to_seconds,
        "frame": entry.frame,
        "doubtful": entry.doubtful,
        "video": hit.video.source,
        "description": hit.video.path,
    }
