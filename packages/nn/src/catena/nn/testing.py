"""The gradient suite's cases of the functions of `catena.nn`: importing this module enters them into its table.

import catena.nn.testing
from catena.autograd.testing import CASES, check_op

def test_functions():
    for _, op, case in CASES.rows("catena.nn"):
        check_op(op, case)
"""

from __future__ import annotations

from typing import Any

import numpy as np

import catena.nn.functions as F
from catena.autograd.testing import (
    CASES,
    Call,
    Case,
    arrays,
    broadcasting,
    calls,
    composite,
    dtypes,
    integers,
    reals,
    sampled_from,
    shapes,
)
from catena.nn.functions import connection, loss

try:
    import hypothesis.extra.numpy as hnp
    import hypothesis.strategies as st
except ImportError as e:
    raise ImportError("catena.nn.testing: hypothesis is not installed; pip install catena-autograd[testing]") from e

__all__ = ["CASES"]

# -------------------------------------------------------------------------------------------------------- activation

CASES.add(F.relu, Case(broadcasting(reals(avoid=[0]))))
CASES.add(F.sigmoid, Case(broadcasting(reals())))


@composite
def along_an_axis(draw: st.DrawFn) -> Call:
    x = draw(arrays(shape=shapes(min_dims=1, min_side=1)))
    return Call(x, axis=draw(integers(-x.ndim, x.ndim - 1)))


CASES.add(F.softmax, Case(along_an_axis()))
CASES.add(F.log_softmax, Case(along_an_axis()))

# -------------------------------------------------------------------------------------------------------- connection


@composite
def weighted(draw: st.DrawFn, *, several_axes: bool) -> Call:
    """An input, weights and perhaps a bias; with `several_axes` the batch and the features may have more than one."""
    batch = draw(shapes(min_dims=1, max_dims=2 if several_axes else 1, max_side=3))
    features = draw(shapes(min_dims=0 if several_axes else 1, max_dims=2 if several_axes else 1, max_side=3))
    n_out = draw(integers(0, 3))
    x = draw(arrays(shape=(*batch, *features)))
    W = draw(arrays(shape=(n_out, int(np.prod(features, dtype=int)))))
    b = [draw(arrays(shape=(n_out,)))] if draw(st.booleans()) else []
    return Call(x, W, *b, **({"n_batch_axes": len(batch)} if several_axes else {}))


CASES.add(connection.affine, Case(weighted(several_axes=False)))
CASES.add(F.linear, Case(weighted(several_axes=True)))


@composite
def joined(draw: st.DrawFn) -> Call:
    n = draw(integers(0, 3))
    return Call(*(draw(arrays(shape=(n, draw(integers(0, 3))))) for _ in range(draw(integers(1, 3)))))


def concat(*xs: Any) -> Any:
    """`F.concat` of inputs that stand by themselves, along its default axis."""
    return F.concat(xs)


CASES.add(concat, Case(joined()))

# -------------------------------------------------------------------------------------------------------------- loss


def _scores(draw: st.DrawFn) -> tuple[Any, tuple[int, ...]]:
    """Scores `(n, n_class, ...)`, and the shape of their labels."""
    rest = draw(shapes(max_dims=1, min_side=1, max_side=2))
    n, n_class = draw(integers(0, 3)), draw(integers(1, 4))
    return draw(arrays(shape=(n, n_class, *rest))), (n, *rest)


@composite
def labelled(draw: st.DrawFn, *, weights: bool) -> Call:
    x: Any
    x, shape = _scores(draw)
    ignored = draw(sampled_from([-1, 0, 255]))
    labels = integers(0, x.shape[1] - 1) | st.just(ignored)
    t = draw(hnp.arrays(draw(sampled_from(["int32", "int64"])), shape, elements=labels))
    w = [draw(arrays(reals(1 / 8, 2), (x.shape[1],), dtype=x.dtype.name))] if weights else []
    return Call(x, t, *w, ignore_label=ignored, normalize=draw(st.booleans()), mean=draw(st.booleans()))


@composite
def of_probabilities(draw: st.DrawFn) -> Call:
    x: Any
    x, _ = _scores(draw)
    x = x if len(x) else np.ones((1, *x.shape[1:]), x.dtype)
    t = draw(arrays(reals(1 / 8, 1), x.shape, dtype=x.dtype.name))
    weights = draw(st.none() | arrays(reals(1 / 8, 2), (x.shape[1],), dtype="float64"))
    kind = draw(sampled_from(["cross-entropy", "kl-divergence"]))
    return Call(x, t, class_weight=weights, soft_target_loss=kind, reduce=draw(sampled_from(["mean", "no"])))


constant = {"class_weight": "a constant of the loss"}
CASES.add(
    loss.cross_entropy_of_labels,
    Case(labelled(weights=False)),
    Case(labelled(weights=True), name="weights", no_gradient=constant),
)
CASES.add(F.softmax_cross_entropy, Case(of_probabilities(), name="probabilities"))


@composite
def alike(draw: st.DrawFn) -> Call:
    shape = draw(shapes(min_side=1))
    return Call(draw(arrays(shape=shape)), draw(arrays(shape=shape)))


CASES.add(F.mean_squared_error, Case(alike()))

# ------------------------------------------------------------------------------------------------------------- noise


@composite
def masked(draw: st.DrawFn) -> Call:
    x = draw(arrays(dtype=draw(dtypes())))
    return Call(x, mask=draw(arrays(sampled_from([0.0, 2.0]), x.shape, dtype=x.dtype.name)))


CASES.add(F.dropout, Case(masked()), Case(calls(arrays(), ratio=0.0), name="of nothing"))
