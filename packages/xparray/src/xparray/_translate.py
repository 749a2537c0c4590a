"""From the text of an elementwise function to the steps that one element takes through it.

The function's syntax tree is walked with a value for each name: a `Number`, which is the same for all elements and is computed
in Python before the loop, exactly as the function would; or an `Element`, one step's result for the element at hand. What the
walk does not know, or cannot promise to have NumPy's bits, it refuses with `CannotTranslate`.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import CodeType, FunctionType
from typing import Any, TypeAlias

import numpy as np

_MAX_DEPTH = 8


class CannotTranslate(Exception):
    """Why a function runs as it is written; the text names the line."""


@dataclass(frozen=True, slots=True)
class Number:
    """A Python number; `code` computes it from the function's arguments, `literal` is its value where the text tells."""

    code: str
    literal: float | None = None


@dataclass(frozen=True, slots=True)
class Element:
    """The result of a step; `reads` are the positions of the arguments that decide its shape."""

    name: str
    is_mask: bool
    reads: frozenset[int]


Value: TypeAlias = "Number | Element | tuple[Number | Element, ...]"


@dataclass(frozen=True, slots=True)
class Step:
    """One operation. A load reads argument `position`; a call applies `function` to whole arrays; else `code` stands in a loop.

    `operands` are names of elements; in a call also names of numbers, and literals.
    """

    result: Element
    code: str = ""
    operands: tuple[str, ...] = ()
    position: int | None = None
    function: Callable[..., Any] | None = None


@dataclass(frozen=True, slots=True)
class Program:
    """What an elementwise function does for arguments of given kinds.

    `numbers(*args)` are the values of c0, c1, ... in the steps; `is_tuple` tells whether the function returns a tuple.
    """

    name: str
    dtype: np.dtype[Any]
    steps: tuple[Step, ...]
    outputs: tuple[Element, ...]
    is_tuple: bool
    numbers: Callable[..., tuple[Any, ...]]
    number_count: int


# Operations that a loop computes to NumPy's bits, NaN and infinity included. {0}, {1}, ... are names, T is the loop's dtype.
_LOOP = {
    "absolute": "abs({0})",
    "fabs": "abs({0})",
    "negative": "-{0}",
    "positive": "{0}",
    "add": "{0} + {1}",
    "subtract": "{0} - {1}",
    "multiply": "{0} * {1}",
    "divide": "{0} / {1}",
    "reciprocal": "T(1) / {0}",
    "square": "{0} * {0}",
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
    "zeros_like": "T(0)",
    "ones_like": "T(1)",
}
_COMPARE = {
    "less": "{0} < {1}",
    "less_equal": "{0} <= {1}",
    "greater": "{0} > {1}",
    "greater_equal": "{0} >= {1}",
    "equal": "{0} == {1}",
    "not_equal": "{0} != {1}",
    "isnan": "{0} != {0}",
    "isinf": "abs({0}) == T(np.inf)",
    "isfinite": "abs({0}) < T(np.inf)",
}
_LOGICAL = {"logical_and": "{0} & {1}", "logical_or": "{0} | {1}", "logical_xor": "{0} ^ {1}", "logical_not": "not {0}"}
# The functions among them that are no ufuncs of NumPy, and how many arguments each takes here.
_OTHER = {"where": np.where, "clip": np.clip, "zeros_like": np.zeros_like, "ones_like": np.ones_like}
_ARGUMENTS = {"where": 3, "clip": 3, "zeros_like": 1, "ones_like": 1}

_BINARY: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "add"),
    ast.Sub: ("-", "subtract"),
    ast.Mult: ("*", "multiply"),
    ast.Div: ("/", "divide"),
    ast.Pow: ("**", "power"),
    ast.FloorDiv: ("//", ""),
    ast.Mod: ("%", ""),
    ast.BitAnd: ("&", "logical_and"),
    ast.BitOr: ("|", "logical_or"),
    ast.BitXor: ("^", "logical_xor"),
}
_COMPARISON: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: ("<", "less"),
    ast.LtE: ("<=", "less_equal"),
    ast.Gt: (">", "greater"),
    ast.GtE: (">=", "greater_equal"),
    ast.Eq: ("==", "equal"),
    ast.NotEq: ("!=", "not_equal"),
}
_UNARY: dict[type[ast.unaryop], str] = {ast.USub: "-", ast.UAdd: "+", ast.Not: "not ", ast.Invert: "~"}


def translate(
    function: FunctionType,
    is_array: Sequence[bool],
    dtype: np.dtype[Any],
    replaced: Mapping[str, Callable[..., Any]],
) -> Program:
    """The steps of `function` when the arguments marked by `is_array` are arrays of `dtype` and the others Python numbers.

    Args:
        function: what to walk through.
        is_array: for each argument, whether it is an array.
        dtype: float32 or float64.
        replaced: what xparray's functions call for these arrays instead of NumPy's function of that name.

    Raises:
        CannotTranslate: the function does something that one loop over elements cannot, or not to NumPy's bits.
    """
    walk = _Walk(dtype, replaced)
    parameters: list[Value] = []
    for position, array in enumerate(is_array):
        if array:
            element = walk.step(Step(Element(f"e{position}", False, frozenset({position})), position=position))
            parameters.append(element)
        else:
            parameters.append(Number(f"a{position}"))
    result = walk.inline(function, parameters, None)
    outputs = result if isinstance(result, tuple) else (result,)
    if not outputs or not all(isinstance(y, Element) for y in outputs):
        raise CannotTranslate(
            f"{function.__name__}: it returns a number, which no array decides; NumPy's rules give its dtype"
        )
    return Program(
        function.__name__,
        dtype,
        tuple(walk.steps),
        tuple(y for y in outputs if isinstance(y, Element)),
        isinstance(result, tuple),
        walk.compute_numbers(len(is_array)),
        len(walk.numbers),
    )


def why_never(function: FunctionType, count: int) -> str | None:
    """Why `function` of `count` arguments can be translated for no kinds of arguments; None where some may be."""
    walk = _Walk(np.dtype(np.float32), {}, only_form=True)
    try:
        walk.inline(function, [Number(f"a{i}") for i in range(count)], None)
    except CannotTranslate as e:
        return str(e)
    return None


class _Walk:
    """Steps and numbers gathered on the way through a function and those it calls."""

    def __init__(
        self, dtype: np.dtype[Any], replaced: Mapping[str, Callable[..., Any]], *, only_form: bool = False
    ) -> None:
        self.dtype = dtype
        self.replaced = replaced
        self.only_form = only_form  # all arguments stand as numbers: ask only whether the form of the text is known
        self.steps: list[Step] = []
        self.known: dict[object, Element] = {}
        self.numbers: dict[str, str] = {}  # code -> name
        self.prelude: list[str] = []
        self.prelude_names: dict[str, Any] = {}
        self.depth = 0
        self.lazy = 0

    def step(self, step: Step) -> Element:
        """Take a step, unless the same one was taken before."""
        key = (step.code, step.operands, step.position, step.function, step.result.reads)
        if key not in self.known:
            self.known[key] = step.result
            self.steps.append(step)
        return self.known[key]

    def new(self, template: str, values: Sequence[Element | Number], *, is_mask: bool = False) -> Element:
        """A step in a loop."""
        names = [v.name if isinstance(v, Element) else self.constant(v) for v in values]
        operands = tuple(v.name for v in values if isinstance(v, Element))
        return self.step(Step(self.result(values, is_mask), template.format(*names), operands))

    def call(self, function: Callable[..., Any], values: Sequence[Element | Number]) -> Element:
        """A step that NumPy takes, with whole arrays."""
        operands = tuple(v.name if isinstance(v, Element) else self.number(v) for v in values)
        return self.step(Step(self.result(values, False), "", operands, function=function))

    def result(self, values: Sequence[Element | Number], is_mask: bool) -> Element:
        """A fresh element that `values` decide."""
        reads = frozenset[int]().union(*(v.reads for v in values if isinstance(v, Element)))
        return Element(f"v{len(self.steps)}", is_mask, reads)

    def number(self, value: Number) -> str:
        """The name under which a number reaches the steps, or its literal."""
        if value.literal is not None:
            return repr(value.literal)
        return self.numbers.setdefault(value.code, f"c{len(self.numbers)}")

    def constant(self, value: Number) -> str:
        """A number as a loop writes it, in the loop's dtype."""
        return self.number(value) if value.literal is None else f"T({self.number(value)})"

    def once(self, code: str) -> Number:
        """A number computed once, where the function computes it, however often it is read.

        Within an expression that may skip a part of itself it is left where it stands; the whole expression is computed once.
        """
        if self.lazy:
            return Number(code)
        name = f"n{len(self.prelude)}"
        self.prelude.append(f"    {name} = {code}\n")
        return Number(name)

    def live(self, value: Any) -> str:
        """The name by which the code of numbers reaches an object, whose value may change between calls."""
        for name, other in self.prelude_names.items():
            if other is value:
                return name
        name = f"g{len(self.prelude_names)}"
        self.prelude_names[name] = value
        return name

    def compute_numbers(self, count: int) -> Callable[..., tuple[Any, ...]]:
        """The function of all arguments that gives the numbers c0, c1, ..."""
        parameters = ", ".join(f"a{i}" for i in range(count))
        values = "".join(f"{code}, " for code in self.numbers)
        names = dict(self.prelude_names)
        exec(f"def numbers({parameters}):\n{''.join(self.prelude)}    return ({values})\n", names)
        numbers: Callable[..., tuple[Any, ...]] = names["numbers"]
        return numbers

    def inline(self, function: FunctionType, arguments: Sequence[Value], caller: str | None) -> Value:
        """What `function` returns for `arguments`."""
        if self.depth == _MAX_DEPTH:
            raise CannotTranslate(f"{caller}: functions call each other more than {_MAX_DEPTH} deep")
        self.depth += 1
        value = _Scope(self, function, arguments).run()
        self.depth -= 1
        return value


class _Scope:
    """One function's names, and the rules of its statements and expressions."""

    def __init__(self, walk: _Walk, function: FunctionType, arguments: Sequence[Value]) -> None:
        self.walk = walk
        self.function = function
        self.definition = _definition(function)
        self.values = dict(zip(inspect.signature(function).parameters, arguments, strict=True))

    def refuse(self, node: ast.AST, why: str) -> CannotTranslate:
        """The error that says which line is at fault."""
        text = ast.unparse(node).partition("\n")[0]
        return CannotTranslate(f"{self.function.__name__}, line {getattr(node, 'lineno', '?')}: `{text}` {why}")

    # Statements

    def run(self) -> Value:
        """Walk the body; the value that it returns."""
        for node in self.definition.body:
            match node:
                case ast.Return(value=None) | ast.Return(value=ast.Constant(value=None)):
                    raise self.refuse(node, "returns nothing")
                case ast.Return(value=value):
                    assert value is not None  # the case above
                    return self.visit(value)
                case ast.Assign(targets=targets, value=value):
                    result = self.visit(value)
                    for target in targets:
                        self.assign(target, result)
                case ast.AnnAssign(target=target, value=ast.expr() as value):
                    self.assign(target, self.visit(value))
                case ast.AugAssign(target=ast.Name(id=name, lineno=line), op=op, value=value):
                    read = ast.copy_location(ast.Name(name, ast.Load()), node.target)
                    if not isinstance(self.visit(read), Number):
                        advice = f"changes an array in place; write `{name} = {name} ...` on line {line}"
                        raise self.refuse(node, advice)
                    self.assign(node.target, self.visit(ast.copy_location(ast.BinOp(read, op, value), node)))
                case ast.Pass() | ast.Expr(value=ast.Constant()):
                    continue
                case ast.If() | ast.For() | ast.While():
                    raise self.refuse(node, "takes another way for other arguments; write xp.where(condition, a, b)")
                case _:
                    raise self.refuse(node, "is no assignment and no return")
        raise CannotTranslate(f"{self.function.__name__}: it returns nothing")

    def assign(self, target: ast.expr, value: Value) -> None:
        """Bind the names of `target`."""
        match target:
            case ast.Name(id=name):
                self.values[name] = self.kept(value)
            case ast.Tuple(elts=targets) if isinstance(value, tuple) and len(value) == len(targets):
                for t, v in zip(targets, value, strict=True):
                    self.assign(t, v)
            case _:
                raise self.refuse(target, "is no plain name to assign to")

    def kept(self, value: Value) -> Value:
        """A value to be read later, and perhaps often."""
        if isinstance(value, Number) and value.literal is None:
            return self.walk.once(value.code)
        return value

    # Expressions

    def visit(self, node: ast.expr) -> Value:
        """The value of an expression."""
        match node:
            case ast.Constant(value=bool() | int() | float() as value):
                return self.literal(node, value)
            case ast.Name(id=name):
                return self.name(node, name)
            case ast.Tuple(elts=parts):
                return tuple(self.single(part) for part in parts)
            case ast.BinOp(left=left, op=op, right=right):
                return self.binary(node, op, self.single(left), self.single(right))
            case ast.UnaryOp(op=op, operand=operand):
                return self.unary(node, op, self.single(operand))
            case ast.Compare(left=left, ops=ops, comparators=others):
                self.walk.lazy += len(ops) > 1
                values = [self.single(left), *(self.single(other) for other in others)]
                self.walk.lazy -= len(ops) > 1
                return self.compare(node, ops, values)
            case ast.BoolOp(op=op, values=parts):
                word = " and " if isinstance(op, ast.And) else " or "
                return self.perhaps_skipping(node, parts, lambda codes: word.join(codes))
            case ast.IfExp(test=test, body=body, orelse=other):
                return self.perhaps_skipping(node, [body, test, other], lambda codes: "{} if {} else {}".format(*codes))
            case ast.Attribute(value=of, attr=name):
                return Number(f"{self.only_number(of, node)}.{name}")
            case ast.Subscript(value=of, slice=key):
                return Number(f"{self.only_number(of, node)}[{self.only_number(key, node)}]")
            case ast.Call():
                return self.called(node)
            case _:
                raise self.refuse(node, "is no expression of numbers and elements")

    def single(self, node: ast.expr) -> Element | Number:
        """The value of an expression that is no tuple."""
        value = self.visit(node)
        if isinstance(value, tuple):
            raise self.refuse(node, "is a tuple, where a number or an array is expected")
        return value

    def only_number(self, node: ast.expr, whole: ast.expr) -> str:
        """The code of an expression that no array may enter."""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return repr(node.value)
        value = self.single(node)
        if isinstance(value, Element):
            raise self.refuse(
                whole, "asks an array for more than its elements; xp.where chooses, functions of xparray compute"
            )
        return value.code

    def perhaps_skipping(self, node: ast.expr, parts: Sequence[ast.expr], join: Callable[[list[str]], str]) -> Number:
        """An expression of numbers of which Python may leave parts uncomputed."""
        self.walk.lazy += 1
        code = join([self.only_number(part, node) for part in parts])
        self.walk.lazy -= 1
        return self.walk.once(f"({code})")

    def literal(self, node: ast.expr, value: float) -> Number:
        """A number of the text."""
        try:
            number = float(value)
        except OverflowError:
            raise self.refuse(node, "is too large for a floating-point number") from None
        # An integer keeps its type in the code of numbers: 7 // 2 and 10 ** 20 are Python's.
        return Number(repr(value) if math.isfinite(number) else "1e999", number if math.isfinite(number) else None)

    def name(self, node: ast.expr, name: str) -> Value:
        """What a name stands for."""
        if name in self.values:
            return self.values[name]
        code = self.function.__code__
        if name in code.co_freevars:
            cell = (self.function.__closure__ or ())[code.co_freevars.index(name)]
            return Number(f"{self.walk.live(cell)}.cell_contents")
        if name in code.co_varnames:
            raise self.refuse(node, "is read before it is assigned")
        if name in self.function.__globals__:
            return Number(f"{self.walk.live(self.function.__globals__)}[{name!r}]")
        if hasattr(builtins, name):
            return Number(name)
        raise self.refuse(node, "is not defined")

    def binary(self, node: ast.expr, op: ast.operator, left: Element | Number, right: Element | Number) -> Value:
        """`left op right`."""
        sign, name = _BINARY.get(type(op), ("", ""))
        if not sign:
            raise self.refuse(node, "is no operation between elements")
        if isinstance(left, Number) and isinstance(right, Number):
            return Number(f"({left.code} {sign} {right.code})")
        if name == "power":
            if isinstance(right, Number):
                self.need_floats(node, [left])
                if right.literal == 2:  # NumPy's operator computes a product here; its other such cases are left to it
                    return self.walk.new("{0} * {0}", [left])
                return self.walk.call(operator.pow, [left, right])
            return self.apply(node, np.power, name, [left, right])
        if not name:
            raise self.refuse(node, f"uses `{sign}`, which has no form in a loop with NumPy's results")
        return self.apply(node, None, name, [left, right])

    def unary(self, node: ast.expr, op: ast.unaryop, value: Element | Number) -> Value:
        """`op value`."""
        sign = _UNARY[type(op)]
        if isinstance(value, Number):
            if value.literal and sign in "+-":  # not for 0: -0 is 0, and -0.0 another number
                return Number(f"({sign}{value.code})", -value.literal if sign == "-" else value.literal)
            return Number(f"({sign}{value.code})")
        if sign == "~" and value.is_mask:
            return self.apply(node, None, "logical_not", [value])
        if sign in "+-":
            return self.apply(node, None, "negative" if sign == "-" else "positive", [value])
        raise self.refuse(node, "asks an array for one truth value; write xp.logical_not(x)")

    def compare(self, node: ast.expr, ops: Sequence[ast.cmpop], values: Sequence[Element | Number]) -> Value:
        """`a < b`, and for numbers also chains."""
        if any(type(op) not in _COMPARISON for op in ops):
            raise self.refuse(node, "is no comparison of values")
        signs = [_COMPARISON[type(op)][0] for op in ops]
        codes = [v.code for v in values if isinstance(v, Number)]
        if len(codes) == len(values):
            return self.walk.once(
                f"({codes[0]} {' '.join(f'{sign} {c}' for sign, c in zip(signs, codes[1:], strict=True))})"
            )
        if len(ops) > 1:
            raise self.refuse(node, "asks an array for one truth value; write (a < x) & (x < b)")
        return self.apply(node, None, _COMPARISON[type(ops[0])][1], values)

    # Calls

    def called(self, node: ast.Call) -> Value:
        """A call: of a function of xparray or NumPy, of a function to be walked through, or of one of numbers."""
        if any(isinstance(a, ast.Starred) for a in node.args) or any(k.arg is None for k in node.keywords):
            raise self.refuse(node, "has arguments that the text does not show")
        arguments = [self.visit(a) for a in node.args]
        options = {str(k.arg): self.visit(k.value) for k in node.keywords}
        function = self.resolve(node.func)
        ufunc, name, is_own = _identify(function)
        values = [a for a in (*arguments, *options.values()) if not isinstance(a, tuple)]
        if len(values) == len(arguments) + len(options) and all(isinstance(v, Number) for v in values):
            if name and function is not builtins.abs and not self.walk.only_form:
                raise self.refuse(
                    node, f"takes only numbers and would give a float64 array; write math.{name}, or name an array"
                )
            codes = [v.code for v in values if isinstance(v, Number)]
            named = [f"{k}={c}" for k, c in zip(options, codes[len(arguments) :], strict=True)]
            return self.walk.once(f"{self.only_number(node.func, node)}({', '.join(codes[: len(arguments)] + named)})")
        if name:
            if options or len(values) != len(arguments):
                raise self.refuse(node, "has options, or a tuple, where a loop takes elements only")
            return self.apply(node, ufunc, name, values, self.walk.replaced.get(name) if is_own else None)
        body = _body(function)
        if body is None:
            raise self.refuse(node, "is no function of elements that xparray or NumPy defines")
        return self.walk.inline(body, self.bind(node, body, arguments, options), body.__name__)

    def resolve(self, node: ast.expr) -> Any:
        """The object that is called, as it is now; None where only the run can tell."""
        if isinstance(node, ast.Attribute):
            owner = self.resolve(node.value)
            return getattr(owner, node.attr, None) if inspect.ismodule(owner) else None
        if not isinstance(node, ast.Name) or node.id in self.values:
            return None
        code = self.function.__code__
        if node.id in code.co_freevars:
            cell = (self.function.__closure__ or ())[code.co_freevars.index(node.id)]
            try:
                return cell.cell_contents
            except ValueError:  # a name that its function has not bound yet
                return None
        return self.function.__globals__.get(node.id, getattr(builtins, node.id, None))

    def bind(
        self, node: ast.expr, body: FunctionType, arguments: Sequence[Value], options: Mapping[str, Value]
    ) -> list[Value]:
        """The values of all parameters of a function that is walked through."""
        try:
            bound = inspect.signature(body).bind(*arguments, **options)
        except TypeError as e:
            raise self.refuse(node, f"does not fit the function's parameters ({e})") from None
        bound.apply_defaults()
        values: list[Value] = []
        for parameter in bound.signature.parameters.values():
            value = bound.arguments[parameter.name]
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                raise self.refuse(node, "calls a function with *args or **kwargs")
            if type(value) in (bool, int, float):
                value = self.literal(node, value)
            elif not isinstance(value, Number | Element | tuple):
                raise self.refuse(node, f"leaves {parameter.name} at a default that is no number")
            values.append(self.kept(value))
        return values

    def apply(
        self,
        node: ast.expr,
        ufunc: np.ufunc | None,
        name: str,
        values: Sequence[Element | Number],
        replacement: Callable[..., Any] | None = None,
    ) -> Element:
        """The element that the function `name` gives for `values`, of which one at least is an element."""
        expected = ufunc.nin if ufunc is not None else _ARGUMENTS.get(name, len(values))
        if len(values) != expected:
            raise self.refuse(node, f"has {len(values)} arguments; {name} takes {expected} in a loop")
        if name in _LOGICAL:
            if not all(isinstance(v, Element) and v.is_mask for v in values):
                raise self.refuse(node, "combines truth values with something else")
            return self.walk.new(_LOGICAL[name], values, is_mask=True)
        if name == "where":
            condition, *values = values
            if not (isinstance(condition, Element) and condition.is_mask):
                raise self.refuse(node, "has a condition that is no comparison of elements")
            values = self.need_floats(node, values)
            return self.walk.new("{1} if {0} else {2}", [condition, *values])
        values = self.need_floats(node, values)
        if name == "clip":
            x, low, high = values
            raised = self.walk.new("{0} if ({0} > {1}) | ({0} != {0}) else {1}", [x, low])
            return self.walk.new("{0} if ({0} < {1}) | ({0} != {0}) else {1}", [raised, high])
        if name in _COMPARE:
            return self.walk.new(_COMPARE[name], values, is_mask=True)
        if name in ("zeros_like", "ones_like"):
            return self.walk.step(Step(self.walk.result(values, False), _LOOP[name]))
        if name in _LOOP:
            return self.walk.new(_LOOP[name], values)
        char = self.walk.dtype.char
        if ufunc is None or f"{char * ufunc.nin}->{char}" not in ufunc.types:
            raise self.refuse(node, f"gives no {self.walk.dtype} for {self.walk.dtype}")
        return self.walk.call(replacement or ufunc, values)

    def need_floats(self, node: ast.expr, values: Sequence[Element | Number]) -> list[Element | Number]:
        """The operands of arithmetic: a truth value among them counts as 0 or 1 where a float array says the dtype."""
        if not any(isinstance(v, Element) and not v.is_mask for v in values):
            raise self.refuse(
                node, "computes with truth values and numbers only, to another dtype; use xp.where(condition, a, b)"
            )
        return [self.walk.new("T({0})", [v]) if isinstance(v, Element) and v.is_mask else v for v in values]


def _identify(function: Any) -> tuple[np.ufunc | None, str, bool]:
    """The ufunc that a function is or, if it is xparray's, calls; NumPy's name for it, "" for others; whether it is xparray's."""
    import xparray

    own = getattr(function, "__name__", "")
    is_own = bool(own) and getattr(xparray, own, None) is function
    if is_own:
        function = getattr(np, own, None)
    if function is builtins.abs:
        function = np.absolute
    if isinstance(function, np.ufunc):
        usable = function.nout == 1 and function.signature is None
        return (function, function.__name__, is_own) if usable else (None, "", False)
    return None, next((name for name, other in _OTHER.items() if function is other), ""), is_own


def _body(function: Any) -> FunctionType | None:
    """The Python function to walk through when `function` is called with elements."""
    from xparray._elementwise import Elementwise

    if isinstance(function, Elementwise):
        return function.function
    if isinstance(function, FunctionType) and str(function.__module__).partition(".")[0] not in ("numpy", "xparray"):
        return function
    return None


def _definition(function: FunctionType) -> ast.FunctionDef:
    """The syntax tree of a function, numbered by the lines of its file."""
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
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name == code.co_name:
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if first == code.co_firstlineno:
                return node
    raise CannotTranslate(f"{name}: it is no plain function; write it as a def")


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
