"""ELAN's EAF: a tier for each person's deeds, one for each person's interactions, and one for the video's caption."""

from datetime import datetime, timezone
from xml.etree import ElementTree

from smot_vlm.export.cues import SHORTEST_SECONDS, life_of
from smot_vlm.export.xml_text import clean, element, written
from smot_vlm.structures import Description

_TYPE = "default-lt"
# Readers want the document to name its schema.
_SCHEMA = (
    "{http://www.w3.org/2001/XMLSchema-instance}noNamespaceSchemaLocation",
    "http://www.mpi.nl/tools/elan/EAFv3.0.xsd",
)
# (start, end, text) of one annotation.
_Timed = tuple[float, float, str]


def to_elan(description: Description) -> dict[str, str]:
    """One file; boxes have no place in it.

    Args:
        description: any.

    Returns:
        Content by name of file.

    Raises:
        ValueError: the times of frames are not known.
    """
    tiers = _tiers(description)
    root = ElementTree.Element("ANNOTATION_DOCUMENT", AUTHOR="smot-vlm", FORMAT="3.0", VERSION="3.0")
    root.set("DATE", datetime.now(timezone.utc).isoformat(timespec="seconds"))
    root.set(*_SCHEMA)
    header = ElementTree.SubElement(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    media = clean(description.video.source)
    ElementTree.SubElement(header, "MEDIA_DESCRIPTOR", MEDIA_URL=media, MIME_TYPE="video/*")
    order = ElementTree.SubElement(root, "TIME_ORDER")
    slots = count = 0
    for name, timed in tiers.items():
        tier = ElementTree.SubElement(root, "TIER", TIER_ID=name, LINGUISTIC_TYPE_REF=_TYPE)
        for start, end, text in timed:
            first = round(start * 1000)
            for moment in (first, max(round(end * 1000), first + 1)):
                slots += 1
                ElementTree.SubElement(order, "TIME_SLOT", TIME_SLOT_ID=f"ts{slots}", TIME_VALUE=str(moment))
            count += 1
            note = ElementTree.SubElement(
                ElementTree.SubElement(tier, "ANNOTATION"),
                "ALIGNABLE_ANNOTATION",
                ANNOTATION_ID=f"a{count}",
                TIME_SLOT_REF1=f"ts{slots - 1}",
                TIME_SLOT_REF2=f"ts{slots}",
            )
            element(note, "ANNOTATION_VALUE", text)
    ElementTree.SubElement(
        root, "LINGUISTIC_TYPE", LINGUISTIC_TYPE_ID=_TYPE, TIME_ALIGNABLE="true", GRAPHIC_REFERENCES="false"
    )
    return {"description.eaf": written(root)}


def _tiers(description: Description) -> dict[str, list[_Timed]]:
    """What each tier holds. Annotations of one tier must not overlap; interactions of one person may, so they have one a verb."""
    tiers: dict[str, list[_Timed]] = {}
    lives = [life_of(track, description) for track in description.tracks if len(track)]
    if description.caption:
        end = max((life[1] for life in lives), default=SHORTEST_SECONDS)
        tiers["video"] = [(0.0, end, description.caption)]
    for track in description.tracks:
        if not len(track):
            continue
        told = [(one.from_seconds, one.to_seconds, one.text) for one in track.segments]
        tiers[f"person {track.id}"] = told or [(*life_of(track, description), track.caption)]
    for edge in description.interactions:
        if edge.spans:
            spans = [(span.from_seconds, span.to_seconds, edge.verb) for span in edge.spans]
            tiers[clean(f"{edge.subject} to {edge.object}: {edge.verb}")] = spans
    return tiers
