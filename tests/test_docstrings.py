"""Docstrings that tools can parse: every public function and class with parameters says what each one is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "smot_vlm"
# Tables of functions of one documented type: PoseFunction, Painter, and the choreographies of story/interactions.py.
FUNCTION_TABLES = {
    "synthetic/body/solo_poses.py",
    "synthetic/body/duet_poses.py",
    "synthetic/stage/indoors.py",
    "synthetic/stage/outdoors.py",
    "synthetic/story/encounters.py",
    "synthetic/story/moves.py",
}
# Options that several commands share.
SHARED_OPTIONS = ("cli/loading.py", "cli/serving.py")
SECTION = re.compile(r"^\s*(Args|Attributes):\n((?:\s*\n|\s+\S.*\n?)*)", re.MULTILINE)
Function = ast.FunctionDef | ast.AsyncFunctionDef


def parameters(function: Function, method: bool) -> list[ast.arg]:
    """All but `self`, `cls` and names with an underscore."""
    arguments = function.args
    static = any(ast.unparse(node) == "staticmethod" for node in function.decorator_list)
    positional = [*arguments.posonlyargs, *arguments.args][int(method and not static) :]
    return [entry for entry in (*positional, *arguments.kwonlyargs) if not entry.arg.startswith("_")]


def without_help(function: Function, aliases: dict[str, str]) -> list[str]:
    """Parameters but those that carry a help text for the command line: `typer.Option(help=...)` as type or default."""
    defaults = dict(zip(reversed(function.args.args), reversed(function.args.defaults), strict=False))
    names = []
    for argument in parameters(function, method=False):
        annotation = ast.unparse(argument.annotation) if argument.annotation else ""
        default = ast.unparse(defaults[argument]) if argument in defaults else ""
        if "help=" not in aliases.get(annotation, annotation) + default:
            names.append(argument.arg)
    return names


def fields(node: ast.ClassDef) -> list[str]:
    """The public fields of a dataclass or a named tuple, none of other classes."""
    is_record = any("dataclass" in ast.unparse(entry) for entry in node.decorator_list)
    if not is_record and not any(ast.unparse(base).endswith("NamedTuple") for base in node.bases):
        return []
    targets = [entry for entry in node.body if isinstance(entry, ast.AnnAssign) and isinstance(entry.target, ast.Name)]
    names = [entry.target.id for entry in targets if "ClassVar" not in ast.unparse(entry.annotation)]  # type: ignore[union-attr]
    return [name for name in names if not name.startswith("_")]


def described(docstring: str | None) -> set[str]:
    """Names that stand before a colon under Args or Attributes; several may share an entry."""
    found = SECTION.findall((docstring or "") + "\n")
    entries = [entry for _, body in found for entry in re.findall(r"^\s*([\w*]+(?:, [\w*]+)*):", body, re.MULTILINE)]
    return {name.strip("* ") for entry in entries for name in entry.split(",")}


def overridden(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> set[str]:
    """Names of the methods of all bases that the package defines, and of well-known ones outside it."""
    found = {"forward", "train"} if any("Module" in ast.unparse(base) for base in node.bases) else set()
    for base in node.bases:
        parent = classes.get(ast.unparse(base).split("[")[0].split(".")[-1])
        if parent is not None:
            found |= {entry.name for entry in parent.body if isinstance(entry, Function)}
            found |= overridden(parent, classes)
    return found


def is_protocol(node: ast.ClassDef) -> bool:
    return any(ast.unparse(base).split("[")[0].endswith("Protocol") for base in node.bases)


def protocol_methods(classes: list[ast.ClassDef]) -> set[str]:
    """Methods that a protocol of the package documents."""
    protocols = [node for node in classes if is_protocol(node)]
    return {entry.name for node in protocols for entry in node.body if isinstance(entry, Function)}


def undocumented() -> Iterator[str]:
    """A line for each function, method and class of the package that leaves a parameter out."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
    nodes = [node for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    classes, protocols = {node.name: node for node in nodes}, protocol_methods(nodes)
    for path, tree in trees.items():
        place = path.relative_to(PACKAGE)
        if place.as_posix() in FUNCTION_TABLES:
            continue
        aliases = {
            entry.targets[0].id: ast.unparse(entry.value)
            for shared in (*(trees[PACKAGE / name] for name in SHARED_OPTIONS), tree)
            for entry in shared.body
            if isinstance(entry, ast.Assign) and isinstance(entry.targets[0], ast.Name)
        }
        for node in tree.body:
            if isinstance(node, Function) and not node.name.startswith("_"):
                yield from missing(place, node, without_help(node, aliases), ast.get_docstring(node))
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield from missing_of_class(place, node, overridden(node, classes), protocols)


def missing_of_class(place: Path, node: ast.ClassDef, inherited: set[str], protocols: set[str]) -> Iterator[str]:
    own = ast.get_docstring(node) or ""
    yield from missing(place, node, fields(node), own)
    for entry in node.body:
        if not isinstance(entry, Function) or (entry.name.startswith("_") and entry.name != "__init__"):
            continue
        names = [argument.arg for argument in parameters(entry, method=True)]
        if entry.name == "__init__":
            yield from missing(place, node, names, own + "\n\n" + (ast.get_docstring(entry) or ""))
        elif entry.name not in inherited and (is_protocol(node) or entry.name not in protocols):
            yield from missing(place, entry, names, ast.get_docstring(entry), node.name)


def missing(
    place: Path, node: Function | ast.ClassDef, names: list[str], docstring: str | None, owner: str = ""
) -> Iterator[str]:
    absent = [name for name in names if name not in described(docstring)]
    if absent:
        title = f"{owner}.{node.name}" if owner else node.name
        yield f"smot_vlm/{place.as_posix()}:{node.lineno} {title}: {', '.join(absent)}"


def test_every_public_function_describes_its_parameters():
    found = list(undocumented())
    assert not found, f"{len(found)} without Args or Attributes:\n" + "\n".join(found)


def test_the_glossary_has_at_most_25_terms():
    text = (PACKAGE.parent / ".github/CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (?!term|---)([^|]+) \|", text.split("## Glossary")[1], flags=re.MULTILINE)
    assert 10 <= len(rows) <= 25
    assert len(rows) == len(set(rows))


def found_in(source: str) -> list[str]:
    (node,) = ast.parse(source).body
    if isinstance(node, ast.ClassDef):
        return list(missing_of_class(Path("x.py"), node, set(), set()))
    assert isinstance(node, Function)
    names = without_help(node, {"Out": "typer.Option(help='')"})
    return list(missing(Path("x.py"), node, names, ast.get_docstring(node)))


def test_the_checker_finds_what_is_missing():
    assert found_in('def f(one, *, two):\n    """Add.\n\n    Args:\n        one: first.\n    """') == [
        "smot_vlm/x.py:1 f: two"
    ]
    assert found_in('@dataclass(frozen=True)\nclass C:\n    """A record.\n\n    a: of it.\n    """\n    a: int\n') == [
        "smot_vlm/x.py:2 C: a"
    ]
    assert found_in('class C:\n    """A thing."""\n    def run(self, one): pass\n    def _run(self, one): pass\n') == [
        "smot_vlm/x.py:3 C.run: one"
    ]


def test_the_checker_accepts_what_is_there():
    assert not found_in('def f(one, two):\n    """Add.\n\n    Args:\n        one, two: numbers.\n    """')
    assert not found_in(
        'def f(out: Out, n: Annotated[int, typer.Option(help="N.")], b=typer.Option(1, help="B.")):\n    """A command."""'
    )
    assert not found_in(
        '@dataclass\nclass C:\n    """A record.\n\n    Attributes:\n        a: of it.\n    """\n    a: int\n'
    )


if __name__ == "__main__":
    print("\n".join(undocumented()))
