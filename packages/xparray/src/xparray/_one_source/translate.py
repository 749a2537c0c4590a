"""From the text of a function of elements to the operations that it consists of.

The function's syntax tree is walked with a value for each name: a `Number`, which is the same for all elements and is computed
in Python before the loop, exactly as the function would; or an `Element`, one operation's result for the element at hand. What
the walk does not know it refuses with `CannotTranslate`.
"""

from __future__ import annotations

import ast
import builtins
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import numpy as np

from xparray._one_source.program import FOLDS, CannotTranslate, Element, Number, Operation, Program, Value
from xparray._one_source.source import definition

_MAX_DEPTH = 8
# The functions besides NumPy's ufuncs that make elements of elements, and how many arguments each takes.
_ARGUMENTS = {"where": 3, "clip": 3, "zeros_like": 1, "ones_like": 1, "astype": 2}
_REDUCTIONS = (*FOLDS, "mean")
# The functions of xparray that are not NumPy's of that name on real numbers.
_DIFFERENT = {"floor_divide"}

_BINARY: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "add"),
    ast.Sub: ("-", "subtract"),
    ast.Mult: ("*", "multiply"),
    ast.Div: ("/", "divide"),
    ast.Pow: ("**", "**"),
    ast.FloorDiv: ("//", "floor_divide"),
    ast.Mod: ("%", "remainder"),
    ast.BitAnd: ("&", "bitwise_and"),
    ast.BitOr: ("|", "bitwise_or"),
    ast.BitXor: ("^", "bitwise_xor"),
    ast.LShift: ("<<", "left_shift"),
    ast.RShift: (">>", "right_shift"),
}
_COMPARISON: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: ("<", "less"),
    ast.LtE: ("<=", "less_equal"),
    ast.Gt: (">", "greater"),
    ast.GtE: (">=", "greater_equal"),
    ast.Eq: ("==", "equal"),
    ast.NotEq: ("!=", "not_equal"),
}
_UNARY: dict[type[ast.unaryop], tuple[str, str]] = {
    ast.USub: ("-", "negative"),
    ast.UAdd: ("+", "positive"),
    ast.Invert: ("~", "invert"),
    ast.Not: ("not ", ""),
}


@dataclass(frozen=True, slots=True)
class Ending:
    """How the elements that a function gives are reduced.

    Attributes:
        fold: one of `FOLDS`, or "fold" for `combine`.
        combine: a function of two values, the user's own or one that NumPy knows.
        post_map: a function of the reductions' results, or None.
        axis: the axes, None for all.
        keepdims: whether they stay, with length 1.
    """

    fold: str
    combine: Callable[..., Any] | None
    post_map: Callable[..., Any] | None
    axis: tuple[int, ...] | None
    keepdims: bool


def walk(
    function: FunctionType, is_array: Sequence[bool], *, reductions: bool = False, ending: Ending | None = None
) -> Program:
    """The operations of `function` when the arguments marked by `is_array` are arrays and the others Python numbers.

    Args:
        function: what to walk through.
        is_array: for each argument, whether it is an array.
        reductions: whether it may end in reductions.
        ending: how its results are reduced.

    Raises:
        CannotTranslate: the function does something that has no form in a loop over elements; names the function and the line.
    """
    state = _Walk(reductions=reductions)
    parameters = [Element(f"e{i}", frozenset({i})) if a else Number(f"a{i}") for i, a in enumerate(is_array)]
    result = state.inline(function, parameters, None)
    if ending is not None:
        result = state.end(function.__name__, result, ending)
    elements = _elements(function.__name__, result)
    used = {v.name for op in state.operations.values() for v in op.operands if isinstance(v, Element)}
    used |= {y.name for y in elements}
    axis, keepdims = state.axes or (None, False)
    return Program(
        name=function.__name__,
        inputs=tuple(p for p in parameters if isinstance(p, Element) and p.name in used),
        operations=tuple(state.operations.values()),
        outputs=elements,
        is_tuple=isinstance(result, tuple),
        names=dict(state.numbers),
        numbers=state.compute_numbers(len(is_array)),
        axis=axis,
        keepdims=keepdims,
        combine=None if ending is None or ending.combine is None else _of_two(ending.combine),
    )


def _of_two(function: Any) -> Program:
    """The operations of a function of two values."""
    name = identify(function)
    if not name:
        return walk(function, [True, True])
    values = Element("e0", frozenset({0})), Element("e1", frozenset({1}))
    operation = Operation(Element("v0", frozenset({0, 1})), name, values, name)
    return Program(name, values, (operation,), (operation.result,), is_tuple=False, names={}, numbers=lambda *_: ())


def _elements(name: str, result: Value) -> tuple[Element, ...]:
    outputs = result if isinstance(result, tuple) else (result,)
    elements = tuple(y for y in outputs if isinstance(y, Element))
    if not outputs or len(elements) != len(outputs):
        raise CannotTranslate(f"{name}: it returns a number, which no array decides; NumPy's rules give its dtype")
    return elements


def why_never(function: FunctionType, count: int, *, reductions: bool = False) -> str | None:
    """Why `function` of `count` arguments can be translated for no kinds of arguments; None where some may be."""
    state = _Walk(reductions=reductions, only_form=True)
    try:
        state.inline(function, [Number(f"a{i}") for i in range(count)], None)
    except CannotTranslate as e:
        return str(e)
    return None


class _Walk:
    """Operations and numbers gathered on the way through a function and those it calls."""

    def __init__(self, *, reductions: bool = False, only_form: bool = False) -> None:
        self.reductions = reductions
        self.only_form = only_form  # all arguments stand as numbers: ask only whether the form of the text is known
        self.operations: dict[object, Operation] = {}  # each but once
        self.numbers: dict[str, str] = {}  # code -> name
        self.prelude: list[str] = []
        self.prelude_names: dict[str, Any] = {}
        self.axes: tuple[tuple[int, ...] | None, bool] | None = None
        self.depth = 0
        self.lazy = 0

    def record(
        self,
        function: str,
        operands: Sequence[Element | Number],
        place: str,
        *,
        dtype: np.dtype[Any] | None = None,
        folds: bool = False,
    ) -> Element:
        """The element that an operation gives."""
        key = function, tuple(operands), dtype
        if key not in self.operations:
            elements = [v for v in operands if isinstance(v, Element)]
            reads = frozenset[int]().union(*(v.reads for v in elements))
            result = Element(f"v{len(self.operations)}", reads, folds or any(v.is_folded for v in elements))
            self.operations[key] = Operation(result, function, tuple(operands), place, dtype)
            for v in operands:
                if isinstance(v, Number) and v.literal is None:
                    self.numbers.setdefault(v.code, f"c{len(self.numbers)}")
        return self.operations[key].result

    def end(self, name: str, result: Value, ending: Ending) -> Value:
        """The reductions of what a function gives, and what is made of them."""
        self.axes = ending.axis, ending.keepdims
        folded = [self.record(ending.fold, [x], name, folds=True) for x in _elements(name, result)]
        post_map = ending.post_map
        if post_map is None:
            return tuple(folded) if isinstance(result, tuple) else folded[0]
        known = identify(post_map)
        if known:
            return self.record(known, folded, name)
        body = _body(post_map)
        if body is None:
            raise CannotTranslate(
                f"{name}: post_map is {post_map!r}, no function that xparray or NumPy defines and no def"
            )
        return self.inline(body, folded, name)

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
        self.definition = definition(function)
        self.values = dict(zip(inspect.signature(function).parameters, arguments, strict=True))

    def refuse(self, node: ast.AST, why: str) -> CannotTranslate:
        """The error that says which line is at fault."""
        return CannotTranslate(f"{self.place(node)} {why}")

    def place(self, node: ast.AST) -> str:
        """The function, the line and its text."""
        text = ast.unparse(node).partition("\n")[0]
        return f"{self.function.__name__}, line {getattr(node, 'lineno', '?')}: `{text}`"

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
            is_finite = math.isfinite(value)
        except OverflowError:
            raise self.refuse(node, "is too large for a floating-point number") from None
        return Number(repr(value), value) if is_finite else Number("1e999")

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
        return self.apply(node, name, [left, right])

    def unary(self, node: ast.expr, op: ast.unaryop, value: Element | Number) -> Value:
        """`op value`."""
        sign, name = _UNARY[type(op)]
        if isinstance(value, Number):
            if (
                value.literal and sign in "+-" and type(value.literal) is not bool
            ):  # not for 0: -0 is 0, and -0.0 another number
                return Number(f"({sign}{value.code})", -value.literal if sign == "-" else value.literal)
            return Number(f"({sign}{value.code})")
        if not name:
            raise self.refuse(node, "asks an array for one truth value; write xp.logical_not(x)")
        return self.apply(node, name, [value])

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
        return self.apply(node, _COMPARISON[type(ops[0])][1], values)

    # Calls

    def called(self, node: ast.Call) -> Value:
        """A call: of a function of xparray or NumPy, of a function to be walked through, or of one of numbers."""
        if any(isinstance(a, ast.Starred) for a in node.args) or any(k.arg is None for k in node.keywords):
            raise self.refuse(node, "has arguments that the text does not show")
        function = self.resolve(node.func)
        name = identify(function)
        if name in _REDUCTIONS:
            return self.reduction(node, name, node.args)
        if function is None and isinstance(node.func, ast.Attribute) and node.func.attr in _REDUCTIONS:
            return self.reduction(node, node.func.attr, [node.func.value, *node.args])
        if name == "astype" and len(node.args) == 2 and not node.keywords:
            return self.converted(node, *node.args)
        arguments = [self.visit(a) for a in node.args]
        options = {str(k.arg): self.visit(k.value) for k in node.keywords}
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
            if name in _DIFFERENT and not isinstance(function, np.ufunc):
                raise self.refuse(
                    node, f"has other results than NumPy's {name} at infinities, which loops have; write x // y"
                )
            if options or len(values) != len(arguments):
                raise self.refuse(node, "has options, or a tuple, where a loop takes elements only")
            return self.apply(node, name, values)
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

    def apply(self, node: ast.expr, name: str, values: Sequence[Element | Number]) -> Element:
        """The element that NumPy's function `name` gives for `values`, of which one at least is an element."""
        expected = count(name)
        if len(values) != expected:
            raise self.refuse(node, f"has {len(values)} arguments; {name} takes {expected} in a loop")
        if len({v.is_folded for v in values if isinstance(v, Element)}) > 1:
            raise self.refuse(
                node, "computes with a reduction's result and the array itself; reductions end a fused function"
            )
        if name == "where" and isinstance(values[0], Number):
            raise self.refuse(node, "has a condition that is no array")
        return self.walk.record(name, values, self.place(node))

    def converted(self, node: ast.Call, x: ast.expr, dtype: ast.expr) -> Value:
        """`xp.astype(x, dtype)`."""
        value = self.single(x)
        if self.walk.only_form:
            return value
        named = dtype.value if isinstance(dtype, ast.Constant) else self.resolve(dtype)
        if isinstance(value, Number) or not isinstance(named, str | type | np.dtype):
            raise self.refuse(node, "converts something else than an array to a dtype that the text names")
        return self.walk.record("astype", [value], self.place(node), dtype=np.dtype(named))

    def reduction(self, node: ast.Call, name: str, args: Sequence[ast.expr]) -> Value:
        """`xp.sum(x, axis=1, keepdims=True)` and the like."""
        if not self.walk.reductions:
            raise self.refuse(node, "reduces an array; xp.fuse and xp.reduction do that, elementwise does not")
        options: dict[str, Any] = {"axis": None, "keepdims": False}
        try:
            given = dict(zip(("axis",), args[1:], strict=len(args) > 2)) | {str(k.arg): k.value for k in node.keywords}
            options |= {k: ast.literal_eval(v) for k, v in given.items()}
        except ValueError:
            raise self.refuse(node, "has axes that the text does not show as numbers") from None
        axis, keepdims = options.pop("axis"), options.pop("keepdims")
        axis = (axis,) if type(axis) is int else axis
        if options or type(keepdims) is not bool or not (axis is None or all(type(a) is int for a in axis)):
            raise self.refuse(node, "has other options than axis and keepdims")
        value = self.single(args[0])
        if isinstance(value, Number):
            if self.walk.only_form:
                return value
            raise self.refuse(node, "reduces a number")
        if value.is_folded:
            raise self.refuse(node, "reduces the result of a reduction")
        if self.walk.axes not in (None, (axis, keepdims)):
            raise self.refuse(
                node, "has other axes than the reduction before; those of a fused function go along the same"
            )
        self.walk.axes = axis, keepdims
        return self.walk.record(name, [value], self.place(node), folds=True)


def identify(function: Any) -> str:
    """NumPy's name for the function of elements that `function` is or, if it is xparray's, calls; "" for others.

    A function of `xparray.special` has its own name, after "special.".
    """
    import xparray

    own = getattr(function, "__name__", "")
    if own and getattr(xparray.special, own, None) is function:
        return f"special.{own}" if count(f"special.{own}") else ""
    if own and getattr(xparray, own, None) is function:
        function = getattr(np, own, None)
    if function is builtins.abs:
        function = np.absolute
    if isinstance(function, np.ufunc):
        return function.__name__ if function.nout == 1 and function.signature is None else ""
    return next((name for name in (*_ARGUMENTS, *_REDUCTIONS) if function is getattr(np, name)), "")


def count(name: str) -> int:
    """How many elements or numbers a function takes; 0 for one of `xparray.special` that takes something else besides."""
    import xparray

    if name.startswith("special."):
        parameters = inspect.signature(getattr(xparray.special, name.removeprefix("special."))).parameters.values()
        return len(parameters) if all(p.kind is p.POSITIONAL_ONLY for p in parameters) else 0
    return 2 if name == "**" else _ARGUMENTS.get(name) or getattr(np, name).nin


def _body(function: Any) -> FunctionType | None:
    """The Python function to walk through when `function` is called with elements."""
    from xparray._one_source.elementwise import Elementwise

    if isinstance(function, Elementwise):
        return function.function
    if isinstance(function, FunctionType) and str(function.__module__).partition(".")[0] not in ("numpy", "xparray"):
        return function
    return None
