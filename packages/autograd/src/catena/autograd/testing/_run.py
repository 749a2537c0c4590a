"""One call on given devices: what must be true of its results there."""

from __future__ import annotations

import functools
import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

import xparray as xp
from catena.autograd._backward import backward, grad
from catena.autograd._containers import leaves, map_leaves
from catena.autograd._variable import Variable, as_array
from catena.autograd.gradient_check import is_inexact
from catena.autograd.ops.shape import to_device
from catena.autograd.testing._case import Bound, Case
from xparray import Array
from xparray._dispatch import dtype_name

Host = np.ndarray[Any, Any]


class Home(NamedTuple):
    """Where a call is tried.

    Attributes:
        name: in messages.
        devices: on which the inputs live, one after the other.
        target: where they are moved, within the graph, before the function gets them; "" where they stay.
    """

    name: str
    devices: tuple[str, ...]
    target: str = ""


# How many inputs of one call are tried alone: each costs a run, and a recurrent network has dozens.
_ALONE = 4


class Run:
    """One call at one home: checks all that can be said of the results there, and leaves their values to compare.

    The inputs are the drawn arrays themselves, with their dtypes and layouts, and read-only.
    """

    def __init__(self, name: str, bound: Bound, case: Case, home: Home) -> None:
        self.f = bound.f
        self.case = case
        self.home = home
        self.name = f"{name} on {home.name}"
        self.inputs = bound.names
        self.host = [x for x in bound.leaves if is_inexact(x)]
        devices = home.devices
        self.xs = [_placed(_read_only(x), devices[i % len(devices)]) for i, x in enumerate(bound.leaves)]
        target = home.target or devices[0]
        self.options = {name: _all_placed(value, target) for name, value in bound.options.items()}
        inexact = [i for i, x in enumerate(self.xs) if is_inexact(x)]
        self.chosen = [i for i in inexact if self.inputs[i] not in case.no_gradient]
        self.skipped = [i for i in inexact if i not in self.chosen]
        self.found: dict[str, Host] = {}

    def values(self, briefly: bool = False) -> dict[str, Host]:
        """Outputs and gradients by name, on the host; `briefly`, without what other runs of the call check."""
        arrays = [*zip(self.inputs, self.xs, strict=True), *leaves(self.options, "options")]
        before = [(name, x, _host(x).copy()) for name, x in arrays if hasattr(x, "dtype")]
        variables, ys = self._record()
        self._outputs(ys)
        outputs = [_host(y).copy() for y in ys]
        # Cotangents by the number of their output; an output that no input with a gradient reaches has none.
        gs = {
            k: _cotangent(y, k)
            for k, y in enumerate(ys)
            if is_inexact(y) and isinstance(y, Variable) and y.requires_grad
        }
        self._skipped(variables, ys, gs)
        if self.chosen and gs:
            self._leaves(variables, ys, gs)
            if not briefly and len(self.home.devices) == 1:
                self._results_between(gs)
                self._one_alone(gs)
            self._higher_orders(gs)
        for name, x, copy in before:
            if not _same(_host(x), copy):
                raise AssertionError(f"{self.name}: it changed its input {name} from {copy} to {_host(x)}")
        for k, (y, copy) in enumerate(zip(ys, outputs, strict=True)):
            if not _same(_host(y), copy):
                raise AssertionError(f"{self.name}: its gradient changed output {k} from {copy} to {_host(y)}")
        return self.found

    def _call(self, xs: Sequence[Any]) -> list[Any]:
        """The outputs for inputs that may have to be moved first."""
        if self.home.target:
            xs = [to_device(x, device=self.home.target) if hasattr(x, "shape") else x for x in xs]
        return self.f(xs, self.options)

    def _record(self, needs: Sequence[int] | None = None) -> tuple[list[Any], list[Any]]:
        """The inputs, inexact ones as Variables, and the outputs; only inputs `needs` need gradients, or all."""
        wrapped = (*self.chosen, *self.skipped)
        variables = [
            Variable(x, requires_grad=needs is None or i in needs) if i in wrapped else x for i, x in enumerate(self.xs)
        ]
        return variables, self._call(variables)

    def _outputs(self, ys: Sequence[Any]) -> None:
        """Arrays give what Variables give, bit for bit, and the dtype is that to which the inputs promote."""
        plain = self._call(self.xs)
        promoted = [dtype_name(self.xs[i].dtype) for i in (*self.chosen, *self.skipped)]
        for k, (a, y) in enumerate(zip(plain, ys, strict=True)):
            what = f"output {k}"
            _is_array(f"{self.name}: {what} of a call with arrays", a, a.shape, a.dtype, xp.device_of(a))
            if self.chosen and is_inexact(a) and not isinstance(y, Variable):
                text = f"{what} of a call with Variables is a {type(y).__name__}; expected a Variable"
                raise AssertionError(f"{self.name}: {text}")
            array = as_array(y)
            _is_array(f"{self.name}: {what} of a call with Variables", array, a.shape, a.dtype, xp.device_of(a))
            if not _same(_host(a), _host(y)):
                raise AssertionError(
                    f"{self.name}: arrays give {_host(a)}, Variables {_host(y)} as {what}; expected the same"
                )
            if self.case.keeps_dtype and promoted and is_inexact(a):
                expected = np.result_type(*map(np.dtype, promoted))
                if (
                    np.finfo(dtype_name(a.dtype)).bits != np.finfo(expected).bits
                ):  # complex numbers have those of a part
                    text = f"{what} has dtype {dtype_name(a.dtype)}; expected {expected}, to which the inputs promote"
                    raise AssertionError(f"{self.name}: {text}")
            self.found[what] = _host(a).copy()

    def _skipped(self, variables: Sequence[Any], ys: Sequence[Any], gs: dict[int, Array]) -> None:
        """What the case says to have no gradient has none."""
        if not self.skipped or not gs:
            return
        found = grad([ys[k] for k in gs], [variables[i] for i in self.skipped], list(gs.values()))
        for i, g in zip(self.skipped, found, strict=True):
            if g is not None:
                raise AssertionError(
                    f"{self.name}: the gradient in {self.inputs[i]} is {g!r}; its case says that it has none"
                )

    def _leaves(self, variables: Sequence[Any], ys: Sequence[Any], gs: dict[int, Array]) -> None:
        """A leaf's gradient has its shape, dtype and device, and is nobody else's memory."""
        backward([ys[k] for k in gs], list(gs.values()))
        for i in self.chosen:
            v, what = variables[i], f"the gradient in {self.inputs[i]}"
            _is_array(f"{self.name}: {what}", v.grad, v.shape, v.dtype, v.device)
            others = [*gs.values(), *map(as_array, (*ys, *variables))]
            others += [variables[j].grad for j in self.chosen if j != i]
            if v.grad.size and any(
                isinstance(o, np.ndarray) and o.size and np.may_share_memory(_host(v.grad), o) for o in others
            ):
                raise AssertionError(f"{self.name}: {what} shares memory with another array; expected its own")
            self.found[what] = _host(v.grad).copy()

    def _results_between(self, gs: dict[int, Array]) -> None:
        """What the rules return has shape, dtype and device before the engine fits it to a leaf."""
        between = [Variable(x) * 1 if i in self.chosen else x for i, x in enumerate(self.xs)]
        ys = self._call(between)
        found = grad([ys[k] for k in gs], [between[i] for i in self.chosen], list(gs.values()))
        of_one_dtype = len({self.xs[i].dtype for i in self.chosen}) == 1
        for i, g in zip(self.chosen, found, strict=True):
            x, what = self.xs[i], f"{self.name}: the rule for {self.inputs[i]} returned a gradient that"
            if g is None:
                raise AssertionError(f"{what} did not come: it is None")
            if tuple(g.shape) != tuple(x.shape):
                raise AssertionError(f"{what} has shape {tuple(g.shape)}; expected {tuple(x.shape)}, the input's")
            # The two host backends share memory: between them nothing moves.
            if isinstance(g, np.ndarray | np.generic) != isinstance(x, np.ndarray):
                raise AssertionError(f"{what} lives on {xp.device_of(g)}; expected {xp.device_of(x)}, the input's")
            if of_one_dtype and g.dtype != x.dtype:
                raise AssertionError(
                    f"{what} has dtype {dtype_name(g.dtype)}; expected {dtype_name(x.dtype)}, the input's"
                )

    def _one_alone(self, gs: dict[int, Array]) -> None:
        """Where one input alone needs a gradient it gets the same one, and the others none; of many inputs, a few are tried."""
        for i in self._few() if len(self.chosen) > 1 else ():
            variables, ys = self._record([i])
            reached = [k for k in gs if ys[k].requires_grad]
            backward([ys[k] for k in reached], [gs[k] for k in reached])
            for j in self.chosen:
                if i != j and variables[j].grad is not None:
                    raise AssertionError(f"{self.name}: {self.inputs[j]} needs no gradient and got {variables[j].grad}")
            g, what = variables[i].grad, f"the gradient in {self.inputs[i]}"
            if g is None or not _same(_host(g), self.found[what]):
                raise AssertionError(
                    f"{self.name}: {what} is {g} where it alone is needed; expected {self.found[what]}, as where all are"
                )

    def _few(self) -> list[int]:
        """The inputs to be tried alone: at most four, evenly spaced, of which the first depends on the call's values."""
        count = len(self.chosen)
        first = number_of(self.host)
        return (
            [self.chosen[(first + k * count // _ALONE) % count] for k in range(_ALONE)]
            if count > _ALONE
            else self.chosen
        )

    def _higher_orders(self, gs: dict[int, Array]) -> None:
        """The recorded gradients, and their gradients in the inputs and in the cotangents, fit what they belong to."""
        variables, ys = self._record()
        inputs = {self.inputs[i]: variables[i] for i in self.chosen}
        outputs, seeds = [ys[k] for k in gs], {f"the gradient of output {k}": Variable(g) for k, g in gs.items()}
        for order in range(2, self.case.order + 1):
            found = grad(outputs, list(inputs.values()), list(seeds.values()), create_graph=True)
            for (name, v), g in zip(inputs.items(), found, strict=True):
                if g is not None:
                    what = f"{self.name}: the recorded gradient{_of(order - 1)} in {name}"
                    _is_array(what, as_array(g), v.shape, v.dtype, v.device)
            inputs |= seeds
            outputs = [g for g in found if g is not None and g.requires_grad]
            if not outputs:
                break
            seeds = {
                f"the gradient of gradient {k}{_of(order - 1)}": Variable(_cotangent(g, order + k))
                for k, g in enumerate(outputs)
            }
            last = grad(outputs, list(inputs.values()), [as_array(g) for g in seeds.values()])
            for (name, v), g in zip(inputs.items(), last, strict=True):
                if g is not None:
                    what = f"the gradient{_of(order)} in {name}"
                    _is_array(f"{self.name}: {what}", g, v.shape, v.dtype, v.device)
                    self.found[what] = _host(g).copy()


def _of(order: int) -> str:
    return "" if order == 1 else f" of order {order}"


def _read_only(x: Any) -> Any:
    if not isinstance(x, np.ndarray):
        return x
    view = x.view()
    view.flags.writeable = False
    return view


def _placed(x: Any, device: str) -> Any:
    return xp.to_device(x, device) if isinstance(x, np.ndarray) and device != "numpy" else x


def _all_placed(x: Any, device: str) -> Any:
    """An option with its arrays on `device`."""
    return map_leaves(lambda path, leaf: _placed(leaf, device), x, "")


def number_of(arrays: Sequence[Host]) -> int:
    """A number that the values choose, the same for the same call."""
    return functools.reduce(lambda crc, x: zlib.crc32(x.tobytes(), crc), arrays, 0)


def cotangents(ys: Sequence[Any]) -> list[Array]:
    """A cotangent an output."""
    return [_cotangent(y, k) for k, y in enumerate(ys)]


def _cotangent(y: Any, salt: int) -> Array:
    """A read-only cotangent of y's dtype, where it lives: multiples of 1/8 of both signs, which every dtype holds."""
    array = as_array(y)
    return xp.to_device(_eighths(tuple(array.shape), dtype_name(array.dtype), salt), xp.device_of(array))


@functools.lru_cache
def _eighths(shape: tuple[int, ...], dtype: str, salt: int) -> Host:
    rng = np.random.default_rng(salt)
    parts = [rng.integers(4, 9, shape) * rng.choice([-1, 1], shape) / 8 for _ in range(2)]
    values = np.asarray(parts[0] + 1j * parts[1] if dtype.startswith("complex") else parts[0])
    return _read_only(values.astype(dtype))


def _host(x: Any) -> Host:
    array = as_array(x)
    return array if type(array) is np.ndarray else np.asarray(xp.to_device(array, "numpy"))


def _same(a: Host, b: Host) -> bool:
    """Whether the arrays are the same, NaN being NaN."""
    return bool(np.array_equal(a, b, equal_nan=a.dtype.kind in "fc"))


def _is_array(what: str, x: Any, shape: Any, dtype: Any, device: Any) -> None:
    """An array of a backend, no NumPy scalar, of the given shape, dtype and device."""
    if x is None:
        raise AssertionError(f"{what} did not come: it is None")
    if isinstance(x, np.generic):
        raise AssertionError(f"{what} is a NumPy scalar, {x!r}; expected a 0-d array")
    if tuple(x.shape) != tuple(shape):
        raise AssertionError(f"{what} has shape {tuple(x.shape)}; expected {tuple(shape)}")
    if x.dtype != dtype:
        raise AssertionError(f"{what} has dtype {dtype_name(x.dtype)}; expected {dtype_name(dtype)}")
    if xp.device_of(x) != device:
        raise AssertionError(f"{what} lives on {xp.device_of(x)}; expected {device}")
