"""XML from outside: bounded in size, without document types and entities, each fault one line."""

from io import BytesIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException, ElementTree


def parse_xml(content: bytes, wanted: str) -> Element:
    """Parse a whole document.

    Args:
        content: of the file.
        wanted: what to give in its place, for the message.

    Returns:
        Its element.

    Raises:
        ValueError: not XML, or it declares a document type or an entity.
    """
    try:
        root: Element = ElementTree.parse(BytesIO(content), forbid_dtd=True).getroot()
    except DefusedXmlException:
        raise ValueError("declares a document type or an entity; remove the declaration") from None
    except (ParseError, LookupError, ValueError) as error:
        raise ValueError(f"not XML that can be read ({error}); give {wanted}") from None
    return root
