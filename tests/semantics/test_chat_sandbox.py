"""Chat templates: what models' own ones do works as in the transformers library; what takes too long is one line soon."""

import resource
import time

import pytest
from test_prompt_sandbox import BOMBS, LETTERS
from tiny import tiny_tokenizer
from transformers.utils.chat_template_utils import render_jinja_template

from smot_vlm.semantics.chat_sandbox import render_chat
from smot_vlm.semantics.tokenizers import chat_text

PARTS = [{"type": "image"}, {"type": "text", "text": "What is it?"}]
# What templates of well-known models do, each in a few words.
HABITS = {
    "roles alternate": "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('roles must alternate') }}{% endif %}{{ bos_token + m.content | string + eos_token }}{% endfor %}",
    "refused": "{{ raise_exception('Only user and assistant roles are supported!') }}",
    "slices": "{% set rest = messages[1:] %}{{ rest | length }}{{ messages[::-1][0].role }}{{ messages[-1]['role'] }}",
    "namespace": "{% set ns = namespace(count=0, last='') %}{% for m in messages %}{% for part in m.content %}"
    "{% set ns.count = ns.count + 1 %}{% set ns.last = part %}{% endfor %}{% endfor %}{{ ns.count }}{{ ns.last }}",
    "macro": "{% macro show(part, mark='<image>') -%} {% if part is string %}{{ part }}{% elif part.type == 'image' %}{{ mark }}"
    "{% else %}{{ part.text }}{% endif %}{%- endmacro %}{% for p in messages[0].content %}{{ show(p) }}{% endfor %}",
    "caller": "{% macro box() %}[{{ caller() }}]{% endmacro %}{% call box() %}{{ bos_token }}{% endcall %}",
    "methods": "{% set t = '</think> a, b ' %}{{ t.split('</think>')[-1].lstrip('\n').upper().replace('A', 'x', 1) }}"
    "{{ t.strip().startswith('<') }}{{ ', '.join(['x', 'y']) }}{{ messages[0].get('name', 'nobody') }}"
    "{% for key, value in messages[0].items() %}{{ key }}{% endfor %}",
    "filters": "{{ messages | map(attribute='role') | join(', ') }}{{ messages | selectattr('role', 'equalto', 'user') | list "
    "| length }}{{ {'b': [1, 2.5, none], 'a': 'ü\"<'} | tojson(indent=4) }}{{ messages[0] | tojson }}"
    "{{ 'a\nb' | indent(2) | trim }}{{ {'b': 1, 'a': 2} | dictsort }}",
    "tests": "{{ tools is defined and tools is not none }}{{ messages is iterable and messages is not mapping }}"
    "{{ nothing is undefined }}{{ nothing }}{{ (nothing or 'x') ~ 1 }}",
    "tools": "{% if tools %}tools{% endif %}{% if not enable_thinking %}<think>\n\n</think>{% endif %}",
    "loop controls": "{% for m in messages[0].content %}{% if loop.index == 2 %}{% break %}{% endif %}{{ loop.index }}{% endfor %}",
    "generation": "{% for m in messages %}{% generation %}{{ m.role }}{% endgeneration %}{% endfor %}",
    "blocks": "{% set text | trim %}  {{ messages[0].role }} {% endset %}({{ text }}){% filter upper %}a{% endfilter %}",
    "white space": "  {% if true %}\n  a\n  {% endif %}\n\n{%- if add_generation_prompt -%}  b{% endif %}\n",
    "a ruler": "{{ '=' * 20 }}{{ '%d' }}{{ 7 // 2 }}{{ 2.25 | round(1) }}",
}


@pytest.mark.parametrize("content", ["What is it?", PARTS], ids=["text", "parts"])
@pytest.mark.parametrize("habit", list(HABITS))
def test_habits_of_templates_work_as_in_the_transformers_library(habit, content):
    messages = [{"role": "user", "content": content}]
    values = {"bos_token": "<s>", "eos_token": "</s>", "enable_thinking": False}

    def result(render):
        try:
            return render()
        except Exception as error:
            return type(error).__name__, str(error)

    theirs = result(
        lambda: render_jinja_template([messages], chat_template=HABITS[habit], add_generation_prompt=True, **values)[0][
            0
        ]
    )
    assert result(lambda: render_chat(HABITS[habit], messages, **values)) == theirs


# Of the bombs of prompts, one holds nothing that a chat template may not do.
CHAT_BOMBS = {name: text for name, text in BOMBS.items() if name not in ("called blocks", "blocks")} | {
    "ranges": "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "macros that call each other": "{% macro a0() %}{% endmacro %}"
    + "".join(f"{{% macro a{n} () %}}{{{{ a{n - 1}() }}}}{{{{ a{n - 1}() }}}}{{% endmacro %}}" for n in range(1, 40))
    + "{{ a39() }}",
    "an endless macro": "{% macro again() %}{{ again() }}{{ again() }}{% endmacro %}{{ again() }}",
    "texts of blocks": "{% set t = s %}" + "{% set t %}{{ t }}{{ t }}{% endset %}" * 40,
    "lists of lists, compared": "{% set l = [1] %}" + "{% set l = [l, l] %}" * 60 + "{{ l == l + [] }}",
    "tuples as keys": "{% set l = (1,) %}" + "{% set l = (l, l) %}" * 60 + "{% set d = {l: 1} %}",
    "tuples looked up": "{% set l = (1,) %}" + "{% set l = (l, l) %}" * 60 + "{{ {}[l] }}",
    "tuples got": "{% set l = (1,) %}" + "{% set l = (l, l) %}" * 60 + "{{ {}.get(l) }}",
    "as JSON": "{% set l = [1] %}" + "{% set l = [l, l] %}" * 60 + "{{ l | tojson }}",
    "wide JSON": "{{ [1, [2]] | tojson(indent=999999999) }}",
    "JSON with wide gaps": "{% set t = (s * 60) %}{{ (range(9999) | list) | tojson(separators=(t, t)) }}",
    "wide indent": "{{ s | indent(999999999) }}",
    "namespaces of namespaces": "{% set n = namespace(a=1) %}" + "{% set n = namespace(a=n, b=n) %}" * 60 + "{{ n }}",
    "namespaces in lists": "{% set n = namespace(a=1) %}" + "{% set n = namespace(a=[n, n]) %}" * 60 + "{{ [n] }}",
    "replaced by a method": "{% set t = s %}" + "{% set t = t.replace('a', t) %}" * 9,
    "joined by a method": "{% set t = s %}" + "{% set t = t.join(t) %}" * 9,
    "formatted": "{{ '{:999999999}'.format(1) }}",
    "centred": "{{ 'x'.center(999999999) }}",
    "stripped by many": "{% for a in s %}{% for b in s %}{{ s.strip(s) }}{% endfor %}{% endfor %}",
    "searched by tests": "{% set l = range(60000) | list %}{{ l | select('in', l) | list | length }}",
    "mapped": "{% set l = [s * 60] * 60000 %}{{ l | map('upper') | list | length }}",
    "a recursive loop": "{% for a in [1] recursive %}{{ loop([1, 1]) }}{% endfor %}",
    "a wide date": "{{ strftime_now('%999999999d') }}",
}


@pytest.mark.parametrize("bomb", list(CHAT_BOMBS))
def test_a_bomb_is_one_line_soon_and_takes_no_memory(bomb):
    tokenizer = tiny_tokenizer()
    chat_text(tokenizer, "warm")
    tokenizer.chat_template = "{% set s = " + LETTERS + " %}" + CHAT_BOMBS[bomb]
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    with pytest.raises(ValueError, match="its chat template is broken") as raised:
        chat_text(tokenizer, "Who is it?")
    assert time.monotonic() - start < 15, "a busy machine has its time"
    # In kilobytes; the peak of the process so far.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300 * 2**10
    assert "\n" not in str(raised.value)


TRAPS = {
    "globals": "{{ namespace.__init__.__globals__ }}",
    "globals by macro": "{% macro f() %}{% endmacro %}{{ f.__init__.__globals__.os.system('true') }}",
    "subclasses": "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "attr filter": "{{ messages | attr('__class__') }}",
    "map to a method": "{{ ['{0.__class__}'] | map('format', messages) | list }}",
    "mutation": "{{ messages.append(1) }}",
    "include": "{% include '/etc/hostname' %}",
    "a class of its own": "{{ dict.fromkeys('ab') }}",
    "cycler": "{{ cycler.__init__.__globals__.os.system('true') }}",
}


@pytest.mark.parametrize("trap", list(TRAPS))
def test_a_trap_is_one_line(trap):
    tokenizer = tiny_tokenizer()
    tokenizer.chat_template = TRAPS[trap]
    with pytest.raises(ValueError, match="its chat template is broken") as raised:
        chat_text(tokenizer, "Who is it?")
    assert "\n" not in str(raised.value)


def test_each_rendering_has_the_whole_budget():
    """A template that one rendering can afford is afforded a thousand times."""
    template = "{% for a in range(40) %}{{ messages[0].content }}{% endfor %}"
    messages = [{"role": "user", "content": "x" * 1000}]
    assert {len(render_chat(template, messages)) for _ in range(1000)} == {40_000}
