"""Prompts from Jinja templates, one a task."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from jinja2 import TemplateError, TemplateNotFound

from smot_vlm.formats.documents import reason
from smot_vlm.semantics.prompt_sandbox import prompt_environment
from smot_vlm.system.files import shipped_folder

# Placeholder of the soft tokens in a rendered prompt.
VISUAL = "<visual>"


@dataclass(frozen=True)
class Prompts:
    """The templates of a folder; without one, those that ship with the package.

    Attributes:
        folder: of *.jinja files.
        prefix: of the templates' names: "" or "vl_", for models that see pictures.
    """

    folder: Path | None = None
    prefix: str = ""

    def render(self, task: str, **values: object) -> str:
        """Render a prompt with one place for soft tokens.

        Args:
            task: "instance_caption" or "video_caption".
            **values: of the template.

        Returns:
            Text with `VISUAL` where the soft tokens go.

        Raises:
            FileNotFoundError, ValueError: as `fill`; or the template does not place the soft tokens exactly once.
        """
        text = self.fill(task, **values)
        if text.count(VISUAL) != 1:
            raise ValueError(
                f"{self._folder / (self.prefix + task)}.jinja: {{{{ visual }}}} occurs {text.count(VISUAL)} times; use it once"
            )
        return text

    def fill(self, task: str, **values: object) -> str:
        """Render a template, with or without a place for soft tokens.

        Args:
            task: its name without prefix and suffix.
            **values: of the template.

        Returns:
            The text.

        Raises:
            FileNotFoundError: no template of that name.
            ValueError: the template is broken or uses a value that is not given.
        """
        folder, task = self._folder, self.prefix + task
        try:
            return prompt_environment(folder).get_template(f"{task}.jinja").render(visual=VISUAL, **values).strip()
        except TemplateNotFound:
            names = ", ".join(sorted(path.stem for path in folder.glob("*.jinja"))) or "none"
            raise FileNotFoundError(f"{folder}: no prompt {task}.jinja; there are: {names}") from None
        # Deep templates fail in the parser, in the compiler of Jinja or in that of Python.
        except (
            TemplateError,
            ArithmeticError,
            LookupError,
            TypeError,
            ValueError,
            RecursionError,
            SyntaxError,
        ) as error:
            raise ValueError(f"{folder / task}.jinja: {reason(error)}") from None

    def fingerprints(self, *tasks: str) -> dict[str, str]:
        """Which templates these are, for those who read what they brought about.

        Args:
            *tasks: names without prefix and suffix.

        Returns:
            Name -> the first 12 hex digits of the SHA-256 of its text; templates that are not there are left out.
        """
        paths = [self._folder / f"{self.prefix}{task}.jinja" for task in tasks]
        return {path.stem: sha256(path.read_bytes()).hexdigest()[:12] for path in paths if path.is_file()}

    @property
    def _folder(self) -> Path:
        return self.folder or shipped_folder("prompts")
