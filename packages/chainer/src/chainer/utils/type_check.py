"""What a function asks of its inputs, written as comparisons: `type_check.expect(x_type.ndim == 2, x_type.dtype.kind == "f")`.

`check_type_forward` is given the inputs' shapes and dtypes as they are; where `expect` finds a comparison that does not hold, it is called
once more with expressions, so that the error shows which.
"""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from xparray import Array

__all__ = [
    "Call",
    "Constant",
    "Expr",
    "GetAttr",
    "GetItem",
    "InvalidType",
    "LightTypeInfoTuple",
    "Operator",
    "Testable",
    "TypeInfo",
    "TypeInfoTuple",
    "Variable",
    "eval",
    "expect",
    "expect_broadcast_shapes",
    "get_function_check_context",
    "get_light_types",
    "get_types",
    "in_light_mode",
    "light_mode",
    "make_variable",
    "prod",
    "same_types",
]

# Chainer tells here which of the two calls it is; nothing here depends on it.
in_light_mode = False


class InvalidType(Exception):
    """An input is not what a function asks for.

    Args:
        expect: the expression that does not hold.
        actual: the same with values.
        msg: shown before these two.

    Example:
        >>> str(InvalidType("x.ndim == 2", "1 != 2"))
        'Expect: x.ndim == 2\\nActual: 1 != 2'
    """

    def __init__(self, expect: Any, actual: Any, msg: str | None = None) -> None:
        lines = [f"Expect: {expect}", f"Actual: {actual}"]
        super().__init__("\n".join([msg, *lines] if msg else lines))
        self.expect = expect
        self.actual = actual

    def __reduce__(self) -> Any:
        return type(self), (self.expect, self.actual)


class TypeInfo:
    """The shape and dtype of an input.

    Example:
        >>> info = TypeInfo((2, 3), np.dtype("float32"))
        >>> info.ndim, info.size, info.dtype.kind
        (2, 6, 'f')
    """

    def __init__(self, shape: tuple[int, ...], dtype: Any) -> None:
        self.shape = shape
        self.dtype = dtype
        self.ndim = len(shape)
        self.size = math.prod(shape)

    def __repr__(self) -> str:
        return f"{self.shape} {self.dtype}"


class Expr:
    """Something with a value and a text: `eval()` gives the one, `str` the other."""

    def __init__(self, text: str, value: Callable[[], Any]) -> None:
        self.text = text
        self._value = value

    def eval(self) -> Any:
        """The value."""
        return self._value()

    def __str__(self) -> str:
        return self.text

    def __getattr__(self, name: str) -> Expr:
        if name.startswith("__"):
            raise AttributeError(name)
        return GetAttr(self, name)

    def __getitem__(self, key: Any) -> Expr:
        return GetItem(self, key)

    def __call__(self, *args: Any) -> Expr:
        """The call, as an expression."""
        return Call(self, args)

    def __len__(self) -> int:
        return len(self.eval())

    def __neg__(self) -> Expr:
        return Expr(f"-{self}", lambda: -self.eval())

    def __iter__(self) -> Iterator[Expr]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        raise RuntimeError(
            f"{self}: an expression is neither true nor false by itself; write type_check.expect(...), or .eval()"
        )

    __hash__ = None  # type: ignore[assignment]


class Constant(Expr):
    """A value as it is."""

    def __init__(self, value: Any) -> None:
        super().__init__(value if isinstance(value, str) else repr(value), lambda: value)


class Variable(Expr):
    """A value under a name.

    Example:
        >>> x = Variable(TypeInfo((2, 3), np.dtype("float32")), "x")
        >>> expression = x.shape[0] + 1 == x.shape[1]
        >>> str(expression), expression.eval()
        ('x.shape[0] + 1 == x.shape[1]', True)
    """

    def __init__(self, value: Any, name: str) -> None:
        super().__init__(name, lambda: value)


class GetAttr(Expr):
    """An attribute of an expression."""

    def __init__(self, obj: Expr, name: str) -> None:
        super().__init__(f"{obj}.{name}", lambda: getattr(obj.eval(), name))


class GetItem(Expr):
    """An element, or a slice, of an expression."""

    def __init__(self, obj: Expr, key: Any) -> None:
        super().__init__(f"{obj}[{_text_of_key(key)}]", lambda: obj.eval()[eval(key)])


class Call(Expr):
    """A call of an expression."""

    def __init__(self, obj: Expr, args: tuple[Any, ...]) -> None:
        super().__init__(f"{obj}({', '.join(map(_text, args))})", lambda: obj.eval()(*map(eval, args)))


class Operator(Expr):
    """An operator between expressions."""

    def __init__(self, symbol: str, function: Callable[[Any, Any], Any], lhs: Any, rhs: Any) -> None:
        super().__init__(f"{_text(lhs)} {symbol} {_text(rhs)}", lambda: function(eval(lhs), eval(rhs)))
        self._sides = lhs, rhs


class Testable(Operator):
    """A comparison, which `expect` can test."""

    __test__ = False  # pytest takes it for a test by its name

    def expect(self) -> None:
        """Raise InvalidType unless it holds."""
        if not self.eval():
            lhs, rhs = map(eval, self._sides)
            raise InvalidType(self, f"{lhs!r} and {rhs!r}")


def _text(x: Any) -> str:
    return str(x) if isinstance(x, Expr) else repr(x)


def _text_of_key(key: Any) -> str:
    if isinstance(key, slice):
        return ":".join("" if part is None else str(part) for part in (key.start, key.stop))
    return _text(key)


def _install() -> None:
    def binary(symbol: str, function: Any, cls: type[Operator], swapped: bool) -> Any:
        def method(self: Expr, other: Any) -> Operator:
            return cls(symbol, function, other, self) if swapped else cls(symbol, function, self, other)

        return method

    arithmetic = {"+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod", "**": "pow"}
    for symbol, name in arithmetic.items():
        for prefix in ("", "r"):
            setattr(Expr, f"__{prefix}{name}__", binary(symbol, getattr(operator, name), Operator, prefix == "r"))
    for symbol, name in {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge"}.items():
        setattr(Expr, f"__{name}__", binary(symbol, getattr(operator, name), Testable, False))


_install()


class TypeInfoTuple(tuple[Any, ...]):
    """The inputs' types, each a Variable; `size()` is how many there are."""

    name = "in_types"

    def size(self) -> Expr:
        """How many inputs there are, as an expression."""
        return Variable(len(self), f"{self.name}.size()")


class LightTypeInfoTuple(tuple[Any, ...]):
    """The inputs' types as they are."""

    def size(self) -> int:
        """How many inputs there are."""
        return len(self)


def _info(x: Any) -> TypeInfo:
    return TypeInfo(tuple(x.shape), np.dtype(str(x.dtype).rpartition(".")[2]))


def get_types(data: Any, name: str, accept_none: bool, *, shapes: Any = None) -> TypeInfoTuple:
    """The types of arrays, for expressions in which they are called `name[0]`, `name[1]`, ...

    Raises:
        TypeError: one is None, and `accept_none` is False.

    Example:
        >>> (x_type,) = get_types([np.ones((2, 3))], "in_types", False)
        >>> str(x_type.shape[1] == 3)
        'in_types[0].shape[1] == 3'
    """
    if not accept_none and any(x is None for x in data):
        raise TypeError(f"get_types: an element of {name} is None; expected arrays")
    types = TypeInfoTuple(Variable(None if x is None else _info(x), f"{name}[{i}]") for i, x in enumerate(data))
    types.name = name
    return types


def get_light_types(data: Any, *, shapes: Any = None) -> LightTypeInfoTuple:
    """The types of arrays as they are."""
    return LightTypeInfoTuple(map(_info, data))


def eval(exp: Any) -> Any:
    """The value of an expression; anything else as it is.

    Example:
        >>> eval(Variable(2, "n") * 3), eval(5)
        (6, 5)
    """
    return exp.eval() if isinstance(exp, Expr) else exp


def make_variable(value: Any, name: str) -> Variable:
    """The value under a name, for expressions."""
    return Variable(value, name)


def prod(xs: Any) -> Expr:
    """The product of the elements of an expression, such as a shape."""
    return Expr(f"prod({_text(xs)})", lambda: math.prod(eval(xs)))


# Private in Chainer, whose own functions begin with it, and so do those written after their pattern.
def _argname(in_types: Any, names: Any) -> None:
    if len(in_types) != len(names):
        raise InvalidType(f"{len(names)} argument(s)", f"{len(in_types)} argument(s)", "Invalid number of arguments")
    for in_type, name in zip(in_types, names, strict=True):
        if isinstance(in_type, Variable):
            in_type.text = name


def expect(*bool_exprs: Any) -> None:
    """Raise InvalidType, with its text and values, for the first comparison that does not hold.

    Example:
        >>> (x_type,) = get_types([np.ones((2, 3))], "in_types", False)
        >>> expect(x_type.ndim == 2)
        >>> expect(x_type.ndim == 4)
        Traceback (most recent call last):
        ...
        chainer.utils.type_check.InvalidType: Expect: in_types[0].ndim == 4
        Actual: 2 and 4
    """
    for i, expression in enumerate(bool_exprs):
        if isinstance(expression, Testable):
            expression.expect()
        elif not expression:
            raise InvalidType(f"condition {i} of {len(bool_exprs)}", expression)


def expect_broadcast_shapes(*shape_types: Any) -> None:
    """Raise InvalidType unless the shapes broadcast together."""
    shapes = [eval(s) for s in shape_types]
    try:
        np.broadcast_shapes(*shapes)
    except ValueError:
        texts = ", ".join(map(_text, shape_types))
        raise InvalidType(f"{texts} broadcast together", ", ".join(map(str, shapes))) from None


def same_types(*arrays: Array) -> bool:
    """Whether all arrays are NumPy's, or all CuPy's."""
    return builtins.len({isinstance(a, np.ndarray) or type(a) for a in arrays}) <= 1


@contextmanager
def get_function_check_context(f: Any) -> Iterator[None]:
    """A block whose InvalidType says which function's inputs were wrong."""
    try:
        yield
    except InvalidType as error:
        raise InvalidType(
            error.expect, error.actual, f"\nInvalid operation is performed in: {f.label} (Forward)\n"
        ) from None


@contextmanager
def light_mode() -> Iterator[None]:
    """A block without effect: expressions are made always."""
    yield
