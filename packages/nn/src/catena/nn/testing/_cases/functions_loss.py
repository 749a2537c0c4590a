"""Losses."""

from __future__ import annotations

from typing import Any

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np

import catena.nn.functions as F
from catena.autograd.testing import (
    CASES,
    Call,
    Case,
    arrays,
    composite,
    conditions,
    integers,
    reals,
    sampled_from,
    shapes,
)
from catena.nn.functions import loss


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
def of_labels(draw: st.DrawFn, /, **options: Any) -> Call:
    call = draw(labelled(weights=False))
    kept = {"ignore_label": call.options["ignore_label"], "normalize": call.options["normalize"]}
    reduce = draw(sampled_from(["mean", "no"]))
    return Call(*call.inputs, **kept, reduce=reduce, **{name: draw(v) for name, v in options.items()})


CASES.add(F.label_smoothed_cross_entropy, Case(of_labels(smoothing=sampled_from([0.1, 0.0, 1.0]))))
CASES.add(F.focal_loss, Case(of_labels(gamma=sampled_from([2.0, 0.0, 1.5])), tolerance=4))


@composite
def signed(draw: st.DrawFn, /, **options: Any) -> Call:
    """Scores, and labels that are 1, 0, or -1 for what does not count."""
    x = draw(arrays(shape=shapes(min_dims=1)))
    t = draw(arrays(integers(-1, 1), x.shape, dtype="int32"))
    return Call(x, t, **{name: draw(v) for name, v in options.items()})


settings = {"normalize": conditions, "reduce": sampled_from(["mean", "no"])}
CASES.add(loss.cross_entropy_of_signs, Case(signed()))
CASES.add(F.sigmoid_cross_entropy, Case(signed(**settings)))
focus = {"gamma": sampled_from([2.0, 0.0, 1.5]), "alpha": sampled_from([0.25, None])}
CASES.add(F.sigmoid_focal_loss, Case(signed(**settings, **focus), tolerance=4))
