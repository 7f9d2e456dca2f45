"""`interactions.graphml`: people as nodes, interactions as directed edges with the verbs in one attribute.

Plain graphs carry all verbs of a pair on one edge, separated by commas; multigraphs carry one edge a verb. Both are
read. A document type, an entity or an external reference is refused before anything is expanded.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from xml.sax import SAXParseException
from xml.sax.handler import ContentHandler
from xml.sax.saxutils import escape, quoteattr
from xml.sax.xmlreader import AttributesImpl

from defusedxml import DefusedXmlException, sax

from smot_vlm.formats.flaws import Flaw, one_line, read_bytes

# Attribute names that hold the verbs, by what they contain, best first. "relation" also names "relationship".
_RELATION_NAMES = ("relation", "interaction", "predicate", "verb", "label")
_NODE_NAMES = ("name", "label")
_NAMESPACE = "http://graphml.graphdrawing.org/xmlns"


@dataclass(frozen=True)
class Node:
    """One person.

    Attributes:
        id: as the edges name it.
        name: its key (`man0`); the id where no attribute names it.
        line: number in the file, from 1.
    """

    id: str
    name: str
    line: int


@dataclass(frozen=True)
class Edge:
    """What one person does to another.

    Attributes:
        source: node id of the subject.
        target: node id of the object.
        verbs: labels as written, in order.
        line: number in the file, from 1.
    """

    source: str
    target: str
    verbs: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class Graph:
    """One file.

    Attributes:
        nodes: in file order.
        edges: in file order.
        flaws: what is wrong with them.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    flaws: tuple[Flaw, ...] = ()


class GraphMLError(ValueError):
    """A file that is not GraphML or must not be opened.

    Args:
        line: counted from 1.
        message: what is wrong.
    """

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line
        self.message = message


def parse_graphml(content: bytes) -> Graph:
    """Parse GraphML. The verbs are the edge attribute whose declared name contains "relation" (or a similar word).

    Args:
        content: of the file.

    Returns:
        The graph. Kinds of flaws: duplicate-node, edge-without-relation, undirected-graph (read as directed from source
        to target).

    Raises:
        GraphMLError: not well-formed, not GraphML, or hostile: a document type, an entity, an external reference.
    """
    skipped = len(content) - len(content.lstrip())
    handler = _Handler(first_line=content[:skipped].count(b"\n"))
    try:
        sax.parse(BytesIO(content[skipped:]), handler, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except DefusedXmlException:
        raise GraphMLError(
            handler.line(), "declares a document type or an entity, which can harm the reader; remove the declaration"
        ) from None
    except SAXParseException as error:
        line = handler.first_line + (error.getLineNumber() or 1)
        raise GraphMLError(line, f"not well-formed XML ({error.getMessage()}); write GraphML") from None
    except (LookupError, ValueError) as error:
        raise GraphMLError(1, f"not readable as XML ({error}); write GraphML in UTF-8") from None
    if not handler.is_graphml:
        raise GraphMLError(1, "XML, but no <graphml> with a <graph> in it; write GraphML")
    return handler.graph()


def read_graphml(path: Path | str) -> Graph:
    """Read and parse a GraphML file.

    Args:
        path: of the file.

    Returns:
        The graph.

    Raises:
        FileNotFoundError: no such file.
        ValueError: too large for one video; or as `parse_graphml`, with file and line.
    """
    content = read_bytes(path)
    try:
        return parse_graphml(content)
    except GraphMLError as error:
        raise ValueError(Flaw(error.line, "graphml", error.message).at(path)) from None


def format_graphml(names: Sequence[str], edges: Sequence[tuple[str, str, str]]) -> str:
    """Format GraphML. Edges carry an id within their pair where a pair has several, as networkx writes multigraphs.

    Args:
        names: nodes in order.
        edges: (source name, target name, verb), one edge a verb.

    Returns:
        The content of the file.

    Raises:
        ValueError: an edge names a node that is not there.
    """
    unknown = {name for source, target, _ in edges for name in (source, target)} - set(names)
    if unknown:
        raise ValueError(f"edges name {sorted(unknown)}, which are not among the nodes {list(names)}")
    multigraph = len({edge[:2] for edge in edges}) < len(edges)
    seen: Counter[tuple[str, str]] = Counter()
    lines = [
        "<?xml version='1.0' encoding='utf-8'?>",
        f'<graphml xmlns="{_NAMESPACE}">',
        '  <key id="d0" for="edge" attr.name="relation" attr.type="string" />',
        '  <graph edgedefault="directed">',
        *(f"    <node id={quoteattr(name)} />" for name in names),
    ]
    for source, target, verb in edges:
        number = f' id="{seen[source, target]}"' if multigraph else ""
        seen[source, target] += 1
        lines += [
            f"    <edge source={quoteattr(source)} target={quoteattr(target)}{number}>",
            f'      <data key="d0">{escape(verb)}</data>',
            "    </edge>",
        ]
    return "\n".join([*lines, "  </graph>", "</graphml>"]) + "\n"


@dataclass
class _Element:
    """A node or an edge while it is read: its attributes, its line, the pieces of its data by key."""

    tag: str
    attributes: dict[str, str]
    line: int
    data: dict[str, list[str]] = field(default_factory=dict)


class _Handler(ContentHandler):
    """Collects what `parse_graphml` needs from the stream of tags."""

    def __init__(self, first_line: int) -> None:
        super().__init__()
        self.first_line = first_line
        self.is_graphml = False
        self.keys: dict[str, str] = {}
        self.elements: list[_Element] = []
        self.flaws: list[Flaw] = []
        self._root = ""
        self._element: _Element | None = None
        self._data_key: str | None = None

    def line(self) -> int:
        """The line that the parser has reached."""
        locator = getattr(self, "_locator", None)
        return self.first_line + (locator.getLineNumber() or 1 if locator is not None else 1)

    def startElement(self, name: str, attrs: AttributesImpl) -> None:
        tag = name.rpartition(":")[2]
        self._root = self._root or tag
        if tag == "key":
            self.keys[attrs.get("id", "")] = attrs.get("attr.name", attrs.get("id", ""))
        elif tag == "graph":
            self.is_graphml = self._root == "graphml"
            if attrs.get("edgedefault", "directed") != "directed":
                message = (
                    "the graph is undirected; an interaction runs from source to target, so it is read as directed"
                )
                self.flaws.append(Flaw(self.line(), "undirected-graph", message))
        elif tag in ("node", "edge"):
            self._element = _Element(tag, dict(attrs.items()), self.line())
            self.elements.append(self._element)
        elif tag == "data" and self._element is not None:
            self._data_key = attrs.get("key", "")

    def characters(self, content: str) -> None:
        if self._element is not None and self._data_key is not None:
            self._element.data.setdefault(self._data_key, []).append(content)

    def endElement(self, name: str) -> None:
        tag = name.rpartition(":")[2]
        if tag == "data":
            self._data_key = None
        elif tag in ("node", "edge"):
            self._element = None

    def graph(self) -> Graph:
        """What was read, once the file has ended."""
        nodes = [self._node(element) for element in self.elements if element.tag == "node"]
        edges = [self._edge(element) for element in self.elements if element.tag == "edge"]
        known: set[str] = set()
        for node in nodes:
            if not node.id or node.id in known:
                message = f"node {node.id!r} is there twice or has no id; give each person one node"
                self.flaws.append(Flaw(node.line, "duplicate-node", message))
            known.add(node.id)
        for edge in edges:
            if not edge.verbs:
                message = f"edge {edge.source} -> {edge.target} has no relation; give it one or more verbs"
                self.flaws.append(Flaw(edge.line, "edge-without-relation", message))
        return Graph(tuple(nodes), tuple(edges), tuple(self.flaws))

    def _node(self, element: _Element) -> Node:
        node_id = one_line(element.attributes.get("id", ""))
        named = self._attribute(element, _NODE_NAMES)
        return Node(node_id, one_line(named) or node_id, element.line)

    def _edge(self, element: _Element) -> Edge:
        written = self._attribute(element, _RELATION_NAMES)
        if not written and len(element.data) == 1:
            written = "".join(next(iter(element.data.values())))
        verbs = tuple(verb for part in written.replace(";", ",").split(",") if (verb := one_line(part)))
        source, target = (one_line(element.attributes.get(end, "")) for end in ("source", "target"))
        return Edge(source, target, verbs, element.line)

    def _attribute(self, element: _Element, wanted: tuple[str, ...]) -> str:
        """The value of the first attribute whose declared name contains one of `wanted`, best first."""
        for word in wanted:
            for key, pieces in element.data.items():
                if word in self.keys.get(key, key).casefold():
                    return "".join(pieces)
        return ""
