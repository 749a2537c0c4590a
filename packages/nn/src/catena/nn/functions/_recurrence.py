"""A recurrent layer over whole sequences as one op, and layers of them.

The inputs of all times are multiplied with the weights at once, and so are the gradients of the weights; what is left of a time is one
product with h and the cell.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

import xparray as xp
from catena.autograd import Variable, as_array, as_variable, op
from catena.autograd import functions as F
from catena.autograd._op import Spec
from catena.nn.functions._checks import check_floating
from catena.nn.functions.connection import linear
from catena.nn.functions.noise import check_ratio, dropout
from catena.nn.functions.rectifiers import relu
from catena.nn.functions.recurrent import filled
from xparray import Array
from xparray._dispatch import describe
from xparray.kernels import activation as activations
from xparray.kernels import linear as products
from xparray.kernels import recurrent as kernels

# ------------------------------------------------------------------------------------------------------------ cells
#
# The states of a cell are (h,) or (h, c). x and y are the products of the input and of h with all gates' weights.


class _Cell(NamedTuple):
    gates: int
    states: int
    step: Callable[[Sequence[Array], Array, Array], tuple[Array, ...]]
    """The next states."""
    pull: Callable[[Sequence[Array], Sequence[Array], Array, Array], Any]
    """From the next states' cotangents, the states, x and y: the cotangents of the states, but for those through y, of x and of y."""


def _lstm_step(states: Sequence[Array], x: Array, y: Array) -> tuple[Array, ...]:
    c, h = kernels.lstm(states[1], x, y, interleaved=False)
    return h, c


def _lstm_pull(g: Sequence[Array], states: Sequence[Array], x: Array, y: Array) -> Any:
    gc, gx = kernels.lstm_grad(g[1], g[0], states[1], x, y, interleaved=False)
    return (None, gc), gx, gx


def _gru_step(states: Sequence[Array], x: Array, y: Array) -> tuple[Array, ...]:
    return (kernels.gru(states[0], x, y),)


def _gru_pull(g: Sequence[Array], states: Sequence[Array], x: Array, y: Array) -> Any:
    gh, gx, gy = kernels.gru_grad(g[0], states[0], x, y)
    return (gh,), gx, gy


def _tanh_step(states: Sequence[Array], x: Array, y: Array) -> tuple[Array, ...]:
    return (F.tanh(F.add(x, y)),)


def _tanh_pull(g: Sequence[Array], states: Sequence[Array], x: Array, y: Array) -> Any:
    h = F.tanh(F.add(x, y))
    gx = F.multiply(g[0], F.subtract(1, F.multiply(h, h)))
    return (None,), gx, gx


def _relu_step(states: Sequence[Array], x: Array, y: Array) -> tuple[Array, ...]:
    return (relu(F.add(x, y)),)


def _relu_pull(g: Sequence[Array], states: Sequence[Array], x: Array, y: Array) -> Any:
    gx = activations.relu_grad(g[0], relu(F.add(x, y)))
    return (None,), gx, gx


CELLS = {
    "lstm": _Cell(4, 2, _lstm_step, _lstm_pull),
    "gru": _Cell(3, 1, _gru_step, _gru_pull),
    "tanh": _Cell(1, 1, _tanh_step, _tanh_pull),
    "relu": _Cell(1, 1, _relu_step, _relu_pull),
}

# ------------------------------------------------------------------------------------------------- a layer, one way
#
# Arrays of all times have the rows of time 0, then those of time 1, ...; `sizes` are their numbers. With `reverse` the last time comes
# first: sequences begin one after the other, each with its own row of the first states.


@op
def recurrence(
    x: Array, W: Array, b: Array, *states: Array, cell: str, sizes: tuple[int, ...], reverse: bool = False
) -> tuple[Array, ...]:
    """The states of all times, and behind them the products of h with W, from which the gradients are computed.

    Args:
        x: products of the inputs of all times with their weights, `(sum(sizes), gates size)`.
        W: weights of h, `(gates size, size)`.
        b: bias of that product, `(gates size,)`.
        states: the first h, and the first c of a cell that has one, `(n, size)`.
        cell: "lstm", "gru", "tanh" or "relu".
        sizes: how many sequences each time has.
        reverse: begin at the last time.
    """
    step = CELLS[cell].step
    xs, now = cut_times(x, sizes), states
    found: list[Any] = [None] * len(sizes)
    for t in _order(sizes, reverse):
        before = [_of_first(s, first, sizes[t]) for s, first in zip(now, states, strict=True)]
        y = products.affine(before[0], W, b)
        now = step(before, xs[t], y)
        found[t] = (*now, y)
    return tuple(F.concat(parts) for parts in zip(*found, strict=True))


@recurrence.vjp
def _(
    g: Sequence[Array | None],
    x: Array,
    W: Array,
    states: Sequence[Array],
    out: tuple[Array, ...],
    out_spec: list[Spec],
    cell: str,
    sizes: tuple[int, ...],
    reverse: bool,
    *,
    needs: tuple[bool, ...],
) -> list[Array]:
    if any(isinstance(part, Variable) for part in g):
        # Constants too: not every library's arrays can be the left operand beside a Variable.
        x, *states = map(as_variable, (x, *states))
    gs = [cut_times(part, sizes) for part in filled(g, out_spec[:-1])]
    gys = None if g[-1] is None else cut_times(g[-1], sizes)
    *found, ys = [cut_times(part, sizes) for part in out]
    xs, order = cut_times(x, sizes), _order(sizes, reverse)
    pulled: list[Any] = [None] * len(sizes)
    befores: list[Any] = [None] * len(sizes)
    late: list[Any] = [None] * len(states)  # the cotangents that the time after hands back
    firsts: list[list[Array]] = [[] for _ in states]  # those of the rows of `states` that came in, the last rows first
    for i in range(len(order) - 1, -1, -1):
        t = order[i]
        now = [state[order[i - 1]] for state in found] if i else states
        befores[t] = [_of_first(s, first, sizes[t]) for s, first in zip(now, states, strict=True)]
        cotangents = [_sum(part[t], more) for part, more in zip(gs, late, strict=True)]
        back, gx, gy = CELLS[cell].pull(cotangents, befores[t], xs[t], ys[t])
        gy = gy if gys is None else F.add(gy, gys[t])
        pulled[t] = gx, gy
        n, m = sizes[t], now[0].shape[0] if i else 0
        for k, part in enumerate([_sum(products.product(gy, W), back[0]), *back[1:]]):
            if n > m or not i:
                firsts[k].append(part[m:, ...])
            late[k] = _padded(part[:m, ...] if n > m else part, m)
    gx = F.concat([a for a, _ in pulled])
    gy = gx if all(a is b for a, b in pulled) else F.concat([b for _, b in pulled])
    gW = products.product(gy.T, F.concat([before[0] for before in befores]))
    gstates = [_padded(F.concat(parts[::-1]), state.shape[0]) for parts, state in zip(firsts, states, strict=True)]
    return [gx, gW, products.sum_of_rows(gy), *gstates]


def _order(sizes: tuple[int, ...], reverse: bool) -> range:
    return range(len(sizes) - 1, -1, -1) if reverse else range(len(sizes))


def cut_times(x: Any, sizes: tuple[int, ...]) -> Any:
    """The rows of each time."""
    return F.split_axis(x, list(itertools.accumulate(sizes))[:-1], axis=0)


def _of_first(state: Array, first: Array, n: int) -> Array:
    """The state of n sequences: of those that are not over, or of those that begin now too."""
    m = state.shape[0]
    if m == n:
        return state
    return state[:n, ...] if m > n else F.concat((state, first[m:n, ...]))


def _sum(a: Array, b: Array | None) -> Array:
    return a if b is None else F.add(a, b)


def _padded(x: Array, n: int) -> Array:
    """x with rows of zeros behind, n in all."""
    m = x.shape[0]
    if m == n:
        return x
    return F.concat((x, xp.zeros((n - m, *x.shape[1:]), dtype=x.dtype, device=xp.device_of(x))))


# ----------------------------------------------------------------------------------------------------------- layers


def layers(
    cell: str,
    directions: int,
    n_layers: int,
    dropout_ratio: float,
    states: Sequence[Array],
    ws: Sequence[Sequence[Array]],
    bs: Sequence[Sequence[Array]],
    x: Array,
    sizes: tuple[int, ...],
) -> tuple[list[Array], Array]:
    """The states at the sequences' ends, each `(layers directions, n, size)`, and the outputs of the last layer at all times."""
    firsts = [F.unstack(state, axis=0) for state in states]
    lasts: list[list[Array]] = [[] for _ in firsts]
    for layer in range(n_layers):
        x = dropout(x, dropout_ratio) if layer and dropout_ratio else x
        ways = []
        for k in range(layer * directions, (layer + 1) * directions):
            first, reverse = [state[k] for state in firsts], k % directions == 1
            found = _layer(cell, x, sizes, first, ws[k], bs[k], reverse)
            ways.append(found[0])
            for last, s, begin in zip(lasts, found, first, strict=True):
                last.append(_at_the_end(s, begin, sizes, reverse))
        x = ways[0] if directions == 1 else F.concat(ways, axis=1)
    return [F.stack(last, axis=0) for last in lasts], x


def _layer(
    cell: str, x: Array, sizes: tuple[int, ...], first: list[Array], w: Any, b: Any, reverse: bool
) -> Sequence[Array]:
    """The states of all times."""
    gates = CELLS[cell].gates
    (W, U), (b, d) = ([F.concat(p[:gates], axis=0), F.concat(p[gates:], axis=0)] for p in (w, b))
    found: Any = recurrence(linear(x, W, b), U, d, *first, cell=cell, sizes=sizes, reverse=reverse)
    return found[:-1]


def _at_the_end(state: Array, first: Array, sizes: tuple[int, ...], reverse: bool) -> Array:
    """Of the states of all times the last of each sequence; a sequence without any time keeps its first one."""
    lengths = np.sum(np.array(sizes)[:, None] > np.arange(sizes[0]), axis=0)
    starts = np.array([0, *itertools.accumulate(sizes)])
    rows = np.arange(sizes[0]) + (0 if reverse else starts[np.maximum(lengths - 1, 0)])
    last = F.gather(state, xp.asarray(rows, device=xp.device_of(as_array(state))))
    return last if first.shape[0] == sizes[0] else F.concat((last, first[sizes[0] :, ...]))


def check_layers(
    function: str,
    cell: str,
    directions: int,
    n_layers: int,
    dropout_ratio: float,
    states: dict[str, Any],
    ws: Sequence[Sequence[Array]],
    bs: Sequence[Sequence[Array]],
    n_in: int,
) -> None:
    """Raise unless the arguments of `layers` fit together: states by name, and inputs of `n_in` features."""
    check_ratio(dropout_ratio, function)
    check_floating(function, **states)
    gates, n = CELLS[cell].gates, directions * n_layers
    h = next(iter(states.values()))
    for name, state in states.items():
        if state.ndim != 3 or state.shape[0] != n or tuple(state.shape) != tuple(h.shape):
            listed = describe(list(states), list(states.values()))
            raise ValueError(
                f"{function}: {name} does not fit ({listed}); expected ({n}, batch, size): layers times directions first"
            )
    for name, lists in (("ws", ws), ("bs", bs)):
        if len(lists) != n or any(len(part) != 2 * gates for part in lists):
            found = [len(part) for part in lists]
            raise ValueError(f"{function}: {name} has lists of {found} arrays; expected {n} lists of {2 * gates} each")
    size = h.shape[2]
    for k, j in itertools.product(range(n), range(2 * gates)):
        width = size if j >= gates else size * directions if k >= directions else n_in
        for name, p, shape in (("ws", ws[k][j], (size, width)), ("bs", bs[k][j], (size,))):
            if tuple(p.shape) != shape:
                raise ValueError(f"{function}: {name}[{k}][{j}] has shape {tuple(p.shape)}; expected {shape}")
