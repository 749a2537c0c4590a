"""Single steps as text that numba compiles, to NumPy's results, NaN and infinity included.

What has no such text is computed by NumPy's own function on blocks of whole arrays. So are, for plain arrays, exponentials and the
like: a loop that calls the C library for each element would lose to NumPy's, and have other bits. For tagged arrays they are
the scalars of `kernels/elementary.py`, which numba compiles to vector instructions.
"""

from __future__ import annotations

import importlib
import operator
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import numpy as np

from xparray._cache import compile_module
from xparray._kernel import FASTMATH, _code_called, _declare, _scalars
from xparray._one_source.program import Constant, Operand, Step

# {0}, {1}, ... are names or literals of the dtype that the step computes in, T is that dtype.
_ALL = {
    "less": "{0} < {1}",
    "less_equal": "{0} <= {1}",
    "greater": "{0} > {1}",
    "greater_equal": "{0} >= {1}",
    "equal": "{0} == {1}",
    "not_equal": "{0} != {1}",
    "where": "{1} if {0} else {2}",
    "positive": "{0}",
    "zeros_like": "T(0)",
    "ones_like": "T(1)",
    "cast": "T({0})",
}
_NUMBERS = _ALL | {
    "add": "{0} + {1}",
    "subtract": "{0} - {1}",
    "multiply": "{0} * {1}",
    "negative": "-{0}",
    "absolute": "abs({0})",
    "square": "{0} * {0}",
}
_FLOATS = _NUMBERS | {
    "divide": "{0} / {1}",
    "reciprocal": "T(1) / {0}",
    "fabs": "abs({0})",
    "sqrt": "np.sqrt({0})",
    "floor": "np.floor({0})",
    "ceil": "np.ceil({0})",
    "trunc": "np.trunc({0})",
    "rint": "np.rint({0})",
    "sign": "T(1) if {0} > T(0) else (T(-1) if {0} < T(0) else (T(0) if {0} == T(0) else {0}))",
    "maximum": "{0} if ({0} >= {1}) | ({0} != {0}) else {1}",
    "minimum": "{0} if ({0} <= {1}) | ({0} != {0}) else {1}",
    "fmax": "{0} if ({0} >= {1}) | ({1} != {1}) else {1}",
    "fmin": "{0} if ({0} <= {1}) | ({1} != {1}) else {1}",
    "isnan": "{0} != {0}",
    "isinf": "abs({0}) == T(np.inf)",
    "isfinite": "abs({0}) < T(np.inf)",
}
_INTEGERS = _NUMBERS | {
    "floor": "{0}",
    "ceil": "{0}",
    "trunc": "{0}",
    "sign": "T(1) if {0} > T(0) else (T(0) if {0} == T(0) else T(-1))",
    "maximum": "{0} if {0} >= {1} else {1}",
    "minimum": "{0} if {0} <= {1} else {1}",
    "bitwise_and": "{0} & {1}",
    "bitwise_or": "{0} | {1}",
    "bitwise_xor": "{0} ^ {1}",
    "invert": "~{0}",
}
_TRUTHS = _ALL | {
    "add": "{0} | {1}",
    "multiply": "{0} & {1}",
    "maximum": "{0} | {1}",
    "minimum": "{0} & {1}",
    "bitwise_and": "{0} & {1}",
    "bitwise_or": "{0} | {1}",
    "bitwise_xor": "{0} ^ {1}",
    "invert": "not {0}",
    "logical_and": "{0} & {1}",
    "logical_or": "{0} | {1}",
    "logical_xor": "{0} ^ {1}",
    "logical_not": "not {0}",
}
_FORMS = {"f": _FLOATS, "i": _INTEGERS, "u": _INTEGERS, "b": _TRUTHS}
# Powers that products and quotients give to the last bit or two; for tagged arrays only, NumPy's own bits being another thing.
_POWERS = {
    2.0: "{0} * {0}",
    3.0: "{0} * {0} * {0}",
    4.0: "({0} * {0}) * ({0} * {0})",
    0.5: "np.sqrt({0})",
    -0.5: "T(1) / np.sqrt({0})",
    -1.0: "T(1) / {0}",
    -2.0: "T(1) / ({0} * {0})",
}
# The scalars that are not called what NumPy calls the function, or are not among the elementary ones: their modules and names.
_SCALARS_OF = {"special.erf": ("gaussian", "erf_of"), "special.expit": ("elementary", "sigmoid")}


def type_name(dtype: np.dtype[Any]) -> str:
    """How the text calls a dtype."""
    return f"np.{dtype.name}{'_' if dtype.kind == 'b' else ''}"


def text_of(operand: Operand) -> str:
    """An operand in a loop."""
    if isinstance(operand, Constant) and operand.literal is not None:
        literal = float(operand.literal) if operand.dtype.kind == "f" else operand.literal
        return f"{type_name(operand.dtype)}({literal!r})"
    return operand.name


def expression(step: Step, *, own: bool) -> str | None:
    """What a loop computes for a step; None where NumPy has to.

    Args:
        step: any but a load.
        own: whether elementary functions are xparray's own scalars.
    """
    dtype = step.operands[-1].dtype
    form = _FORMS[dtype.kind].get(step.function)
    if form is None and own and dtype.kind == "f":
        form = _own_form(step)
    if form is None:
        return None
    text = form.replace("T(", f"{type_name(step.result.dtype if step.function == 'cast' else dtype)}(")
    text = text.format(*map(text_of, step.operands))
    if step.result.dtype.kind in "iu" and step.function != "where":
        return (
            f"{type_name(step.result.dtype)}({text})"  # numba computes with small integers in 64 bits, NumPy in theirs
        )
    return text


def _own_form(step: Step) -> str | None:
    if step.function in ("power", "**"):
        exponent = step.operands[1]
        literal = exponent.literal if isinstance(exponent, Constant) else None
        return None if literal is None else _POWERS.get(float(literal))
    found = _scalar_of(step)
    return None if found is None else f"{found[1]}({{0}})"


def _scalar_of(step: Step) -> tuple[str, str] | None:
    """The module and the name of xparray's scalar for a step, if there is one for its dtype."""
    module, name = _SCALARS_OF.get(step.function, ("elementary", step.function))
    versions = _versions(module, name)
    return (module, name) if len(step.operands) == 1 and step.operands[0].dtype.name in versions else None


def _versions(module: str, name: str) -> dict[str, Callable[..., Any]]:
    """The versions of a scalar by dtype."""
    scalar = getattr(importlib.import_module(f"xparray.kernels.{module}"), name, None)
    return _scalars.get(scalar, {}) if callable(scalar) else {}


def _imports(steps: Iterable[Step]) -> str:
    """The imports of the scalars that steps use, and a number that changes with their code, as the text of a module does with its."""
    found = {_scalar_of(step) for step in steps if step.operands and step.function not in _FLOATS}
    text = ""
    for module, name in sorted(pair for pair in found if pair is not None):
        code = b"".join(
            f.__code__.co_code + repr((f.__code__.co_names, f.__code__.co_consts)).encode() + _code_called(f)
            for f in _versions(module, name).values()
        )
        text += f"from xparray.kernels.{module} import {name}  # {zlib.crc32(code):08x}\n"
    return text


def compile_text(
    name: str,
    text: str,
    signatures: Mapping[str, Any],
    steps: Iterable[Step],
    *,
    own: bool,
    called: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The names of a module of loops for `steps`, compiled: see `compile_module`.

    Around xparray's scalars, as within them, a product and a sum may be contracted to one operation.
    """
    _declare()  # the scalars, to numba
    imports = _imports(steps) if own else ""
    begin = f'"""Loops of `{name}`, written by xparray."""\n\nimport numpy as np\n{imports}'
    fastmath: Any = FASTMATH if imports else False
    name = name if name.isidentifier() and name.isascii() else "elementwise"
    options = {"nogil": True, "error_model": "numpy", "fastmath": fastmath}
    return compile_module(name, begin + text, signatures, called, **options)


def numpy_function(step: Step) -> Callable[..., Any]:
    """What computes a step for whole arrays."""
    if step.function == "**":
        return operator.pow
    owner: Any = np
    if step.function.startswith("special."):
        import xparray.special as owner
    function: Callable[..., Any] = getattr(owner, step.function.removeprefix("special."))
    return function
