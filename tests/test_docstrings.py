"""Docstrings that tools can parse: every public function and class with parameters says what each one is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "smot_vlm"
# The command line's parameters carry help texts of their own.
EXEMPT = {"cli"}
# Tables of functions of one documented type: PoseFunction, Painter, and the choreographies of story/interactions.py.
FUNCTION_TABLES = {
    "synthetic/body/solo_poses.py",
    "synthetic/body/duet_poses.py",
    "synthetic/stage/indoors.py",
    "synthetic/stage/outdoors.py",
    "synthetic/story/encounters.py",
    "synthetic/story/moves.py",
}
SECTION = re.compile(r"^\s*(Args|Attributes):\n((?:\s*\n|\s+\S.*\n?)*)", re.MULTILINE)


def parameters(function: ast.FunctionDef | ast.AsyncFunctionDef, method: bool) -> list[str]:
    arguments = function.args
    static = any(isinstance(node, ast.Name) and node.id == "staticmethod" for node in function.decorator_list)
    names = [entry.arg for entry in (*arguments.posonlyargs, *arguments.args)][int(method and not static) :]
    names += [entry.arg for entry in arguments.kwonlyargs]
    return [name for name in names if not name.startswith("_")]


def described(docstring: str | None) -> set[str]:
    found = SECTION.findall((docstring or "") + "\n")
    lists = [names for _, body in found for names in re.findall(r"^\s*([\w*, ]+):", body, flags=re.MULTILINE)]
    return {name.strip(" *") for names in lists for name in names.split(",")}


def overridden(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> set[str]:
    """Names of the methods of all bases that the package defines, and of well-known ones outside it."""
    found = {"forward", "train"} if any("Module" in ast.unparse(base) for base in node.bases) else set()
    for base in node.bases:
        parent = classes.get(ast.unparse(base).split("[")[0].split(".")[-1])
        if parent is not None:
            found |= {entry.name for entry in parent.body if isinstance(entry, ast.FunctionDef)}
            found |= overridden(parent, classes)
    return found


def protocol_methods(classes: list[ast.ClassDef]) -> set[str]:
    """Methods that a protocol of the package documents."""
    return {
        entry.name
        for node in classes
        if any("Protocol" in ast.unparse(base) for base in node.bases)
        for entry in node.body
        if isinstance(entry, ast.FunctionDef)
    }


def undocumented() -> Iterator[str]:
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
    found = [node for tree in trees.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    classes, protocols = {node.name: node for node in found}, protocol_methods(found)
    for path, tree in trees.items():
        place = path.relative_to(PACKAGE)
        if place.parts[0] in EXEMPT or place.as_posix() in FUNCTION_TABLES:
            continue
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                yield from missing(place, node, parameters(node, method=False), ast.get_docstring(node))
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                yield from missing_of_class(place, node, overridden(node, classes), protocols)


def missing_of_class(place: Path, node: ast.ClassDef, inherited: set[str], protocols: set[str]) -> Iterator[str]:
    is_protocol = any("Protocol" in ast.unparse(base) for base in node.bases)
    for entry in node.body:
        if not isinstance(entry, ast.FunctionDef) or (entry.name.startswith("_") and entry.name != "__init__"):
            continue
        names = parameters(entry, method=True)
        if entry.name == "__init__":
            text = (ast.get_docstring(node) or "") + "\n\n" + (ast.get_docstring(entry) or "")
            yield from missing(place, node, names, text)
        elif entry.name not in inherited and (is_protocol or entry.name not in protocols):
            yield from missing(place, entry, names, ast.get_docstring(entry), node.name)


def missing(place: Path, node: ast.AST, names: list[str], docstring: str | None, owner: str = "") -> Iterator[str]:
    known = described(docstring)
    absent = [name for name in names if name not in known]
    if absent:
        title = f"{owner}.{node.name}" if owner else node.name  # type: ignore[attr-defined]
        yield f"smot_vlm/{place}:{node.lineno} {title}: {', '.join(absent)}"  # type: ignore[attr-defined]


def test_every_public_function_describes_its_parameters():
    found = list(undocumented())
    assert not found, f"{len(found)} without Args:\n" + "\n".join(found)


def test_the_glossary_has_at_most_25_terms():
    text = (PACKAGE.parent / ".github/CONTRIBUTING.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (?!term|---)[^|]+ \|", text.split("## Glossary")[1], flags=re.MULTILINE)
    assert 10 <= len(rows) <= 25


def test_the_checker_finds_what_is_missing():
    tree = ast.parse('def f(one, two):\n    """Add.\n\n    Args:\n        one: first.\n    """')
    function = tree.body[0]
    assert list(missing(Path("x.py"), function, parameters(function, False), ast.get_docstring(function))) == [
        "smot_vlm/x.py:1 f: two"
    ]


if __name__ == "__main__":
    print("\n".join(undocumented()))
