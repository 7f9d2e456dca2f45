"""Where prompt templates are rendered: they come with models that strangers made, so they compute text and reach nothing else.

Beyond Jinja's own sandbox (no private attributes, nothing that changes a value) a template consists of values, conditions,
loops and a few filters, without calls and globals, and what it computes is bounded, see prompt_budget.py. The templates of
chats may do more, within the same bounds, see chat_sandbox.py.
"""

from collections.abc import Iterator
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


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """Templates that consist of NODES, use FILTERS and TESTS, call nothing and have a budget.

    Args:
        budget: of one rendering at a time.
        **options: of Jinja's environment.
    """

    intercepted_binops = frozenset({"*", "**", "%", "+"})

    def __init__(self, budget: Budget, **options: Any) -> None:
        super().__init__(trim_blocks=True, optimized=False, finalize=budget.written, **options)
        self.budget = budget
        self.globals.clear()
        self.filters = {name: self.filters[name] for name in FILTERS}
        self.filters |= {"join": budget.join, "replace": budget.replace, "round": rounded, "trim": trimmed}
        self.filters |= {PAID: budget.paid, WALKED: budget.walked}
        self.tests = {name: self.tests[name] for name in TESTS}

    def check(self, template: nodes.Template) -> None:
        """Refuse a template for what it is made of.

        Args:
            template: as parsed.

        Raises:
            SecurityError: other nodes, or too many within each other.
        """
        for node in checked_nodes(template, NODES, DEEPEST):
            # Lists of lists of lists could be made.
            is_list = isinstance(node, nodes.List) or (isinstance(node, nodes.Tuple) and node.ctx == "load")
            if is_list and not all(isinstance(child, nodes.Const) for child in node.iter_child_nodes()):
                raise SecurityError(f"line {node.lineno}: a list in a prompt holds texts and numbers alone")

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Nothing of texts, numbers, lists and dictionaries.

        Args:
            obj: whose attribute is asked for.
            attr: its name.
            value: its value.

        Returns:
            Whether a template may have it.
        """
        return not isinstance(obj, BUILTINS) and super().is_safe_attribute(obj, attr, value)

    def is_safe_callable(self, obj: Any) -> bool:  # noqa: ARG002
        """Nothing.

        Args:
            obj: that a template calls.

        Returns:
            Whether it may.
        """
        return False

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Compute what the budget allows.

        Args:
            context: of the template.
            operator: such as "+".
            left: operand.
            right: operand.

        Returns:
            The result.

        Raises:
            SecurityError: it would be too much.
        """
        if operator == "**":
            raise SecurityError("** is not allowed")
        inherited = super().call_binop
        return self.budget.binary(operator, left, right, lambda: inherited(context, operator, left, right))

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        template = super()._parse(source, name, filename)
        self.check(template)
        paying: nodes.Template = _Paying().visit(template)
        return paying


class _Paying(NodeTransformer):
    """Rewrites a template so that its loops, and what goes into and out of filters, are paid for."""

    def visit_For(self, node: nodes.For) -> nodes.For:
        steps = steps_of(node)
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

    def visit_Pair(self, node: nodes.Pair) -> nodes.Pair:
        self.generic_visit(node)
        node.key = _paid(node.key)
        return node

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Getitem:
        self.generic_visit(node)
        if not isinstance(node.arg, nodes.Const | nodes.Slice):
            node.arg = _paid(node.arg)
        return node

    def _pay_for_inputs(self, node: Any) -> None:
        self.generic_visit(node)
        # A filter of a whole block has no value of its own.
        node.node = node.node and _paid(node.node)
        node.args = [_paid(argument) for argument in node.args]
        for keyword in node.kwargs:
            keyword.value = _paid(keyword.value)


def _paid(node: Any) -> nodes.Filter:
    return nodes.Filter(node, PAID, [], [], None, None, lineno=node.lineno)


def steps_of(node: nodes.Node) -> int:
    """What one pass through a part of a template costs, without its loops.

    Args:
        node: the part.

    Returns:
        Its nodes and the letters between them.
    """
    return sum(1 + len(getattr(part, "data", "")) for part in node.find_all(nodes.Node))


def checked_nodes(
    template: nodes.Template, allowed: tuple[type[nodes.Node], ...], deepest: int
) -> Iterator[nodes.Node]:
    """All nodes of a template.

    Args:
        template: as parsed.
        allowed: kinds of nodes.
        deepest: how many may lie within each other.

    Yields:
        Each node.

    Raises:
        SecurityError: a node of another kind, or one that lies too deep.
    """
    waiting: list[tuple[nodes.Node, int]] = [(template, 1)]
    while waiting:
        node, depth = waiting.pop()
        if not isinstance(node, allowed):
            raise SecurityError(f"line {node.lineno}: {type(node).__name__.lower()} is not allowed in a template")
        if depth > deepest:
            raise SecurityError(f"line {node.lineno}: nested too deeply")
        yield node
        waiting += [(child, depth + 1) for child in node.iter_child_nodes()]


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
    return BoundedEnvironment(Budget(), loader=_CheckedLoader(folder), undefined=StrictUndefined)
