"""Prompts from prompts/*.jinja, one template a task."""

from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError, TemplateNotFound

from smot_vlm.files import shipped_folder

# Stands in a rendered prompt where the soft tokens go.
VISUAL = "<visual>"


@dataclass(frozen=True)
class Prompts:
    """The templates of a folder; without one, those that ship with the package."""

    folder: Path | None = None

    def render(self, task: str, **values: object) -> str:
        """The prompt for `task` ("instance_caption", "video_caption"), with `VISUAL` where the soft tokens go.

        Raises:
            FileNotFoundError: no template of that name.
            ValueError: the template is broken, uses a value that is not given, or places the soft tokens other than once.
        """
        folder = self.folder or shipped_folder("prompts")
        environment = Environment(loader=FileSystemLoader(folder), undefined=StrictUndefined, trim_blocks=True)
        try:
            text = environment.get_template(f"{task}.jinja").render(visual=VISUAL, **values).strip()
        except TemplateNotFound:
            names = ", ".join(sorted(path.stem for path in folder.glob("*.jinja"))) or "none"
            raise FileNotFoundError(f"{folder}: no prompt {task}.jinja; there are: {names}") from None
        except TemplateError as error:
            raise ValueError(f"{folder / task}.jinja: {error}") from None
        if text.count(VISUAL) != 1:
            raise ValueError(
                f"{folder / task}.jinja: {{{{ visual }}}} stands {text.count(VISUAL)} times; it must stand once"
            )
        return text
