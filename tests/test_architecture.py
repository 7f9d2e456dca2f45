"""The house of design: each stage imports only from the stages below it, and no import runs in a circle."""

import ast
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "smot_vlm"

# From the roof to the ground; one entry may hold several stages of equal height.
FLOORS = [
    ["cli"],
    ["app"],
    ["bench", "reproduction"],
    ["training"],
    ["corpora"],
    ["predict", "search", "watching"],
    ["tracker"],
    ["session"],
    ["models"],
    ["rules"],
    ["synthetic"],
    ["evaluation"],
    ["output"],
    ["export"],
    ["semantics", "appearance"],
    ["fusion"],
    ["association"],
    ["detection"],
    ["data"],
    ["video"],
    ["language"],
    ["verbs"],
    ["config"],
    ["structures"],
    ["formats"],
    ["system"],
]
# The same inside the synthetic world: its wings, and the modules above and below them.
SYNTHETIC_FLOORS = [
    ["dataset"],
    ["sequence"],
    ["visibility"],
    ["render"],
    ["language"],
    ["story"],
    ["body"],
    ["stage"],
    ["random_choice"],
]


def heights(floors: list[list[str]]) -> dict[str, int]:
    """Each name's height above the ground."""
    return {name: len(floors) - level for level, names in enumerate(floors) for name in names}


HEIGHT = heights(FLOORS)
SYNTHETIC_HEIGHT = heights(SYNTHETIC_FLOORS)


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(path: Path, modules: set[str]) -> set[str]:
    """Every module of the package that `path` imports, at the top or inside a function; names for types alone never run."""
    found: set[str] = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for_types = [
        node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    ]
    never_run = {id(node) for block in for_types for node in ast.walk(block)}
    for node in ast.walk(tree):
        if id(node) in never_run:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import; write the whole name"
            base = node.module or ""
            found |= {f"{base}.{alias.name}" if f"{base}.{alias.name}" in modules else base for alias in node.names}
    return {name for name in found if name in modules}


def import_graph() -> dict[str, set[str]]:
    paths = {module_name(path): path for path in PACKAGE.rglob("*.py")}
    return {name: imported_modules(path, set(paths)) - {name} for name, path in paths.items()}


def stage(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else None


def wing(module: str) -> str | None:
    """The part of the synthetic world that a module belongs to; None outside it, and for its face."""
    parts = module.split(".")
    return parts[2] if len(parts) > 2 and parts[1] == "synthetic" else None


def upward(part, height: dict[str, int]) -> list[str]:
    """Imports that run from a part to a higher one. part: of a module; None where it has no floor."""
    return [
        f"{module} -> {target}"
        for module, targets in import_graph().items()
        for target in targets
        if part(module) and part(target) and height[part(target)] > height[part(module)]
    ]


def test_every_module_has_a_floor():
    unknown = {module for module in import_graph() if stage(module) not in HEIGHT and module != "smot_vlm"}
    assert not unknown, f"give these a place in FLOORS: {sorted(unknown)}"
    unknown = {module for module in import_graph() if wing(module) and wing(module) not in SYNTHETIC_HEIGHT}
    assert not unknown, f"give these a place in SYNTHETIC_FLOORS: {sorted(unknown)}"


def test_imports_point_down():
    found = upward(stage, HEIGHT)
    assert not found, f"imports that run up: {found}"


def test_imports_point_down_inside_the_synthetic_world():
    found = upward(wing, SYNTHETIC_HEIGHT)
    assert not found, f"imports that run up: {found}"
    faced = [m for m, targets in import_graph().items() if wing(m) and "smot_vlm.synthetic" in targets]
    assert not faced, f"import the module that defines the name, not the package: {faced}"


def test_no_wing_of_the_synthetic_world_runs_in_a_circle():
    """Several wings on one floor could import each other and still point down."""
    assert all(len(names) == 1 for names in SYNTHETIC_FLOORS)


def test_no_import_runs_in_a_circle():
    graph = import_graph()
    # The package itself names its two public classes lazily and imports nothing when it is imported.
    graph["smot_vlm"] = set()
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join([*trail[trail.index(module) :], module])
        if module in done:
            return
        for target in graph[module]:
            visit(target, (*trail, module))
        done.add(module)

    for module in graph:
        visit(module, ())


def code_lines(path: Path) -> int:
    """Lines that are neither blank, comment nor docstring."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    skipped = {
        line
        for node in ast.walk(tree)
        if isinstance(node, documented) and ast.get_docstring(node) is not None
        for line in range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1)
    }
    lines = enumerate(text.splitlines(), start=1)
    return sum(
        1 for number, line in lines if line.strip() and number not in skipped and not line.strip().startswith("#")
    )


def summary(package: Path) -> str:
    """Rooms are the folders and loose modules directly below the package; an arrow is one room importing another."""
    global PACKAGE
    PACKAGE = package
    lines: dict[str, int] = {}
    for path in package.rglob("*.py"):
        room = stage(module_name(path))
        if room:
            lines[room] = lines.get(room, 0) + len(path.read_text(encoding="utf-8").splitlines())
    arrows = {
        (stage(module), stage(target))
        for module, targets in import_graph().items()
        for target in targets
        if stage(module) and stage(target) and stage(module) != stage(target)
    }
    total, largest = sum(lines.values()), max(lines, key=lambda room: lines[room])
    code = sum(code_lines(path) for path in package.rglob("*.py"))
    return (
        f"{len(lines)} rooms, {len(arrows)} arrows, largest room {largest} with {lines[largest] / total:.0%}, "
        f"{total} lines, of which {code} of code"
    )


if __name__ == "__main__":
    import sys

    print(summary(Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else PACKAGE))
