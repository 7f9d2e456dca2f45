from smot_vlm.data.annotation_matching import TextAnnotations, canonical_verbs, match_annotations
from smot_vlm.formats.captions import parse_instance_captions
from smot_vlm.formats.graphml import Edge, Graph, Node
from smot_vlm.structures import Interaction


def graph(nodes: list[str], *edges: tuple[str, str, str]) -> Graph:
    return Graph(
        tuple(Node(name, name, line) for line, name in enumerate(nodes, 10)),
        tuple(Edge(a, b, (verb,), line) for line, (a, b, verb) in enumerate(edges, 20)),
    )


def match(ids: list[int], keys: list[str] | None, graph: Graph | None) -> TextAnnotations:
    lines = None if keys is None else parse_instance_captions("".join(f"{key}: This is {key}.\n" for key in keys))
    return match_annotations(ids, lines, graph)


def flaws(words: TextAnnotations) -> list[tuple[int, str]]:
    return [(flaw.line, flaw.kind) for flaw in (*words.caption_flaws, *words.graph_flaws)]


def test_the_ith_key_is_the_ith_id():
    words = match([3, 7, 12], ["woman0", "woman1", "man0"], None)
    assert words.names == ("woman0", "woman1", "man0")
    assert words.captions == ("This is woman0.", "This is woman1.", "This is man0.")
    assert flaws(words) == []


def test_nodes_are_found_by_name_in_any_order_and_case():
    words = match([3, 7], ["woman0", "man0"], graph(["Man0", "WOMAN0"], ("Man0", "WOMAN0", "look.v.01")))
    assert words.interactions == (Interaction(7, "look.v.01", 3),)
    assert flaws(words) == []


def test_nodes_with_other_names_are_taken_in_order_all_of_them():
    # The annotator wrote woman0 in one file and man0 in the other; by name alone man0 would be track 7.
    words = match([3, 7], ["woman0", "man0"], graph(["man0", "man1"], ("man0", "man1", "look.v.01")))
    assert words.interactions == (Interaction(3, "look.v.01", 7),)
    assert words.names == ("woman0", "man0")
    assert flaws(words) == [(11, "node-names")]


def test_fewer_captions_than_tracks():
    words = match([1, 2, 3], ["man0", "man1"], None)
    assert words.captions == ("This is man0.", "This is man1.", "")
    assert words.names == ("man0", "man1", "person0")
    assert flaws(words) == [(0, "id-without-caption")]


def test_the_graph_tells_which_track_has_no_caption():
    words = match([1, 2, 3], ["man0", "man1"], graph(["man0", "woman0", "man1"], ("woman0", "man1", "hug.v.01")))
    assert words.captions == ("This is man0.", "", "This is man1.")
    assert words.names == ("man0", "woman0", "man1")
    assert flaws(words)[0] == (0, "id-without-caption")


def test_more_captions_than_tracks():
    words = match([1], ["man0", "man1"], None)
    assert words.captions == ("This is man0.",)
    assert flaws(words) == [(2, "caption-without-id")]


def test_no_captions_but_a_graph():
    words = match([4, 9], None, graph(["man0", "woman0"], ("woman0", "man0", "push.v.01")))
    assert words.names == ("man0", "woman0")
    assert words.captions == ("", "")
    assert words.interactions == (Interaction(9, "push.v.01", 4),)
    assert flaws(words) == []


def test_a_key_that_is_there_twice_is_renamed_and_the_graph_is_read_by_order():
    words = match([1, 2], ["man0", "man0"], graph(["man0", "man1"], ("man1", "man0", "look.v.01")))
    assert words.names == ("man0", "person0")
    assert words.interactions == (Interaction(2, "look.v.01", 1),)
    assert (2, "duplicate-key") in flaws(words)


def test_edges_that_say_nothing_true():
    words = match(
        [1, 2],
        ["man0", "man1"],
        graph(
            ["man0", "man1"],
            ("man0", "man0", "look.v.01"),
            ("man0", "man5", "look.v.01"),
            ("man0", "man1", "fly.v.99"),
            ("man0", "man1", "look.v.01"),
            ("man0", "man1", "look.v.01"),
        ),
    )
    assert words.interactions == (Interaction(1, "look.v.01", 2),)
    assert flaws(words) == [
        (20, "self-interaction"),
        (21, "unknown-node"),
        (22, "unknown-verb"),
        (24, "duplicate-interaction"),
    ]


def test_more_nodes_than_tracks():
    words = match([1, 2], ["man0", "man1"], graph(["man0", "man1", "man2"], ("man2", "man0", "look.v.01")))
    assert words.interactions == ()
    assert [kind for _, kind in flaws(words)] == ["unknown-node", "unknown-node"]


def test_canonical_verbs():
    labels, messages = canonical_verbs(["clap.v.04.take.v.04", "recieve", "take.v.04", "flyy"])
    assert labels == ("clap.v.04", "take.v.04", "receive.v.01")
    assert len(messages) == 1
    assert "'flyy'" in messages[0]
