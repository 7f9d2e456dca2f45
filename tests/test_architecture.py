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
    ["predict", "search"],
    ["tracker"],
    ["session"],
    ["models"],
    ["evaluation"],
    ["synthetic"],
    ["output"],
    ["semantics"],
    ["fusion"],
    ["association"],
    ["detection"],
    ["data"],
    ["video"],
    ["verbs"],
    ["config"],
    ["structures"],
    ["formats"],
    ["system"],
]
HEIGHT = {name: len(FLOORS) - level for level, names in enumerate(FLOORS) for name in names}


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_modules(path: Path, modules: set[str]) -> set[str]:
    """Every module of the package that `path` imports, at the top or inside a function."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
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


def test_every_module_has_a_floor():
    unknown = {module for module in import_graph() if stage(module) not in HEIGHT and module != "smot_vlm"}
    assert not unknown, f"give these a place in FLOORS: {sorted(unknown)}"


def test_imports_point_down():
    upward = [
        f"{module} -> {target}"
        for module, targets in import_graph().items()
        for target in targets
        if stage(module) and stage(target) and HEIGHT[stage(target)] > HEIGHT[stage(module)]
    ]
    assert not upward, f"imports that run up: {upward}"


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
