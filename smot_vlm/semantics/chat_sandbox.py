"""Where a language model's chat template is rendered: it comes with the model, from strangers, and may take no longer than it needs.

Chat templates are programs: macros, namespaces, methods of texts and dictionaries. Beyond the sandbox in which the
transformers library renders them, what they compute is bounded as that of prompts is, see prompt_budget.py.
"""

import json
import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache, wraps
from threading import Lock
from typing import Any, cast

from jinja2 import Template, TemplateError, nodes
from jinja2.exceptions import SecurityError
from jinja2.ext import Extension, loopcontrols
from jinja2.filters import FILTERS as ALL_FILTERS
from jinja2.filters import do_indent
from jinja2.parser import Parser
from jinja2.runtime import LoopContext, Macro
from jinja2.sandbox import safe_range
from jinja2.tests import TESTS as ALL_TESTS
from jinja2.utils import Namespace

from smot_vlm.semantics.prompt_budget import NestedBudget, rounded
from smot_vlm.semantics.prompt_sandbox import (
    FILTERS,
    LONGEST_TEMPLATE,
    NODES,
    PAID,
    TESTS,
    WALKED,
    BoundedEnvironment,
    checked_nodes,
    steps_of,
)

CHAT_NODES = (*NODES, nodes.AssignBlock, nodes.Break, nodes.Call, nodes.CallBlock, nodes.Continue, nodes.Dict, nodes.FilterBlock, nodes.Macro,
nodes.NSRef, nodes.Pair, nodes.Scope, nodes.With)  # fmt: skip
CHAT_FILTERS = (*FILTERS, "abs", "count", "d", "dictsort", "float", "int", "items", "map", "max", "min", "reject",
"rejectattr", "safe", "select", "selectattr", "wordcount")  # fmt: skip
CHAT_TESTS = (*TESTS, "boolean", "callable", "equalto", "float", "greaterthan", "integer", "iterable", "lessthan", "lower",
"mapping", "number", "sameas", "sequence", "upper")  # fmt: skip
# Methods whose result is no larger than what is given, but for `join` and `replace`.
TEXT_METHODS = ("capitalize", "casefold", "count", "endswith", "find", "index", "isalnum", "isalpha", "isascii",
"isdecimal", "isdigit", "islower", "isnumeric", "isspace", "istitle", "isupper", "join", "lower", "lstrip",
"partition", "removeprefix", "removesuffix", "replace", "rfind", "rindex", "rpartition", "rsplit", "rstrip",
"split", "splitlines", "startswith", "strip", "swapcase", "title", "upper")  # fmt: skip
METHODS: dict[type, set[str]] = {
    str: set(TEXT_METHODS),
    dict: {"copy", "get", "items", "keys", "values"},
    list: {"copy", "count", "index"},
    tuple: {"count", "index"},
    LoopContext: {"changed", "cycle"},
}
_STRIPPING = frozenset({"strip", "lstrip", "rstrip"})
DEEPEST = 120
WIDEST_INDENT = 16
# Letters that are stripped, or that stand between the parts of JSON.
MOST_LETTERS = 64
_MOST_INDENTED = 5_000
# A call takes as long as so many other parts of a template.
_CALL_STEPS = 20
_DATE_FORMAT = re.compile(r"(?:[^%]|%[-#]?[A-Za-z%]){0,100}")


class _ChatEnvironment(BoundedEnvironment):
    def __init__(self) -> None:
        budget = NestedBudget()
        super().__init__(budget, lstrip_blocks=True, extensions=[_Generation, loopcontrols])
        self._macro_steps = 0
        self.globals.update(
            range=safe_range, namespace=Namespace, dict=dict, raise_exception=_refuse, strftime_now=_formatted_now
        )
        filters: dict[str, Callable[..., Any]] = {name: ALL_FILTERS[name] for name in CHAT_FILTERS}
        filters |= {"indent": _indented, "join": budget.join, "replace": budget.replace, "round": rounded}
        filters |= {"tojson": self._to_json, "trim": _trimmed}
        self.filters = {name: self._priced(function) for name, function in filters.items()}
        self.filters |= {PAID: budget.paid, WALKED: budget.walked}
        self.tests = {name: self._priced(cast("Callable[..., Any]", ALL_TESTS[name])) for name in CHAT_TESTS}

    def check(self, template: nodes.Template) -> None:
        """Refuse a template for what it is made of, and note what its macros cost."""
        for node in checked_nodes(template, CHAT_NODES, DEEPEST):
            if isinstance(node, nodes.For) and node.recursive:
                raise SecurityError(f"line {node.lineno}: recursive loops are not allowed")
            if isinstance(node, nodes.Macro | nodes.CallBlock):
                self._macro_steps = max(self._macro_steps, steps_of(node))

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return attr in METHODS.get(type(obj), ()) or super().is_safe_attribute(obj, attr, value)

    def is_safe_callable(self, obj: Any) -> bool:
        if isinstance(obj, Macro):
            return True
        if any(obj is each for each in self.globals.values()):
            return True
        return getattr(obj, "__name__", "") in METHODS.get(type(getattr(obj, "__self__", None)), ())

    def call(self, context: Any, obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Call what may be called; what goes in and out is paid for."""
        budget = self.budget
        budget.spend(_CALL_STEPS + (self._macro_steps if isinstance(obj, Macro) else 0))
        given = [budget.paid(value) for value in args]
        for value in kwargs.values():
            budget.paid(value)
        owner, name = getattr(obj, "__self__", None), getattr(obj, "__name__", "")
        if isinstance(owner, str | list | tuple | dict):
            budget.paid(owner)
        if isinstance(owner, str):
            if name == "join":
                return budget.join(given[0], owner)
            if name == "replace" and len(given) > 1:
                budget.replace(owner, *given[:2])
            if name in _STRIPPING:
                _check_letters(*given)
        result = super().call(context, obj, *given, **kwargs)
        return result if isinstance(result, Namespace) else budget.paid(result)

    def _priced(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, with what goes in and out paid for: filters such as `map` call others as often as they like."""
        budget = self.budget

        @wraps(function)
        def priced(*args: Any, **kwargs: Any) -> Any:
            for value in (*args, *kwargs.values()):
                budget.spend(1, budget.size(value))
            return budget.paid(function(*args, **kwargs))

        return priced

    def _to_json(
        self,
        value: Any,
        ensure_ascii: bool = False,
        indent: int | None = None,
        separators: tuple[str, str] | None = None,
        sort_keys: bool = False,
    ) -> str:
        """JSON as the transformers library writes it, without HTML's escapes."""
        _check_letters(*(separators or ()))
        if indent is not None and (_checked_width(indent) and self.budget.size(value) > _MOST_INDENTED):
            raise SecurityError("too much for indented JSON")
        return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


class _Generation(Extension):
    """`{% generation %}` marks what the assistant says, for training; here it is what stands in it."""

    tags = {"generation"}  # noqa: RUF012

    def parse(self, parser: Parser) -> nodes.Node:
        line = next(parser.stream).lineno
        return nodes.Scope(parser.parse_statements(("name:endgeneration",), drop_needle=True), lineno=line)


def _refuse(message: object) -> None:
    raise TemplateError(str(message))


def _formatted_now(format: str) -> str:  # noqa: A002
    if not _DATE_FORMAT.fullmatch(format):
        raise SecurityError("strftime_now takes a short format without widths")
    return datetime.now().strftime(format)


def _trimmed(value: Any, chars: str | None = None) -> str:
    if chars is not None:
        _check_letters(chars)
    return str(value).strip(chars)


def _indented(text: str, width: int = 4, first: bool = False, blank: bool = False) -> str:
    return do_indent(text, _checked_width(width), first, blank)


def _checked_width(width: Any) -> int:
    if not isinstance(width, int) or not 0 <= width <= WIDEST_INDENT:
        raise SecurityError(f"an indent takes 0 to {WIDEST_INDENT} spaces")
    return width


def _check_letters(*texts: Any) -> None:
    if any(isinstance(text, str) and len(text) > MOST_LETTERS for text in texts):
        raise SecurityError(f"at most {MOST_LETTERS} letters can be stripped or stand between the parts of JSON")


_rendering = Lock()


def render_chat(template: str, messages: list[dict[str, Any]], **values: Any) -> str:
    """Render a chat template up to where the assistant's answer starts.

    Args:
        template: its text.
        messages: of the chat, each with role and content.
        **values: others that it may use, such as the special tokens.

    Returns:
        The text of the chat.

    Raises:
        jinja2.TemplateError: it is broken, or does what a chat template may not do; and whatever else a template may
            raise that computes with values of the wrong kind.
    """
    if len(template) > LONGEST_TEMPLATE:
        raise SecurityError(f"{len(template)} letters; a template has at most {LONGEST_TEMPLATE}")
    with _rendering:
        environment, compiled = _compiled(template)
        environment.budget.renew()
        return compiled.render(messages=messages, tools=None, documents=None, add_generation_prompt=True, **values)


@lru_cache(maxsize=8)
def _compiled(template: str) -> tuple[_ChatEnvironment, Template]:
    environment = _ChatEnvironment()
    return environment, environment.from_string(template)
