"""Where prompt templates are rendered: they come with models that strangers made, so they compute text and reach nothing else.

Beyond Jinja's own sandbox (no private attributes, nothing that changes a value), names of Python's built-in types are out of
reach, as are globals, calls, powers and repeated text: a prompt needs values, conditions and loops.
"""

from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

FILTERS = ("capitalize", "default", "e", "escape", "first", "join", "last", "length", "list", "lower", "replace",
"reverse", "round", "sort", "string", "title", "trim", "truncate", "unique", "upper")  # fmt: skip
TESTS = ("defined", "divisibleby", "eq", "even", "false", "ge", "gt", "in", "le", "lt", "ne", "none", "odd", "string",
"true", "undefined", "==", "!=", "<", "<=", ">", ">=")  # fmt: skip
BUILTINS = (str, bytes, int, float, complex, tuple, list, dict, set, frozenset, type)
LONGEST_TEMPLATE = 65_536


class _PromptEnvironment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"*", "**", "%"})

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return not isinstance(obj, BUILTINS) and super().is_safe_attribute(obj, attr, value)

    def is_safe_callable(self, obj: Any) -> bool:  # noqa: ARG002
        return False

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" or not all(isinstance(value, int | float) for value in (left, right)):
            raise SecurityError(f"{operator} takes two numbers, and ** is not allowed")
        return super().call_binop(context, operator, left, right)


class _CheckedLoader(FileSystemLoader):
    def get_source(self, environment: Environment, template: str) -> Any:
        source, path, current = super().get_source(environment, template)
        if len(source) > LONGEST_TEMPLATE:
            raise SecurityError(f"{len(source)} characters; a template has at most {LONGEST_TEMPLATE}")
        return source, path, current


def prompt_environment(folder: Any) -> Environment:
    """The environment in which the templates of a folder are rendered.

    Args:
        folder: with *.jinja files.

    Returns:
        An environment that raises jinja2.TemplateError for what a prompt may not do.
    """
    environment = _PromptEnvironment(loader=_CheckedLoader(folder), undefined=StrictUndefined, trim_blocks=True)
    environment.globals.clear()
    environment.filters = {name: environment.filters[name] for name in FILTERS}
    environment.tests = {name: environment.tests[name] for name in TESTS}
    return environment
