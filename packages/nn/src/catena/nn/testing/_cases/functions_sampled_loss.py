"""Losses of very many classes."""

from __future__ import annotations

from typing import Any

import hypothesis.strategies as st
import numpy as np

import catena.nn.functions as F
from catena.autograd.testing import CASES, Call, Case, arrays, composite, integers, sampled_from


def first(shape: tuple[int, ...]) -> Any:
    """A sampler that draws class 0 only."""
    return np.zeros(shape, np.int64)


@composite
def sampled(draw: st.DrawFn, *, least: int) -> tuple[Any, ...]:
    """x, t, W and samples."""
    n, n_in, n_class, size = draw(integers(0, 3)), draw(integers(1, 3)), draw(integers(1, 4)), draw(integers(1, 3))
    x, W = draw(arrays(shape=(n, n_in))), draw(arrays(shape=(n_class, n_in)))
    t = draw(arrays(integers(least, n_class - 1), n, dtype="int32"))
    return x, t, W, draw(arrays(integers(0, n_class - 1), (n, size), dtype="int64"))


@composite
def negative(draw: st.DrawFn) -> Call:
    x, t, W, samples = draw(sampled(least=-1))
    return Call(
        x, t, W, sampler=first, sample_size=samples.shape[1], samples=samples, reduce=draw(sampled_from(["sum", "no"]))
    )


@composite
def black_out(draw: st.DrawFn) -> Call:
    return Call(*draw(sampled(least=0)), reduce=draw(sampled_from(["mean", "no"])))


CASES.add(F.negative_sampling, Case(negative(), tolerance=4))
# Half precision cannot tell the probability of a class that has nearly all of it from 1.
CASES.add(F.black_out, Case(black_out(), tolerance=256))
