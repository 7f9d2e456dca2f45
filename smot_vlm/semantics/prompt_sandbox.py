"""Where prompt templates are rendered: they come with models that strangers made, so they compute text and reach nothing else.

Beyond Jinja's own sandbox (no private attributes, nothing that changes a value) a template consists of values, conditions,
loops and a few filters, without calls and globals, and what it computes is bounded, see prompt_budget.py.
"""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from smot_vlm.semantics.prompt_budget import Budget, rounded, trimmed

FILTERS = ("capitalize", "default", "e", "escape", "first", "last", "length", "list", "lower", "reverse", "sort",
"string", "title", "truncate", "unique", "upper")  # fmt: skip
TESTS = ("defined", "divisibleby", "eq", "even", "false", "ge", "gt", "in", "le", "lt", "ne", "none", "odd", "string",
"true", "undefined", "==", "!=", "<", "<=", ">", ">=")  # fmt: skip
# What a template is made of. Macros, blocks of text and inclusion are not needed for a prompt and could multiply.
NODES = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.For, nodes.If, nodes.Assign, nodes.Name, nodes.Const,
nodes.Tuple, nodes.List, nodes.CondExpr, nodes.Filter, nodes.Test, nodes.Compare, nodes.Operand, nodes.BinExpr,
nodes.UnaryExpr, nodes.Concat, nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.Keyword)  # fmt: skip
BUILTINS = (str, bytes, int, float, complex, tuple, list, dict, set, frozenset, type)
# Jinja and Python compile by recursion.
DEEPEST = 60
LONGEST_TEMPLATE = 65_536
# Names of filters that only `_Paying` puts into a template.
PAID, WALKED = "paid value", "walked values"


class _PromptEnvironment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset({"*", "**", "%", "+"})

    def __init__(self, folder: Path, budget: Budget) -> None:
        super().__init__(
            loader=_CheckedLoader(folder),
            undefined=StrictUndefined,
            trim_blocks=True,
            optimized=False,
            finalize=budget.written,
        )
        self.budget = budget
        self.globals.clear()
        self.filters = {name: self.filters[name] for name in FILTERS}
        self.filters |= {"join": budget.join, "replace": budget.replace, "round": rounded, "trim": trimmed}
        self.filters |= {PAID: budget.paid, WALKED: budget.walked}
        self.tests = {name: self.tests[name] for name in TESTS}

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return not isinstance(obj, BUILTINS) and super().is_safe_attribute(obj, attr, value)

    def is_safe_callable(self, obj: Any) -> bool:  # noqa: ARG002
        return False

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**":
            raise SecurityError("** is not allowed")
        inherited = super().call_binop
        return self.budget.binary(operator, left, right, lambda: inherited(context, operator, left, right))

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        template = super()._parse(source, name, filename)
        _check_nodes(template)
        paying: nodes.Template = _Paying().visit(template)
        return paying


class _Paying(NodeTransformer):
    """Rewrites a template so that its loops, and what goes into and out of filters, are paid for."""

    def visit_For(self, node: nodes.For) -> nodes.For:
        steps = sum(1 + len(getattr(part, "data", "")) for part in node.find_all(nodes.Node))
        self.generic_visit(node)
        node.iter = nodes.Filter(node.iter, WALKED, [nodes.Const(steps)], [], None, None, lineno=node.lineno)
        return node

    def visit_Filter(self, node: nodes.Filter) -> nodes.Filter:
        self._pay_for_inputs(node)
        return _paid(node)

    def visit_Test(self, node: nodes.Test) -> nodes.Test:
        self._pay_for_inputs(node)
        return node

    def visit_Compare(self, node: nodes.Compare) -> nodes.Compare:
        self.generic_visit(node)
        node.expr = _paid(node.expr)
        for operand in node.ops:
            operand.expr = _paid(operand.expr)
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Filter:
        self.generic_visit(node)
        parts = nodes.List(node.nodes, lineno=node.lineno)
        return nodes.Filter(parts, "join", [], [], None, None, lineno=node.lineno)

    def _pay_for_inputs(self, node: Any) -> None:
        self.generic_visit(node)
        node.node = _paid(node.node)
        node.args = [_paid(argument) for argument in node.args]
        for keyword in node.kwargs:
            keyword.value = _paid(keyword.value)


def _paid(node: Any) -> nodes.Filter:
    return nodes.Filter(node, PAID, [], [], None, None, lineno=node.lineno)


def _check_nodes(template: nodes.Template) -> None:
    """Only NODES, not too deep; lists hold constants alone, or lists of lists of lists could be made."""
    waiting: list[tuple[nodes.Node, int]] = [(template, 1)]
    while waiting:
        node, depth = waiting.pop()
        if not isinstance(node, NODES):
            raise SecurityError(f"line {node.lineno}: {type(node).__name__.lower()} is not allowed in a prompt")
        if depth > DEEPEST:
            raise SecurityError(f"line {node.lineno}: nested too deeply")
        children = list(node.iter_child_nodes())
        is_list = isinstance(node, nodes.List) or (isinstance(node, nodes.Tuple) and node.ctx == "load")
        if is_list and not all(isinstance(child, nodes.Const) for child in children):
            raise SecurityError(f"line {node.lineno}: a list in a prompt holds texts and numbers alone")
        waiting += [(child, depth + 1) for child in children]


class _CheckedLoader(FileSystemLoader):
    def get_source(self, environment: Environment, template: str) -> Any:
        path = Path(self.searchpath[0]) / template
        size = path.stat().st_size if path.is_file() else 0
        if size > LONGEST_TEMPLATE:
            raise SecurityError(f"{size} bytes; a template has at most {LONGEST_TEMPLATE}")
        return super().get_source(environment, template)


def prompt_environment(folder: Path) -> Environment:
    """The environment in which one template of a folder is rendered once.

    Args:
        folder: with *.jinja files.

    Returns:
        An environment that raises jinja2.TemplateError for what a prompt may not do.
    """
    return _PromptEnvironment(folder, Budget())
