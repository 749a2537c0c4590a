"""From a Python function to the syntax tree of its text."""

from __future__ import annotations

import ast
import inspect
from types import CodeType, FunctionType
from typing import Any

from xparray._one_source.program import CannotTranslate


def definition(function: FunctionType) -> ast.FunctionDef:
    """The syntax tree of a function, numbered by the lines of its file; a lambda's as that of a function that returns its value.

    Raises:
        CannotTranslate: the text is not at hand, or is not that of the running code.
    """
    name, code = function.__name__, function.__code__
    try:
        text = "".join(inspect.findsource(function)[0])
        tree = ast.parse(text)
        codes = [compile(tree, "<text>", "exec", dont_inherit=True)]
    except (OSError, TypeError, SyntaxError):
        raise CannotTranslate(f"{name}: its source text is not at hand; write it as a def in a file") from None
    for c in codes:  # grows on the way
        codes += [inner for inner in c.co_consts if isinstance(inner, CodeType)]
    # A file that was changed after its import shows another text than that of the running code.
    if not any(_identity(c) == _identity(code) for c in codes):
        raise CannotTranslate(f"{name}: its source text is not that of the running code; was the file changed?")
    if code.co_name == "<lambda>":
        return _lambda(tree, code)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if first == code.co_firstlineno:
                return node
    raise CannotTranslate(f"{name}: it is no plain function; write it as a def")


def _lambda(tree: ast.Module, code: CodeType) -> ast.FunctionDef:
    """The function for the innermost lambda of the text in which all instructions of `code` lie: one line may have several."""
    begins = [(line, column) for line, _, column, end in code.co_positions() if line and end]
    ends = [(line, end) for _, line, _, end in code.co_positions() if line and end]
    names = code.co_varnames[: code.co_argcount]
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Lambda)
        and begins
        and (node.lineno, node.col_offset) <= min(begins)
        and max(ends) <= (node.end_lineno, node.end_col_offset)
        and tuple(a.arg for a in (*node.args.posonlyargs, *node.args.args)) == names
    ]
    if not found:
        raise CannotTranslate("<lambda>: the text does not show which of its lambdas it is; write it as a def")
    node = max(found, key=lambda node: (node.lineno, node.col_offset))
    value = ast.copy_location(ast.Return(node.body), node.body)
    return ast.copy_location(ast.FunctionDef("<lambda>", node.args, [value], []), node)


def _identity(code: CodeType) -> tuple[Any, ...]:
    constants = [c for c in code.co_consts if not isinstance(c, CodeType)]
    return (
        code.co_name,
        code.co_firstlineno,
        code.co_code,
        code.co_names,
        code.co_varnames,
        code.co_freevars,
        repr(constants),
    )
