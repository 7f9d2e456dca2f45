"""Write the file tree of the README from the first sentence of each module's docstring, so that it stays true.

python scripts/readme_tree.py          rewrites the tree in README.md
python scripts/readme_tree.py --check  exits with 1 where the README's tree is out of date
"""

import ast
import sys
from pathlib import Path

REPO = Path(__file__).parent.parent
README = REPO / "README.md"
START, END = "<!-- tree: start -->", "<!-- tree: end -->"
WIDTH = 110


def first_sentence(path: Path) -> str:
    """What the module says of itself, in one line."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    paragraph = " ".join(docstring.split("\n\n")[0].split())
    sentence = paragraph.split(". ")[0].rstrip(".")
    return sentence if len(sentence) <= WIDTH else sentence[: WIDTH - 3].rsplit(" ", 1)[0] + " ..."


def tree(folder: Path, depth: int = 0) -> list[str]:
    """One line a folder and a file, folders after files."""
    lines = []
    for path in sorted(folder.glob("*.py")):
        if path.name != "__init__.py":
            lines.append(f"{'  ' * depth}{path.name:{34 - 2 * depth}} {first_sentence(path)}")
    for inner in sorted(entry for entry in folder.iterdir() if (entry / "__init__.py").is_file()):
        lines.append(
            f"{'  ' * depth}{inner.name + '/':{34 - 2 * depth}} {first_sentence(inner / '__init__.py')}".rstrip()
        )
        lines += tree(inner, depth + 1)
    return lines


def with_tree(readme: str) -> str:
    """The README with its tree made anew."""
    before, rest = readme.split(START)
    after = rest.split(END)[1]
    lines = ["smot_vlm/", *tree(REPO / "smot_vlm", 1), "scripts/", *tree(REPO / "scripts", 1)]
    return before + START + "\n```\n" + "\n".join(lines) + "\n```\n" + END + after


def main() -> int:
    readme = README.read_text(encoding="utf-8")
    renewed = with_tree(readme)
    if "--check" in sys.argv:
        return int(readme != renewed)
    README.write_text(renewed, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
