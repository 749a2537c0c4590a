"""Recurrent networks over whole sequences, in layers, forward or in both directions.

Sequences of different lengths come time by time: xs[t], `(n_t, n_in)`, has what the sequences that are not over yet have at time t, the
longest first, so that n_t never grows; `F.transpose_sequence` makes it of sequences. A layer multiplies the inputs of all times with its
weights at once, and so it does for the gradients of the weights; what is left of a time is one product with h and the cell.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

import xparray as xp
from catena.autograd import Variable, as_array, as_variable, op
from catena.autograd import functions as F
from catena.autograd._op import Spec
from catena.nn.functions._checks import check_choice, check_floating
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
    xs, now = _cut(x, sizes), states
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
    gs = [_cut(part, sizes) for part in filled(g, out_spec[:-1])]
    gys = None if g[-1] is None else _cut(g[-1], sizes)
    *found, ys = [_cut(part, sizes) for part in out]
    xs, order = _cut(x, sizes), _order(sizes, reverse)
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


def _cut(x: Any, sizes: tuple[int, ...]) -> Any:
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


def _n_step(
    function: str,
    cell: str,
    directions: int,
    n_layers: int,
    dropout_ratio: float,
    states: dict[str, Array],
    ws: Sequence[Sequence[Array]],
    bs: Sequence[Sequence[Array]],
    xs: Sequence[Array],
) -> Any:
    """The states at the sequences' ends, each `(layers directions, n, size)`, and the outputs of the last layer, a list over times."""
    check_ratio(dropout_ratio, function)
    _check(function, CELLS[cell].gates, directions, n_layers, states, ws, bs, xs)
    sizes = tuple(int(x.shape[0]) for x in xs)
    firsts = [F.unstack(state, axis=0) for state in states.values()]
    lasts: list[list[Array]] = [[] for _ in firsts]
    y = F.concat(xs, axis=0)
    for layer in range(n_layers):
        y = dropout(y, dropout_ratio) if layer and dropout_ratio else y
        ways = []
        for k in range(layer * directions, (layer + 1) * directions):
            first, reverse = [state[k] for state in firsts], k % directions == 1
            found = _layer(cell, y, sizes, first, ws[k], bs[k], reverse)
            ways.append(found[0])
            for last, s, begin in zip(lasts, found, first, strict=True):
                last.append(_at_the_end(s, begin, sizes, reverse))
        y = ways[0] if directions == 1 else F.concat(ways, axis=1)
    return (*(F.stack(last, axis=0) for last in lasts), list(_cut(y, sizes)))


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


def _check(
    function: str, gates: int, directions: int, n_layers: int, states: dict[str, Any], ws: Any, bs: Any, xs: Any
) -> None:
    """Raise unless the arguments of `function` fit together."""
    n = directions * n_layers
    if isinstance(xs, np.ndarray) or not isinstance(xs, Sequence) or not xs:
        raise ValueError(f"{function}: xs is {xs!r:.60}; expected a list with an array (n, n_in) for each time")
    check_floating(function, **states, **{f"xs[{t}]": x for t, x in enumerate(xs)})
    h = next(iter(states.values()))
    for name, state in states.items():
        if state.ndim != 3 or state.shape[0] != n or tuple(state.shape) != tuple(h.shape):
            listed = describe(list(states), list(states.values()))
            raise ValueError(
                f"{function}: {name} does not fit ({listed}); expected ({n}, batch, size): layers times directions first"
            )
    most = h.shape[1]
    for t, x in enumerate(xs):
        if x.ndim != 2 or x.shape[0] > most or x.shape[1] != xs[0].shape[1]:
            raise ValueError(
                f"{function}: xs[{t}] has shape {tuple(x.shape)}; expected (n, {xs[0].shape[-1]}) with n at most {most}, "
                "the longest sequences first"
            )
        most = x.shape[0]
    size = h.shape[2]
    for name, lists in (("ws", ws), ("bs", bs)):
        if len(lists) != n or any(len(part) != 2 * gates for part in lists):
            found = [len(part) for part in lists]
            raise ValueError(f"{function}: {name} has lists of {found} arrays; expected {n} lists of {2 * gates} each")
    for k, j in itertools.product(range(n), range(2 * gates)):
        width = size if j >= gates else size * directions if k >= directions else xs[0].shape[1]
        for name, p, shape in (("ws", ws[k][j], (size, width)), ("bs", bs[k][j], (size,))):
            if tuple(p.shape) != shape:
                raise ValueError(f"{function}: {name}[{k}][{j}] has shape {tuple(p.shape)}; expected {shape}")


# -------------------------------------------------------------------------------------------------------- functions


def n_step_lstm(
    n_layers: int,
    dropout_ratio: float,
    hx: Array,
    cx: Array,
    ws: Sequence[Sequence[Array]],
    bs: Sequence[Sequence[Array]],
    xs: Sequence[Array],
) -> tuple[Array, Array, list[Array]]:
    """Layers of LSTMs over sequences: c' = sigmoid(f) c + sigmoid(i) tanh(a) and h' = sigmoid(o) tanh(c') at each time.

    With the weights and biases 0 to 7 of a layer, i = w0 x + w4 h + b0 + b4, f = w1 x + w5 h + b1 + b5, a = w2 x + w6 h + b2 + b6 and
    o = w3 x + w7 h + b3 + b7.

    Args:
        n_layers: the number of layers, of which each takes the h of the one before as its x.
        dropout_ratio: the ratio of `F.dropout` between the layers.
        hx: the first h, `(n_layers, n, size)`.
        cx: the first c, of that shape.
        ws: for each layer a list of 8 matrices, `(size, size)`, those for x `(size, n_in)` in the first layer.
        bs: for each layer a list of 8 vectors, `(size,)`.
        xs: the input at each time, `(n_t, n_in)`, of the sequences that are not over, the longest first: n_t never grows.

    Returns:
        h and c at the end of each sequence, `(n_layers, n, size)`, and a list with the h of the last layer at each time, `(n_t, size)`.

    Raises:
        TypeError: an argument is no array, or not floating.
        ValueError: shapes do not fit together, or the ratio is no such probability.

    Source: see `F.lstm`.

    Example:
        >>> hx = np.zeros((1, 2, 3))
        >>> ws = [[np.zeros((3, 4))] * 4 + [np.zeros((3, 3))] * 4]
        >>> hy, cy, ys = n_step_lstm(1, 0.5, hx, hx + 1, ws, [[np.zeros(3)] * 8], [np.ones((2, 4)), np.ones((1, 4))])
        >>> cy[0, :, 0].tolist(), [y.shape for y in ys]  # the longer sequence forgets twice
        ([0.25, 0.5], [(2, 3), (1, 3)])
    """
    return _n_step("n_step_lstm", "lstm", 1, n_layers, dropout_ratio, {"hx": hx, "cx": cx}, ws, bs, xs)


def n_step_bilstm(
    n_layers: int,
    dropout_ratio: float,
    hx: Array,
    cx: Array,
    ws: Sequence[Sequence[Array]],
    bs: Sequence[Sequence[Array]],
    xs: Sequence[Array],
) -> tuple[Array, Array, list[Array]]:
    """`n_step_lstm` in both directions: a layer's output is the h of the one that goes forward, and beside it of the one that goes back.

    Args:
        n_layers: the number of layers.
        dropout_ratio: the ratio of `F.dropout` between the layers.
        hx: the first h, `(2 n_layers, n, size)`: forward and back of the first layer, then of the next.
        cx: the first c, of that shape.
        ws: for each row of hx a list of 8 matrices, `(size, size)`, those for x `(size, n_in)` in the first layer, `(size, 2 size)` above.
        bs: for each row of hx a list of 8 vectors, `(size,)`.
        xs: as in `n_step_lstm`.

    Returns:
        h and c at the end of each sequence, or back at its beginning, `(2 n_layers, n, size)`, and a list of `(n_t, 2 size)`.

    Raises:
        TypeError: an argument is no array, or not floating.
        ValueError: shapes do not fit together, or the ratio is no such probability.

    Source: M. Schuster, K. K. Paliwal, Bidirectional Recurrent Neural Networks, IEEE Transactions on Signal Processing 45(11), 1997.

    Example:
        >>> hx, w = np.zeros((2, 2, 3)), [np.zeros((3, 4))] * 4 + [np.zeros((3, 3))] * 4
        >>> hy, cy, ys = n_step_bilstm(1, 0.5, hx, hx, [w, w], [[np.zeros(3)] * 8] * 2, [np.ones((2, 4)), np.ones((1, 4))])
        >>> cy.shape, [y.shape for y in ys]
        ((2, 2, 3), [(2, 6), (1, 6)])
    """
    return _n_step("n_step_bilstm", "lstm", 2, n_layers, dropout_ratio, {"hx": hx, "cx": cx}, ws, bs, xs)


def n_step_gru(
    n_layers: int,
    dropout_ratio: float,
    hx: Array,
    ws: Sequence[Sequence[Array]],
    bs: Sequence[Sequence[Array]],
    xs: Sequence[Array],
) -> tuple[Array, list[Array]]:
    """Layers of GRUs over sequences: h' = (1 - z) a + z h at each time.

    With the weights and biases 0 to 5 of a layer, r = sigmoid(w0 x + w3 h + b0 + b3), z = sigmoid(w1 x + w4 h + b1 + b4) and
    a = tanh(w2 x + b2 + r (w5 h + b5)).

    Args:
        n_layers: the number of layers, of which each takes the h of the one before as its x.
        dropout_ratio: the ratio of `F.dropout` between the layers.
        hx: the first h, `(n_layers, n, size)`.
        ws: for each layer a list of 6 matrices, `(size, size)`, those for x `(size, n_in)` in the first layer.
        bs: for each layer a list of 6 vectors, `(size,)`.
        xs: the input at each time, `(n_t, n_in)`, of the sequences that are not over, the longest first: n_t never grows.

    Returns:
        h at the end of each sequence, `(n_layers, n, size)`, and a list with the h of the last layer at each time, `(n_t, size)`.

    Raises:
        TypeError: an argument is no array, or not floating.
        ValueError: shapes do not fit together, or the ratio is no such probability.

    Source: K. Cho et al., Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation, EMNLP 2014,
    with the reset gate applied after the product, as in cuDNN.

    Example:
        >>> ws = [[np.zeros((3, 4))] * 3 + [np.zeros((3, 3))] * 3]
        >>> hy, ys = n_step_gru(1, 0.5, np.ones((1, 2, 3)), ws, [[np.zeros(3)] * 6], [np.ones((2, 4)), np.ones((1, 4))])
        >>> hy[0, :, 0].tolist(), [y.shape for y in ys]
        ([0.25, 0.5], [(2, 3), (1, 3)])
    """
    return _n_step("n_step_gru", "gru", 1, n_layers, dropout_ratio, {"hx": hx}, ws, bs, xs)


def n_step_bigru(
    n_layers: int,
    dropout_ratio: float,
    hx: Array,
    ws: Sequence[Sequence[Array]],
    bs: Sequence[Sequence[Array]],
    xs: Sequence[Array],
) -> tuple[Array, list[Array]]:
    """`n_step_gru` in both directions; shapes and order are those of `n_step_bilstm`.

    Example:
        >>> hx, w = np.zeros((2, 2, 3)), [np.zeros((3, 4))] * 3 + [np.zeros((3, 3))] * 3
        >>> hy, ys = n_step_bigru(1, 0.5, hx, [w, w], [[np.zeros(3)] * 6] * 2, [np.ones((2, 4)), np.ones((1, 4))])
        >>> hy.shape, [y.shape for y in ys]
        ((2, 2, 3), [(2, 6), (1, 6)])
    """
    return _n_step("n_step_bigru", "gru", 2, n_layers, dropout_ratio, {"hx": hx}, ws, bs, xs)


def n_step_rnn(
    n_layers: int,
    dropout_ratio: float,
    hx: Array,
    ws: Sequence[Sequence[Array]],
    bs: Sequence[Sequence[Array]],
    xs: Sequence[Array],
    activation: Literal["tanh", "relu"] = "tanh",
) -> tuple[Array, list[Array]]:
    """Layers of plain recurrent networks over sequences: h' = activation(w0 x + w1 h + b0 + b1) at each time.

    Args:
        n_layers: the number of layers, of which each takes the h of the one before as its x.
        dropout_ratio: the ratio of `F.dropout` between the layers.
        hx: the first h, `(n_layers, n, size)`.
        ws: for each layer a list of 2 matrices, `(size, size)`, that for x `(size, n_in)` in the first layer.
        bs: for each layer a list of 2 vectors, `(size,)`.
        xs: the input at each time, `(n_t, n_in)`, of the sequences that are not over, the longest first: n_t never grows.
        activation: "tanh" or "relu".

    Returns:
        h at the end of each sequence, `(n_layers, n, size)`, and a list with the h of the last layer at each time, `(n_t, size)`.

    Raises:
        TypeError: an argument is no array, or not floating.
        ValueError: shapes do not fit together, the activation is unknown, or the ratio is no such probability.

    Source: J. L. Elman, Finding Structure in Time, Cognitive Science 14(2), 1990.

    Example:
        >>> ws, bs = [[np.ones((1, 1))] * 2], [[np.zeros(1)] * 2]
        >>> hy, ys = n_step_rnn(1, 0.5, np.zeros((1, 2, 1)), ws, bs, [np.ones((2, 1)), np.ones((1, 1))], "relu")
        >>> hy[0, :, 0].tolist(), [y.shape for y in ys]
        ([2.0, 1.0], [(2, 1), (1, 1)])
    """
    check_choice("n_step_rnn", "activation", activation, "tanh", "relu")
    return _n_step("n_step_rnn", activation, 1, n_layers, dropout_ratio, {"hx": hx}, ws, bs, xs)


def n_step_birnn(
    n_layers: int,
    dropout_ratio: float,
    hx: Array,
    ws: Sequence[Sequence[Array]],
    bs: Sequence[Sequence[Array]],
    xs: Sequence[Array],
    activation: Literal["tanh", "relu"] = "tanh",
) -> tuple[Array, list[Array]]:
    """`n_step_rnn` in both directions; shapes and order are those of `n_step_bilstm`.

    Example:
        >>> hx, w = np.zeros((2, 2, 3)), [np.zeros((3, 4)), np.zeros((3, 3))]
        >>> hy, ys = n_step_birnn(1, 0.5, hx, [w, w], [[np.zeros(3)] * 2] * 2, [np.ones((2, 4)), np.ones((1, 4))])
        >>> hy.shape, [y.shape for y in ys]
        ((2, 2, 3), [(2, 6), (1, 6)])
    """
    check_choice("n_step_birnn", "activation", activation, "tanh", "relu")
    return _n_step("n_step_birnn", activation, 2, n_layers, dropout_ratio, {"hx": hx}, ws, bs, xs)
