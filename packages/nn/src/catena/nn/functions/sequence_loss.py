"""Losses of sequences: of labels without a place in time, and of labels that depend on the one before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

import xparray as xp
from catena.autograd import as_array
from catena.autograd import functions as F
from catena.nn._arrays import dtype_of
from catena.nn.functions._checks import check_arrays, check_axes, check_choice, check_integers, check_range, reduced
from catena.nn.functions.activation import log_softmax
from xparray import Array, device_of

# The logarithm of a probability that is 0: large enough to vanish, small enough that differences of sums of it are numbers.
NEVER = -1e30

# -------------------------------------------------------------------------------------------- without times


def connectionist_temporal_classification(
    x: Sequence[Array] | Array,
    t: Array,
    blank_symbol: int,
    input_length: Array | None = None,
    label_length: Array | None = None,
    reduce: Literal["mean", "no"] = "mean",
) -> Array:
    """-log(p(t | x)): of all ways to spread the labels t over time, with blanks between them and repeats of each.

    softmax(x[i]) are the probabilities of the symbols at time i; a way's probability is their product; ways that give t, once repeats
    are made one and then blanks are left out, are summed.

    Args:
        x: scores, a list with `(n, n_symbol)` for each time, or one array `(n_time, n, n_symbol)`.
        t: labels, integers, `(n, n_label)`.
        blank_symbol: which of the symbols is the blank; no label.
        input_length: how many times of each example count, `(n,)`; all unless given.
        label_length: how many labels of each example count, `(n,)`; all unless given.
        reduce: "mean" for one number, "no" for the losses, `(n,)`.

    Raises:
        TypeError: labels or lengths are no integers, or an argument is no array.
        ValueError: shapes do not fit together, a label or a length is out of range, there are fewer times than labels with the
            blanks between equal ones, or `reduce` is unknown.

    Source: A. Graves et al., Connectionist Temporal Classification: Labelling Unsegmented Sequence Data with Recurrent Neural
    Networks, ICML 2006.

    Example:
        >>> import numpy as np
        >>> x = np.zeros((2, 1, 2))  # two times, two symbols
        >>> loss = connectionist_temporal_classification(x, np.array([[1]]), 0)
        >>> round(float(np.exp(-loss)), 4)  # 1 1, 1 0 and 0 1
        0.75
    """
    function = "connectionist_temporal_classification"
    check_choice(function, "reduce", reduce, "mean", "no")
    if isinstance(x, Sequence):
        check_arrays(function, **{f"x[{i}]": part for i, part in enumerate(x)})
        if not x:
            raise ValueError(f"{function}: x is empty; expected scores (n, n_symbol) for each time")
        x = F.stack(x, axis=0)
    check_arrays(function, x=x, t=t)
    check_axes(function, "x", x, "n_time", "n", "n_symbol")
    n_time, n, n_symbol = x.shape
    t = as_array(t)
    check_axes(function, "t", t, "n", "n_label")
    check_integers(function, "t", t, (n, t.shape[1]))
    n_label = t.shape[1]
    device = device_of(t)
    times = _lengths(function, "input_length", input_length, n_time, t)
    labels = _lengths(function, "label_length", label_length, n_label, t)
    if not 0 <= blank_symbol < n_symbol:
        raise ValueError(f"{function}: blank_symbol is {blank_symbol}, x has {n_symbol} symbols; expected one of them")
    counts = xp.arange(n_label, dtype=t.dtype, device=device) < xp.expand_dims(labels, axis=1)
    t = xp.where(counts, t, blank_symbol)
    check_range(function, "t", t, 0, n_symbol - 1)
    _check_times(function, t, counts, times, labels, blank_symbol)

    half = dtype_of(x).itemsize == 2  # float16 has no number that is small enough
    logp = log_softmax(F.astype(x, dtype="float32") if half else x, axis=2)
    # The states: blank, label, blank, label, ..., blank. One follows itself, the one before, or the label before another label.
    blanks = xp.full((n, n_label, 1), blank_symbol, dtype=t.dtype, device=device)
    states = xp.reshape(xp.concat((blanks, xp.expand_dims(t, axis=2)), axis=2), (n, 2 * n_label))
    states = xp.concat((states, xp.full((n, 1), blank_symbol, dtype=t.dtype, device=device)), axis=1)
    blanks = xp.full((n, 2), blank_symbol, dtype=t.dtype, device=device)
    skips = (states != blank_symbol) & (states != xp.concat((blanks, states), axis=1)[:, :-2])
    place = xp.arange(2 * n_label + 1, dtype=t.dtype, device=device)
    logps = F.unstack(F.take_along_axis(logp, xp.broadcast_to(states, (n_time, *states.shape)), axis=2), axis=0)
    never = xp.full((n, 2), NEVER, dtype=logp.dtype, device=device)
    alpha = F.where(place < 2, logps[0], NEVER)
    for i in range(1, n_time):
        before = F.concat((never, alpha), axis=1)
        steps = F.stack((before[:, 2:], before[:, 1:-1], F.where(skips, before[:, :-2], NEVER)), axis=0)
        after = F.add(F.logsumexp(steps, axis=0), logps[i])
        alpha = F.where(xp.expand_dims(times, axis=1) > i, after, alpha)
    last = xp.expand_dims(2 * labels, axis=1)
    losses = -F.logsumexp(F.where((place == last) | (place == last - 1), alpha, NEVER), axis=1)
    losses = reduced(losses, reduce, n)
    return F.astype(losses, dtype=x.dtype) if half else losses


def _lengths(function: str, name: str, lengths: Array | None, most: int, t: Array) -> Array:
    """The lengths beside the labels, in their dtype; `most` where none are given."""
    n = t.shape[0]
    if lengths is None:
        return xp.full((n,), most, dtype=t.dtype, device=device_of(t))
    lengths = as_array(lengths)
    check_arrays(function, **{name: lengths})
    check_integers(function, name, lengths, (n,))
    check_range(function, name, lengths, 1 if name == "input_length" else 0, most)
    return xp.astype(xp.to_device(lengths, device_of(t)), t.dtype, copy=False)


def _check_times(function: str, t: Array, counts: Array, times: Array, labels: Array, blank_symbol: int) -> None:
    """Raise ValueError where a label is the blank, or there are fewer times than it takes to spread the labels."""
    on_host = [np.asarray(xp.to_device(v, "numpy")) for v in (t, counts, times, labels)]
    t, counts, times, labels = on_host
    blank = np.argwhere(counts & (t == blank_symbol))
    if blank.size:
        i, j = map(int, blank[0])
        raise ValueError(f"{function}: t[{i}, {j}] is {blank_symbol}, the blank_symbol; leave blanks out of the labels")
    repeats = np.sum((t[:, 1:] == t[:, :-1]) & counts[:, 1:], axis=1)
    short = np.flatnonzero(labels + repeats > times)
    if short.size:
        i = int(short[0])
        raise ValueError(
            f"{function}: example {i} has {int(times[i])} times, its {int(labels[i])} labels with {int(repeats[i])} blanks between "
            f"equal ones take {int(labels[i] + repeats[i])}; leave such examples out"
        )


# ----------------------------------------------------------------------------------------- conditional fields
#
# cost: `(n_label, n_label)`, the score of label j after label i. xs: the scores of the labels, `(n_i, n_label)` at time i, of the
# sequences that are not over yet, the longest first: n_i never grows.


def crf1d(cost: Array, xs: Sequence[Array], ys: Sequence[Array], reduce: Literal["mean", "no"] = "mean") -> Array:
    """-log(p(ys | xs)) of a linear chain: log(sum over all labellings of exp(score)) less the score of ys.

    The score of a labelling is the sum of xs[i][y_i] over the times and of cost[y_(i - 1), y_i] over each two that follow each other.

    Args:
        cost: scores of a label after another, `(n_label, n_label)`.
        xs: scores of the labels, `(n_i, n_label)` for each time i; the sequences stand in the order of their lengths, the longest
            first, so that n_i never grows.
        ys: labels, integers, `(n_i,)` for each time.
        reduce: "mean" for the mean over the sequences, "no" for the losses, `(n_0,)`.

    Raises:
        TypeError: labels are no integers, or an argument is no array.
        ValueError: shapes do not fit together, a label is out of range, or `reduce` is unknown.

    Source: J. Lafferty, A. McCallum, F. Pereira, Conditional Random Fields: Probabilistic Models for Segmenting and Labeling Sequence
    Data, ICML 2001.

    Example:
        >>> import numpy as np
        >>> xs, ys = [np.zeros((1, 3))] * 2, [np.array([0]), np.array([2])]
        >>> round(float(np.exp(-crf1d(np.zeros((3, 3)), xs, ys))), 4)
        0.1111
    """
    check_choice("crf1d", "reduce", reduce, "mean", "no")
    _check_sequences("crf1d", cost, xs)
    if len(ys) != len(xs):
        raise ValueError(f"crf1d: xs has {len(xs)} times, ys has {len(ys)}; give labels for each time")
    n_label = cost.shape[0]
    ys = [as_array(y) for y in ys]
    for i, (x, y) in enumerate(zip(xs, ys, strict=True)):
        check_arrays("crf1d", **{f"ys[{i}]": y})
        check_integers("crf1d", f"ys[{i}]", y, (x.shape[0],))
        check_range("crf1d", f"ys[{i}]", y, 0, n_label - 1)

    costs = F.reshape(cost, shape=(n_label * n_label,))
    alpha, score = xs[0], _chosen(xs[0], ys[0])
    alphas, scores = [], []  # of the sequences that are over, the longest last
    for x, y, before in zip(xs[1:], ys[1:], ys, strict=False):
        n = x.shape[0]
        if n < alpha.shape[0]:
            alphas.append(alpha[n:, ...])
            scores.append(score[n:])
            alpha, score = alpha[:n, ...], score[:n]
        alpha = F.add(F.logsumexp(F.add(F.expand_dims(alpha, axis=2), cost), axis=1), x)
        score = F.add(score, F.add(F.take(costs, before[:n] * n_label + y), _chosen(x, y)))
    alpha, score = (F.concat([v, *reversed(over)], axis=0) for v, over in ((alpha, alphas), (score, scores)))
    return reduced(F.subtract(F.logsumexp(alpha, axis=1), score), reduce, xs[0].shape[0])


def argmax_crf1d(cost: Array, xs: Sequence[Array]) -> tuple[Array, list[Array]]:
    """The greatest score that a labelling has, and that labelling (Viterbi's algorithm); see `crf1d`.

    Args:
        cost: scores of a label after another, `(n_label, n_label)`.
        xs: scores of the labels, `(n_i, n_label)` for each time i, where n_i never grows.

    Returns:
        The scores, `(n_0,)`, and the labels, a list of `(n_i,)`, int64, without a gradient.

    Raises:
        TypeError: an argument is no array.
        ValueError: shapes do not fit together.

    Example:
        >>> import numpy as np
        >>> xs = [np.array([[0.0, 1.0]]), np.array([[0.0, 1.0]])]
        >>> score, path = argmax_crf1d(np.array([[0.0, 0.0], [0.0, -5.0]]), xs)
        >>> score.tolist(), [y.tolist() for y in path]
        ([1.0], [[1], [0]])
    """
    _check_sequences("argmax_crf1d", cost, xs)
    alpha, over, comes_from = xs[0], [], []
    for x in xs[1:]:
        n = x.shape[0]
        if n < alpha.shape[0]:
            over.append(alpha[n:, ...])
            alpha = alpha[:n, ...]
        ways = F.add(F.expand_dims(alpha, axis=2), cost)
        comes_from.append(F.argmax(ways, axis=1))
        alpha = F.add(F.max(ways, axis=1), x)
    alpha = F.concat([alpha, *reversed(over)], axis=0)
    best = F.argmax(alpha, axis=1)
    path = [best[: xs[-1].shape[0]]]
    for i in range(len(xs) - 1, 0, -1):
        n_label = cost.shape[0]
        rows = xp.arange(xs[i].shape[0], dtype=best.dtype, device=device_of(best))
        before = xp.take(xp.reshape(comes_from[i - 1], (-1,)), rows * n_label + path[0], axis=0)
        path.insert(0, xp.concat((before, best[xs[i].shape[0] : xs[i - 1].shape[0]]), axis=0))
    return F.max(alpha, axis=1), path


def _chosen(x: Array, y: Array) -> Any:
    return F.squeeze(F.take_along_axis(x, xp.expand_dims(y, axis=1), axis=1), axis=1)


def _check_sequences(function: str, cost: Array, xs: Sequence[Array]) -> None:
    check_arrays(function, cost=cost, **{f"xs[{i}]": x for i, x in enumerate(xs)})
    if cost.ndim != 2 or cost.shape[0] != cost.shape[1]:
        raise ValueError(f"{function}: cost has shape {tuple(cost.shape)}; expected (n_label, n_label)")
    if not xs:
        raise ValueError(f"{function}: xs is empty; expected scores (n, n_label) for each time")
    n = xs[0].shape[0] if xs[0].ndim else 0
    for i, x in enumerate(xs):
        if x.ndim != 2 or x.shape[1] != cost.shape[0] or x.shape[0] > n:
            raise ValueError(
                f"{function}: xs[{i}] has shape {tuple(x.shape)}; expected (n, {cost.shape[0]}) with n at most {n}, "
                "the longest sequences first"
            )
        n = x.shape[0]
