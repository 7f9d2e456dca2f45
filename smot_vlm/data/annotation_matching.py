"""Match captions and interactions to tracks: which key and which node is which track id.

The released annotation files contain no track ids: the i-th caption line, and the i-th node of the graph, is the track
with the i-th smallest id. Keys such as `man0` count within a kind. Some sequences have fewer captions than tracks
(people in the background), and in some the keys of the two files differ; then the order alone decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from smot_vlm import verbs
from smot_vlm.formats.captions import CaptionFile, is_key
from smot_vlm.formats.flaws import Flaw
from smot_vlm.formats.graphml import Edge, Graph
from smot_vlm.formats.sequence_files import default_names
from smot_vlm.structures import Interaction


@dataclass(frozen=True)
class TextAnnotations:
    """Captions and interactions of a sequence's tracks.

    Attributes:
        names: one key a track.
        captions: one a track, possibly empty.
        interactions: between the tracks.
        caption_flaws: captions that did not fit, with their lines.
        graph_flaws: nodes and edges that did not fit, with their lines.
    """

    names: tuple[str, ...]
    captions: tuple[str, ...]
    interactions: tuple[Interaction, ...]
    caption_flaws: tuple[Flaw, ...] = ()
    graph_flaws: tuple[Flaw, ...] = ()


def match_annotations(ids: Sequence[int], captions: CaptionFile | None, graph: Graph | None) -> TextAnnotations:
    """Match captions and interactions to tracks.

    Args:
        ids: of the tracks, ascending.
        captions: None where the sequence has no such file, which is no flaw.
        graph: the same.

    Returns:
        The annotations. Kinds of flaws besides those of the two readers: caption-without-id, id-without-caption;
        unknown-node, unknown-verb, self-interaction, duplicate-interaction, node-names (nodes are not the captions' keys,
        so their order was taken).
    """
    keys, texts, caption_flaws = _match_captions(ids, captions, graph)
    if graph is None:
        return TextAnnotations(_unique_names(keys), tuple(texts), (), caption_flaws)
    id_of, node_flaws = _match_nodes(ids, keys, graph)
    names_by_id = {id_of[node.id]: node.name for node in graph.nodes if node.id in id_of}
    keys = [key or names_by_id.get(track_id, "") for key, track_id in zip(keys, ids, strict=True)]
    interactions, edge_flaws = _read_edges(id_of, graph.edges)
    flaws = tuple(sorted((*graph.flaws, *node_flaws, *edge_flaws), key=lambda flaw: flaw.line))
    return TextAnnotations(_unique_names(keys), tuple(texts), interactions, caption_flaws, flaws)


def canonical_verbs(labels: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Look up verb senses.

    Args:
        labels: as written in a file.

    Returns:
        Labels of the senses that they name, in order, each once; and one message for each label that names none.
    """
    found: dict[str, None] = {}
    messages: list[str] = []
    for label in labels:
        try:
            found.update((verb.label, None) for verb in verbs.find(label))
        except ValueError as error:
            messages.append(str(error))
    return tuple(found), tuple(messages)


def _match_captions(
    ids: Sequence[int], captions: CaptionFile | None, graph: Graph | None
) -> tuple[list[str], list[str], tuple[Flaw, ...]]:
    """One key and one caption a track, empty where there is none."""
    if captions is None:
        return [""] * len(ids), [""] * len(ids), ()
    places = _places(captions, len(ids), graph)
    keys, texts = [""] * len(ids), [""] * len(ids)
    flaws = list(captions.flaws)
    for line, place in zip(captions.lines, places, strict=True):
        if place < len(ids):
            keys[place], texts[place] = line.key, line.text
        else:
            message = f"{line.key or 'this caption'} is person {place + 1} of a video with {len(ids)} tracks; drop it"
            flaws.append(Flaw(line.line, "caption-without-id", message))
    missing = [track_id for place, track_id in enumerate(ids) if place not in places]
    flaws += [
        Flaw(0, "id-without-caption", f"track {track_id} has no caption; add a line for it") for track_id in missing
    ]
    return keys, texts, tuple(flaws)


def _places(captions: CaptionFile, tracks: int, graph: Graph | None) -> list[int]:
    """Position of the track behind each caption line.

    Where the graph has one node a track and the captions name some of them in the same order, the nodes say which
    tracks have no caption. Otherwise the captions belong to the first tracks.
    """
    by_order = list(range(len(captions.lines)))
    if graph is None or len(graph.nodes) != tracks or len(captions.lines) >= tracks:
        return by_order
    place_of = {node.name.casefold(): place for place, node in enumerate(graph.nodes)}
    places = [place_of.get(line.key.casefold(), -1) for line in captions.lines]
    ascending = all(first < second for first, second in pairwise(places))
    return places if ascending and -1 not in places else by_order


def _match_nodes(ids: Sequence[int], keys: Sequence[str], graph: Graph) -> tuple[dict[str, int], list[Flaw]]:
    """Track id of each node: by name where every node is a caption's key, else by order, all of them."""
    known = [key.casefold() for key in keys if key]
    id_of_key = {key.casefold(): track_id for key, track_id in zip(keys, ids, strict=True) if key}
    if len(set(known)) == len(known) and all(node.name.casefold() in id_of_key for node in graph.nodes):
        return {node.id: id_of_key[node.name.casefold()] for node in graph.nodes}, []
    flaws = [
        Flaw(node.line, "unknown-node", f"node {node.name!r} is person {place + 1} of a video with {len(ids)} tracks")
        for place, node in enumerate(graph.nodes)
        if place >= len(ids)
    ]
    strangers = [node for node in graph.nodes[: len(ids)] if node.name.casefold() not in id_of_key]
    # With fewer captions than tracks it is the captions that lack keys, not the nodes that have others.
    if all(keys) and strangers:
        message = (
            f"node {strangers[0].name!r} is no key of the captions; the nodes were taken in the order of the tracks"
        )
        flaws.append(Flaw(strangers[0].line, "node-names", message))
    id_of: dict[str, int] = {}
    for node, track_id in zip(graph.nodes, ids, strict=False):
        id_of.setdefault(node.id, track_id)
    return id_of, flaws


def _read_edges(id_of: dict[str, int], edges: Sequence[Edge]) -> tuple[tuple[Interaction, ...], list[Flaw]]:
    found: dict[Interaction, None] = {}
    flaws: list[Flaw] = []
    for edge in edges:
        unknown = [node for node in (edge.source, edge.target) if node not in id_of]
        if unknown:
            flaws.append(
                Flaw(edge.line, "unknown-node", f"edge names {unknown[0]!r}, which is no person of this video")
            )
            continue
        labels, messages = canonical_verbs(edge.verbs)
        flaws += [Flaw(edge.line, "unknown-verb", message) for message in messages]
        if id_of[edge.source] == id_of[edge.target]:
            message = f"{edge.source!r} acts on itself; an interaction needs two people"
            flaws.append(Flaw(edge.line, "self-interaction", message))
            continue
        for label in labels:
            interaction = Interaction(id_of[edge.source], label, id_of[edge.target])
            if interaction in found:
                message = f"{edge.source} {label} {edge.target} is said twice; one edge is enough"
                flaws.append(Flaw(edge.line, "duplicate-interaction", message))
            found[interaction] = None
    return tuple(found), flaws


def _unique_names(keys: Sequence[str]) -> tuple[str, ...]:
    """The keys, with person0, person1 ... where a key is empty, a duplicate, or could not be written."""
    names = [key if is_key(key) and key not in keys[:place] else "" for place, key in enumerate(keys)]
    spare = iter(default_names(names.count(""), taken=[name for name in names if name]))
    return tuple(name or next(spare) for name in names)
