"""Losses that order examples."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np

import catena.nn.functions as F
from catena.autograd.testing import CASES, Call, Case, arrays, composite, integers, reals, sampled_from

means = sampled_from(["mean", "no"])


@composite
def of_classes(draw: st.DrawFn) -> Call:
    n, n_class = draw(integers(0, 3)), draw(integers(1, 4))
    x = draw(arrays(reals(avoid=[-1, 1]), (n, n_class)))
    t = draw(arrays(integers(0, n_class - 1), n, dtype="int64"))
    return Call(x, t, norm=draw(sampled_from(["L1", "L2"])), reduce=draw(means))


CASES.add(F.hinge, Case(of_classes()))


@composite
def pairs(draw: st.DrawFn) -> Call:
    """Pairs that are not as far apart as the margin, nor in one place."""
    shape = (draw(integers(0, 3)), draw(integers(1, 3)))
    x0, x1 = draw(arrays(shape=shape)), draw(arrays(reals(offset=1 / 16), shape))
    y = draw(arrays(integers(0, 1), shape[0], dtype="int64"))
    margin = next(m for m in (1.03, 1.13, 1.23, 1.33) if np.all(abs(np.linalg.norm(x0 - x1, axis=1) - m) > 1e-2))
    return Call(x0, x1, y, margin=margin, reduce=draw(means))


CASES.add(F.contrastive, Case(pairs(), tolerance=4))


@composite
def triplets(draw: st.DrawFn) -> Call:
    shape = (draw(integers(0, 3)), draw(integers(1, 3)))
    xs = [draw(arrays(shape=shape)) for _ in range(3)]
    return Call(*xs, margin=0.203, reduce=draw(means))


CASES.add(F.triplet, Case(triplets(), tolerance=4))


@composite
def pixels(draw: st.DrawFn) -> Call:
    n, size, height, width = (draw(integers(1, 2)) for _ in range(4))
    x = draw(arrays(shape=(n, size, height, width), distinct=True, dtype=sampled_from(["float64", "float32"])))
    labels = draw(arrays(integers(0, 3), (n, height, width), dtype="int64"))
    # Limits that no distance of multiples of 1/8, nor half or a third of one, comes near.
    return Call(x, labels, 0.0137, 1.5011, 3, norm=draw(sampled_from([1, 2])), gamma=0.25)


@composite
def pixels_off_the_kinks(draw: st.DrawFn) -> Call:
    """Pixels and means that are no nearer to one another's coordinates, or to the limits, than second differences reach."""
    x = np.random.default_rng(draw(sampled_from([0, 1, 2, 3, 4, 5, 6, 8]))).standard_normal((1, 2, 2, 2))
    labels = np.array([[[1, 2], [2, 0]]])  # an object of one pixel, one of two, and none
    x = x.astype(draw(sampled_from(["float64", "float32"])))
    return Call(x, labels, 0.1, 3.0, 3, norm=draw(sampled_from([1, 2])), gamma=0.25)


CASES.add(
    F.discriminative_margin_based_clustering_loss,
    Case(pixels(), order=1, tolerance=16),  # among them pixels on their means, where there is no second derivative
    # The labels' masks are constants, and array-api-strict's operators take no Variable beside them.
    Case(pixels_off_the_kinks(), name="twice", tolerance=16, backends=("numpy", "numba")),
)
