import resource
import subprocess
import sys
import time

import pytest

from smot_vlm.formats import graphml

HEAD = '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">'
RELATION = '<key id="d0" for="edge" attr.name="{}" attr.type="string"/>'
BOMB = (
    '<?xml version="1.0"?>\n<!DOCTYPE lolz [\n <!ENTITY lol0 "'
    + "lol" * 40
    + '">\n'
    + "".join(f' <!ENTITY lol{n} "{f"&lol{n - 1};" * 10}">\n' for n in range(1, 8))
    + "]>\n<graphml><graph><node id='&lol7;'/></graph></graphml>"
)
EXTERNAL = '<!DOCTYPE g [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + HEAD + "<graph><node id='&x;'/></graph></graphml>"
REMOTE = '<!DOCTYPE graphml SYSTEM "http://127.0.0.1:9/evil.dtd">' + HEAD + "<graph/></graphml>"


def parse(body: str, name: str = "relation", default: str = "directed") -> graphml.Graph:
    text = f'{HEAD}\n{RELATION.format(name)}\n<graph edgedefault="{default}">\n{body}\n</graph></graphml>'
    return graphml.parse_graphml(text.encode())


def edge(data: str, source: str = "man0", target: str = "man1") -> str:
    return f'<edge source="{source}" target="{target}"><data key="d0">{data}</data></edge>'


@pytest.mark.parametrize("name", ["relation", "relationship", "Relation ", "interaction", "verb", "whatever"])
def test_the_attribute_is_found_by_its_name(name):
    assert parse(edge("look.v.01"), name).edges[0].verbs == ("look.v.01",)


@pytest.mark.parametrize(
    ("written", "verbs"),
    [
        ("look.v.01,talk.v.01", ("look.v.01", "talk.v.01")),
        (" look.v.01 ;\n talk.v.01, ", ("look.v.01", "talk.v.01")),
        ("clap.v.04.take.v.04", ("clap.v.04.take.v.04",)),
        ("a &amp; b", ("a & b",)),
    ],
)
def test_several_verbs_on_one_edge(written, verbs):
    assert parse(edge(written)).edges[0].verbs == verbs


def test_other_attributes_of_an_edge_are_left_alone():
    keys = '<key id="d1" for="edge" attr.name="weight"/><key id="d0" for="edge" attr.name="relationship"/>'
    body = '<edge source="a" target="b"><data key="d1">0.5</data><data key="d0">hit.v.01</data></edge>'
    graph = graphml.parse_graphml(f"{HEAD}{keys}<graph>{body}</graph></graphml>".encode())
    assert graph.edges[0].verbs == ("hit.v.01",)


def test_nodes_may_carry_their_name_in_an_attribute():
    text = f'{HEAD}<key id="k" for="node" attr.name="name"/><graph><node id="n0"><data key="k">man0</data></node></graph></graphml>'
    assert graphml.parse_graphml(text.encode()).nodes[0] == graphml.Node("n0", "man0", 1)


def test_lines_and_flaws():
    graph = parse('<node id="man0"/>\n<node id="man0"/>\n<edge source="man0" target="man1"/>', default="undirected")
    assert [node.line for node in graph.nodes] == [4, 5]
    assert graph.edges[0].line == 6
    assert {(flaw.line, flaw.kind) for flaw in graph.flaws} == {
        (3, "undirected-graph"),
        (5, "duplicate-node"),
        (6, "edge-without-relation"),
    }


def test_namespace_prefix_bom_windows_and_blank_lines_before():
    text = (
        "\r\n\r\n"
        + "<?xml version='1.0'?>\r\n<g:graphml xmlns:g='x'><g:graph>\r\n<g:node id='man0'/></g:graph></g:graphml>"
    )
    assert graphml.parse_graphml(text.encode()).nodes[0] == graphml.Node("man0", "man0", 5)
    assert len(graphml.parse_graphml(b"\xef\xbb\xbf" + graphml.format_graphml(["a"], []).encode()).nodes) == 1


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        (BOMB, 2, "document type"),
        (EXTERNAL, 1, "document type"),
        (REMOTE, 1, "document type"),
        ("<graphml>\n<graph>\n<node></graph></graphml>", 3, "mismatched tag"),
        ("", 1, "no element"),
        ("not xml", 1, "syntax error"),
        ("<html><graph/></html>", 1, "no <graphml>"),
        ("<graphml/>", 1, "no <graphml>"),
        ("<?xml version='1.0' encoding='klingon'?><graphml/>", 1, "encoding"),
        ("<graphml>\n<graph>\n<node id='&lol;'/></graph></graphml>", 3, "undefined entity"),
    ],
)
def test_hostile_and_broken_files_are_refused_in_one_line(text, line, word):
    with pytest.raises(graphml.GraphMLError, match=word) as caught:
        graphml.parse_graphml(text.encode())
    assert caught.value.line == line
    assert "\n" not in str(caught.value)


def test_binary_content_is_refused():
    for content in (b"\x00\x01\x02", b"\xff\xfe\x00", b"<graphml>\xff</graphml>"):
        with pytest.raises(graphml.GraphMLError):
            graphml.parse_graphml(content)


@pytest.mark.subprocess
def test_a_bomb_costs_neither_memory_nor_time(tmp_path):
    path = tmp_path / "bomb.graphml"
    path.write_text(BOMB)
    script = (
        "import resource, sys\n"
        "from smot_vlm.formats.graphml import read_graphml\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        f"try: read_graphml({str(path)!r})\n"
        "except ValueError as error: print(error)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=True)
    message, grown_kilobytes = done.stdout.splitlines()
    assert message.startswith(f"{path}:2: ")
    assert int(grown_kilobytes) < 10_000  # expanded it is 1.2 GB
    assert time.perf_counter() - started < 10


def test_many_small_pieces_of_text_take_linear_time():
    text = f"{HEAD}{RELATION.format('relation')}<graph><edge source='a' target='b'><data key='d0'>" + "\n" * 2_000_000
    started = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    graph = graphml.parse_graphml((text + "look.v.01</data></edge></graph></graphml>").encode())
    assert graph.edges[0].verbs == ("look.v.01",)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - started < 8


def test_networkx_reads_what_is_written(tmp_path):
    networkx = pytest.importorskip("networkx")
    names = ["man0", "wo<man>&\"0'", "Mädchen 1"]
    edges = [(names[0], names[1], "look.v.01"), (names[0], names[1], "talk.v.01"), (names[1], names[2], "a & b")]
    path = tmp_path / "interactions.graphml"
    path.write_text(graphml.format_graphml(names, edges), encoding="utf-8")
    graph = networkx.read_graphml(path)
    assert list(graph.nodes) == names
    assert graph.is_directed()
    assert graph.is_multigraph()
    assert sorted((a, b, data["relation"]) for a, b, data in graph.edges(data=True)) == sorted(edges)
    plain = graphml.format_graphml(names, edges[1:])
    path.write_text(plain, encoding="utf-8")
    assert not networkx.read_graphml(path).is_multigraph()


def test_what_networkx_writes_is_read(tmp_path):
    networkx = pytest.importorskip("networkx")
    for kind in (networkx.DiGraph, networkx.MultiDiGraph):
        graph = kind()
        graph.add_nodes_from(["woman0", "man0"])
        graph.add_edge("man0", "woman0", relationship="hug.v.01,look.v.01")
        networkx.write_graphml(graph, tmp_path / "g.graphml")
        read = graphml.read_graphml(tmp_path / "g.graphml")
        assert [node.name for node in read.nodes] == ["woman0", "man0"]
        assert [(e.source, e.target, e.verbs) for e in read.edges] == [("man0", "woman0", ("hug.v.01", "look.v.01"))]
        assert read.flaws == ()


def test_an_edge_to_nobody_is_not_written():
    with pytest.raises(ValueError, match="man7"):
        graphml.format_graphml(["man0"], [("man0", "man7", "look.v.01")])
