"""One call of a function on Variables of its own: what every transform begins with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

import xparray as xp
from catena.autograd import functions as F
from catena.autograd._backward import _fitted, _gradient_dtype
from catena.autograd._backward import grad as gradients
from catena.autograd._checkpoint import alias, parted
from catena.autograd._config import TRANSFORMED, force_backprop_mode, recording
from catena.autograd._containers import leaves, map_leaves, matching, refilled
from catena.autograd._node import NEXT, Node
from catena.autograd._variable import Variable, as_array, as_variable, variable
from xparray import Array
from xparray._dispatch import SCALARS, dtype_name


class Run:
    """A call of `f` with Variables in the place of the arguments `argnums`.

    Args:
        transform: its name, which messages begin with.
        f: the function.
        args: its arguments by position.
        kwargs: its arguments by name.
        argnums: one position, or a sequence of them.
        has_aux: `f` returns a tuple of its result and something more.

    Attributes:
        function: the name of `f`.
        inputs: the arguments `argnums`, with Variables for their arrays.
        xs: these Variables, each with its path.
        y: the result of `f`.
        aux: what it returned besides; arrays for Variables that do not depend on anything outside.
        is_recorded: derivatives are recorded, since the result depends on Variables outside.
    """

    def __init__(
        self,
        transform: str,
        f: Callable[..., Any],
        args: Sequence[Any],
        kwargs: dict[str, Any],
        argnums: int | Sequence[int] = 0,
        has_aux: bool = False,
    ) -> None:
        self.transform = transform
        self.function = str(getattr(f, "__name__", type(f).__name__))
        numbers = self._positions(argnums, len(args))
        self._is_single = isinstance(argnums, int)
        is_recording = recording()
        may_be_recorded = is_recording and (
            TRANSFORMED.get() or any(_node_of(v) is not None for _, v in leaves((args, kwargs), ""))
        )
        since = NEXT()
        self.xs: list[tuple[str, Variable]] = []

        def entered(path: str, x: Any) -> Variable:
            v = self._entered(path, x)
            self.xs.append((path, v))
            return v

        self.inputs = tuple(map_leaves(entered, args[i], f"argument {i}") for i in numbers)
        given = list(args)
        for i, x in zip(numbers, self.inputs, strict=True):
            given[i] = x
        token = TRANSFORMED.set(True)
        try:
            with nullcontext() if is_recording else force_backprop_mode():
                result = f(*given, **kwargs)
        finally:
            TRANSFORMED.reset(token)

        def depends(tree: Any) -> bool:
            """Whether a Variable of the tree depends on a node from before the call."""
            nodes = [node for _, v in leaves(tree, "") if (node := _node_of(v)) is not None]
            return may_be_recorded and bool(parted(nodes, lambda n: n.seq < since)[1])

        self.y, aux = self._with_aux(result) if has_aux else (result, None)
        self.aux: Any = map_leaves(lambda path, v: v if depends(v) else as_array(v), aux, "")
        self.is_recorded = depends(self.y)

    def _entered(self, path: str, x: Any) -> Variable:
        if not _is_array(x):
            raise TypeError(
                f"{self.transform}: {path} of {self.function} is of type {type(x).__name__}; expected an array, a number, or "
                "dicts, lists and tuples of them; leave out of argnums what is not differentiated"
            )
        outer = _node_of(x)
        if outer is None:
            return Variable(as_array(x))
        # A node of its own: the same Variable may be captured, or another argument too, and its gradient there is not meant.
        node = alias(outer)
        node.dtype, node.device = x.dtype, x.device
        return variable(x.array, node)

    def _positions(self, argnums: Any, count: int) -> list[int]:
        """The positions of the arguments to differentiate in, counted from 0."""
        numbers = list(argnums) if isinstance(argnums, Sequence) else [argnums]
        if not all(isinstance(n, int) and -count <= n < count for n in numbers):
            raise ValueError(
                f"{self.transform}: argnums is {argnums!r}, and {self.function} was called with {count} positional arguments; "
                "give by position what is differentiated"
            )
        positions = [n % count for n in numbers]
        if len(set(positions)) < len(positions):
            raise ValueError(f"{self.transform}: argnums is {argnums!r}; expected each position once")
        return positions

    def _with_aux(self, result: Any) -> tuple[Any, Any]:
        if not isinstance(result, tuple) or len(result) != 2:
            raise TypeError(
                f"{self.transform}: {self.function} returned {_described(result)}; "
                "with has_aux=True it returns a tuple of two: its result and the rest"
            )
        return result

    @property
    def value(self) -> Any:
        """The result for the caller: arrays, or Variables where they depend on something outside."""
        return self.y if self.is_recorded else map_leaves(lambda path, v: as_array(v), self.y, "")

    def outputs(self) -> list[tuple[str, Variable]]:
        """Each array of the result, as a Variable, with its path."""
        found = leaves(self.y, "the result")
        for path, y in found:
            if not _is_array(y):
                raise TypeError(
                    f"{self.transform}: {path} of {self.function} is of type {type(y).__name__}; expected arrays, numbers, or "
                    "dicts, lists and tuples of them; return what is none of these with has_aux=True"
                )
        return [(path, as_variable(y)) for path, y in found]

    def single(self) -> Variable:
        """The result, which must be one real number."""
        y, returned = self.y, f"{self.transform}: {self.function} returned"
        if not _is_array(y):
            hint = "; return what comes besides it with has_aux=True" if isinstance(y, tuple) else ""
            raise TypeError(f"{returned} {_described(y)}; expected a single number{hint}")
        y = as_variable(y)
        kind = dtype_name(y.dtype)
        if y.size != 1:
            raise ValueError(
                f"{returned} an array of shape {y.shape}; expected a single number; sum it, or use jacobian or vjp"
            )
        if kind.startswith("complex"):
            raise TypeError(
                f"{returned} a {kind}; expected a real number; take its real part, or use jacobian for the complex derivative"
            )
        if hasattr(self.y, "dtype") and y.node is None and not kind.startswith("float"):
            raise TypeError(
                f"{returned} an array of dtype {kind}, as comparisons and argmax do, which has no gradient; "
                "return a floating one"
            )
        return y

    def pulled(self, ys: Sequence[Variable], cotangents: Sequence[Any], create_graph: bool) -> list[Any]:
        """The cotangents of `xs` from those of `ys` (None: 1); zeros in what these do not depend on."""
        xs = [x for _, x in self.xs]
        pairs = [(y, g) for y, g in zip(ys, cotangents, strict=True) if y.node is not None]
        gs = (
            gradients([y for y, _ in pairs], xs, [g for _, g in pairs], create_graph=create_graph)
            if pairs
            else [None] * len(xs)
        )
        gs = [zeros_for(x) if g is None else fitted(x, g) for x, g in zip(xs, gs, strict=True)]
        return [as_variable(g) for g in gs] if create_graph else gs

    def by_argument(self, values: Sequence[Any]) -> Any:
        """One value for each of `xs`, built as the arguments are; no tuple where `argnums` is one position."""
        trees: tuple[Any, ...] = refilled(self.inputs, iter(values))
        return trees[0] if self._is_single else trees

    def tangents(self, given: Any) -> list[Variable]:
        """The tangents that were given, one an x."""
        found = matching(self.transform, given, self.inputs, "tangents", "primals")
        return [self.seed(path, t, x) for (path, t), (_, x) in zip(found, self.xs, strict=True)]

    def seed(self, path: str, g: Any, like: Variable) -> Variable:
        """A cotangent or tangent that was given, in the dtype of gradients of `like`."""
        wrong = f"{self.transform}: {path}"
        if not _is_array(g):
            raise TypeError(f"{wrong} is of type {type(g).__name__}; expected an array of shape {like.shape}")
        g = as_variable(g) if hasattr(g, "dtype") else variable(xp.asarray(g, device=like.device), None)
        if g.shape != like.shape:
            raise ValueError(f"{wrong} has shape {g.shape}; expected {like.shape}, the shape of what it belongs to")
        if g.device != like.device and not (_is_on_host(g) and _is_on_host(like)):
            raise ValueError(
                f"{wrong} lives on {g.device}; expected {like.device}; move it with xp.to_device(x, {str(like.device)!r})"
            )
        if is_complex(g) and not is_complex(like):
            raise TypeError(f"{wrong} is complex, what it belongs to is {dtype_name(like.dtype)}; expected a real one")
        dtype = _gradient_dtype(like.dtype, like.array)
        return g if g.dtype == dtype else F.astype(g, dtype=dtype)

    def records(self, seeds: Sequence[Variable]) -> bool:
        """Whether derivatives with these cotangents or tangents are recorded."""
        return self.is_recorded or (recording() and any(g.requires_grad for g in seeds))


class Pushing:
    """Forward mode: the vjp of a run, recorded as a function of its cotangents, in which it is linear."""

    def __init__(self, run: Run, outputs: Sequence[Variable]) -> None:
        # At a pole the walk divides 1 by 0, as every backward does, and not 0 by 0.
        self.cotangents = [ones_for(y) for y in outputs]
        self.pulled = run.pulled(outputs, self.cotangents, create_graph=True)

    def pushed(self, tangents: Sequence[Any], create_graph: bool) -> list[Any]:
        """The derivatives of the outputs along `tangents`, one an argument; None stands for zeros."""
        pairs = [(p, t) for p, t in zip(self.pulled, tangents, strict=True) if p.requires_grad and t is not None]
        ts = (
            gradients([p for p, _ in pairs], self.cotangents, [t for _, t in pairs], create_graph=create_graph)
            if pairs
            else [None] * len(self.cotangents)
        )
        ts = [zeros_for(g) if t is None else t for g, t in zip(self.cotangents, ts, strict=True)]
        return [as_variable(t) for t in ts] if create_graph else ts


def checked_function(transform: str, f: Any) -> Callable[..., Any]:
    """`f`, which must be a function."""
    if not callable(f):
        hint = (
            "; for the gradients of outputs that exist already there is catena.autograd.grad"
            if transform == "grad"
            else ""
        )
        raise TypeError(f"{transform}: f is of type {type(f).__name__}; expected a function{hint}")
    return f


def checked_tuple(transform: str, name: str, values: Any) -> tuple[Any, ...]:
    """`values`, which must be a tuple or a list with one an argument."""
    if not isinstance(values, list | tuple):
        raise TypeError(
            f"{transform}: {name} is of type {type(values).__name__}; expected a tuple with one for each argument, such as (x,)"
        )
    return tuple(values)


def ones_for(v: Variable) -> Variable:
    """A leaf with a gradient of `v` of ones."""
    return Variable(xp.ones_like(v.array, dtype=_gradient_dtype(v.dtype, v.array)))


def zeros_for(v: Variable) -> Array:
    """A gradient of `v` of zeros."""
    return xp.zeros_like(v.array, dtype=_gradient_dtype(v.dtype, v.array))


def fitted(v: Variable, g: Any) -> Any:
    """A gradient of `v` on its device and in the dtype of its gradients."""
    return g if v.node is None else _fitted(v.node, g)


def is_complex(v: Variable) -> bool:
    """Whether the array is complex."""
    return dtype_name(v.dtype).startswith("complex")


def _is_on_host(v: Variable) -> bool:
    return xp.get_backend(v.device.backend).is_host


def _is_array(x: Any) -> bool:
    return x is not None and (hasattr(x, "dtype") or type(x) in SCALARS)


def _node_of(x: Any) -> Node | None:
    return x.node if isinstance(x, Variable) else None


def _described(y: Any) -> str:
    if isinstance(y, list | tuple):
        return f"a {type(y).__name__} of {len(y)}"
    return "None" if y is None else f"a {type(y).__name__}"
