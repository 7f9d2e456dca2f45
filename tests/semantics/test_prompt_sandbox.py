"""A template computes text and reaches nothing else; what it may not do is one line that names the file."""

from pathlib import Path

import pytest

from smot_vlm.semantics.context import SceneContext
from smot_vlm.semantics.prompts import Prompts

TRAPS = {
    "globals by cycler": "{{ cycler.__init__.__globals__.os.system('true') }}",
    "subclasses": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "attr filter": "{{ context|attr('__class__') }}",
    "map to attribute": "{{ [context]|map(attribute='__class__')|list }}",
    "format": "{{ '{0.__class__}'.format(context) }}",
    "format_map": "{{ '{x}'.format_map({}) }}",
    "wide format": "{{ '{:1000000000}'.format(1) }}",
    "wide percent": "{{ '%1000000000d' % 1 }}",
    "repeated text": "{{ 'x' * 10000000000 }}",
    "repeated list": "{{ ([1] * 10000000000)|length }}",
    "power": "{{ 9 ** 9 ** 9 }}",
    "range": "{% for i in range(10000000000) %}x{% endfor %}",
    "lipsum": "{{ lipsum(1000000) }}",
    "loop cycle": "{% for i in [1] %}{{ loop.cycle(1) }}{% endfor %}",
    "mutation": "{{ context.captions.append('x') }}",
    "center filter": "{{ 'x'|center(1000000000) }}",
    "include of another file": "{% include '/etc/hostname' %}",
    "include of a parent": "{% include '../secret.jinja' %}",
    "self": "{{ self.__init__ }}",
    "division by zero": "{{ 1 / 0 }}",
    "unknown value": "{{ nothing }}",
    "broken syntax": "{{ ",
    "endless macro": "{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}",
    "a novel": "x" * 100_000,
}


def render(folder: Path, text: str) -> str:
    (folder / "video_caption.jinja").write_text(text, encoding="utf-8")
    return Prompts(folder).render("video_caption", context=SceneContext(("a man",), ("person 1: hug person 2",)))


@pytest.mark.parametrize("trap", list(TRAPS))
def test_a_trap_is_one_line_that_names_the_template(tmp_path, trap):
    (tmp_path / "secret.jinja").write_text("secret", encoding="utf-8")
    folder = tmp_path / "prompts"
    folder.mkdir()
    with pytest.raises((ValueError, FileNotFoundError)) as raised:
        render(folder, TRAPS[trap] + "{{ visual }}")
    assert "video_caption" in str(raised.value) or "no prompt" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_values_conditions_loops_and_plain_filters_work(tmp_path):
    text = "{% for caption in context.captions %}{{ loop.index * 2 }} {{ caption | upper }}{% endfor %} {{ visual }}"
    assert render(tmp_path, text) == "2 A MAN <visual>"
    text = "{% if context.relations %}{{ context.relations | join('; ') }}{% endif %} {{ visual }}"
    assert render(tmp_path, text) == "person 1: hug person 2 <visual>"
