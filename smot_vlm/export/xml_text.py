"""XML out of elements: text without the characters that XML cannot hold."""

import re
from xml.etree import ElementTree

# XML 1.0 holds no other control characters, no halves of characters and no U+FFFE, U+FFFF.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def element(parent: ElementTree.Element, name: str, text: str) -> ElementTree.Element:
    """An element with text, below another one.

    Args:
        parent: above it.
        name: its tag.
        text: may hold any character; those that XML cannot hold become U+FFFD.

    Returns:
        The element.
    """
    node = ElementTree.SubElement(parent, name)
    node.text = clean(text)
    return node


def clean(text: str) -> str:
    """Text that XML can hold.

    Args:
        text: any.

    Returns:
        With U+FFFD for what it cannot.
    """
    return _FORBIDDEN.sub("\ufffd", text)


def written(root: ElementTree.Element) -> str:
    """A whole document.

    Args:
        root: its element.

    Returns:
        Indented text with an XML declaration.
    """
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"
