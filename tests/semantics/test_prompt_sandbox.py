"""A template computes text and reaches nothing else; what it may not do is one line that names the file."""

import resource
import time
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

LETTERS = "'" + "a" * 1000 + "'"
# Each computes for hours or fills the memory in an unbounded sandbox.
BOMBS = {
    "nested loops that write nothing": "{% for a in s %}" * 7 + "{% endfor %}" * 7,
    "nested loops that write": "{% for a in s %}" * 4 + "x" * 1000 + "{% endfor %}" * 4,
    "loops over growing text": "{% set t = s %}" + "{% set t = t ~ t %}" * 40 + "{{ t|length }}",
    "doubled by plus": "{% set t = s %}" + "{% set t = t + t %}" * 40 + "{{ t|length }}",
    "replaced": "{% set t = s|replace('a', s)|replace('a', s)|replace('a', s) %}{{ t|length }}",
    "joined": "{% set t = s|join(s)|join(s)|join(s) %}{{ t|length }}",
    "escaped": "{% set t = '&'|e %}" + "{% set t = (t ~ t)|e %}" * 40,
    "squared": "{% set n = 9999999 %}" + "{% set n = n * n %}" * 40 + "{{ n }}",
    "rounded": "{{ 1.5|round(999999999, 'ceil') }}",
    "lists of lists": "{% set l = [1, 2] %}" + "{% set l = [l, l] %}" * 60 + "{{ l }}",
    "sorted in a loop": "{% for a in s %}{% for b in s %}{{ s|sort|reverse|sort|first }}{% endfor %}{% endfor %}",
    "searched in a loop": "{% for a in s %}{% for b in s %}{% if 'b' in s %}{% endif %}{% endfor %}{% endfor %}",
    "trimmed by many": "{% for a in s %}{% for b in s %}{{ s|trim(s) }}{% endfor %}{% endfor %}",
    "included often": "{% for a in s %}{% include 'video_caption.jinja' %}{% endfor %}",
    "itself extended": "{% extends 'video_caption.jinja' %}",
    "blocks": "{% set t %}{{ s }}{{ s }}{% endset %}{{ t }}",
    "called blocks": "{% macro f() %}{{ caller() }}{% endmacro %}{% call f() %}x{% endcall %}",
    "deep brackets": "{{ " + "(" * 20_000 + "1" + ")" * 20_000 + " }}",
    "deep sums": "{{ 1" + "+1" * 20_000 + " }}",
    "deep conditions": "{% if s %}" * 300 + "{% endif %}" * 300,
    "deep loops": "{% for a in 'b' %}" * 25 + "{% endfor %}" * 25,
    "many digits": "{{ " + "9" * 60_000 + " }}",
    "deep attributes": "{{ context" + ".captions" * 6_000 + " }}",
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


@pytest.mark.parametrize("bomb", list(BOMBS))
def test_a_bomb_is_one_line_soon_and_takes_no_memory(tmp_path, bomb):
    text = "{% set s = " + LETTERS + " %}" + BOMBS[bomb] + "{{ visual }}"
    if bomb == "itself extended":
        text = BOMBS[bomb] + "{{ visual }}"
    render(tmp_path, "{{ visual }}")
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    with pytest.raises(ValueError, match=r"video_caption\.jinja: ") as raised:
        render(tmp_path, text)
    assert time.monotonic() - start < 15, "a busy machine has its time"
    # In kilobytes; the peak of the process so far.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300 * 2**10
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 500


def test_a_template_that_is_no_text_or_no_file_is_one_line(tmp_path):
    (tmp_path / "video_caption.jinja").write_bytes(b"\xff\xfe\x00 {{ visual }}")
    with pytest.raises(ValueError, match=r"video_caption\.jinja: "):
        Prompts(tmp_path).render("video_caption")
    (tmp_path / "video_caption.jinja").unlink()
    (tmp_path / "video_caption.jinja").mkdir()
    with pytest.raises(FileNotFoundError, match="no prompt"):
        Prompts(tmp_path).render("video_caption")


def test_what_a_long_prompt_needs_is_within_the_budget(tmp_path):
    """All captions and relations of a crowd, ten times over."""
    context = SceneContext(("a man in a red shirt walks " * 8,) * 80, ("person 1: talk to person 2",) * 160)
    text = (
        "{% for caption in context.captions if caption != 'x' %}person {{ loop.index }} of {{ loop.length }}: "
        "{{ caption | trim | replace('man', 'person') }}{% if not loop.last %}; {% endif %}{% endfor %}"
        "{% for relation in context.relations | unique | sort %}{{ relation ~ '.' }}{% endfor %}"
        "{{ (context.captions | length + 1) * 2 }} {{ 2.25 | round(1) }} {{ missing | default('none') }} {{ visual }}"
    )
    (tmp_path / "video_caption.jinja").write_text(text, encoding="utf-8")
    said = Prompts(tmp_path).render("video_caption", context=context)
    assert said.startswith("person 1 of 80: a person in a red shirt walks")
    assert said.endswith("person 1: talk to person 2.162 2.2 none <visual>")
