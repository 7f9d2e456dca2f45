"""The report's page put together: template, style, scripts, and the policy that lets nothing else run."""

import base64
import hashlib
from functools import lru_cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from smot_vlm.output.palette import COLOURS, css, ink_on
from smot_vlm.output.report_data import as_script_data
from smot_vlm.system.printing import printable

# In the order in which they build on each other.
SCRIPTS = (
    "elements",
    "tracks",
    "player",
    "placement",
    "overlay",
    "filters",
    "lanes",
    "arcs",
    "timeline",
    "person",
    "main",
)


def render_page(data: dict[str, Any], **content: Any) -> str:
    """Render the page.

    Args:
        data: what the script reads.
        **content: what the template reads.

    Returns:
        HTML that fetches nothing but the videos beside it.
    """
    environment = Environment(
        loader=PackageLoader("smot_vlm.output", "templates/report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        finalize=_visible,
    )
    style, script = page_style(), page_script()
    return environment.get_template("page.html.jinja").render(
        policy=content_policy(style, script),
        style=style,
        script=script,
        data=as_script_data(data),
        **content,
    )


def content_policy(style: str, script: str) -> str:
    """What the browser may run and fetch for the page: this style, this script, embedded pictures, videos beside it.

    Args:
        style: text of the only style element.
        script: text of the only script element that runs.

    Returns:
        A content security policy.
    """
    return "; ".join(
        (
            "default-src 'none'",
            "img-src data:",
            "media-src 'self' file: data:",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


@lru_cache(maxsize=1)
def page_style() -> str:
    """The page's only style: the file, and the colours of tracks."""
    colours = "\n".join(
        f".c{place} {{ background: {css(colour)}; color: {css(ink_on(colour))}; fill: {css(colour)}; }}"
        for place, colour in enumerate(COLOURS)
    )
    return _asset("style.css") + colours + "\n"


@lru_cache(maxsize=1)
def page_script() -> str:
    """The page's only script: its files in one function, so that they share names with nothing else."""
    parts = "\n".join(_asset(f"{name}.js") for name in SCRIPTS)
    return f'(() => {{\n"use strict";\n{parts}\n}})();\n'


def _asset(name: str) -> str:
    return files("smot_vlm.output").joinpath("templates", "report", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")


def _visible(value: object) -> object:
    """What the page shows of a value: names of files may steer where a text goes, or be no text."""
    return printable(value, keep="\n") if type(value) is str else value
