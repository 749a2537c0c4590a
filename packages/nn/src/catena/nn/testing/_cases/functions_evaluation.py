"""Evaluation: numbers without a gradient."""

from __future__ import annotations

import hypothesis.strategies as st

import catena.nn.functions as F
from catena.autograd.testing import CASES, Call, Case, arrays, composite, integers, sampled_from, shapes


@composite
def labelled(draw: st.DrawFn) -> Call:
    """Scores no two of which are equal, and labels of which some do not count."""
    n, n_class = draw(integers(0, 3)), draw(integers(1, 4))
    y = draw(arrays(shape=(n, n_class), distinct=True))
    t = draw(arrays(integers(-1, n_class - 1), n, dtype="int64"))
    return Call(y, t, ignore_label=-1)


CASES.add(F.accuracy, Case(labelled(), no_gradient={"y": "it counts"}))


@composite
def counted(draw: st.DrawFn) -> Call:
    call = draw(labelled())
    return Call(*call.inputs, label_num=call.inputs[0].shape[1], ignore_label=-1)


for shares in (F.classification_summary, F.precision, F.recall, F.f1_score):
    CASES.add(shares, Case(counted(), no_gradient={"y": "it counts"}))


@composite
def signed(draw: st.DrawFn) -> Call:
    y = draw(arrays())
    return Call(y, draw(arrays(integers(-1, 1), y.shape, dtype="int64")))


CASES.add(F.binary_accuracy, Case(signed(), no_gradient={"y": "it counts"}))


@composite
def predicted(draw: st.DrawFn) -> Call:
    shape = draw(shapes(min_dims=1, min_side=1))
    multioutput = draw(sampled_from(["uniform_average", "raw_values"]))
    # No true values are all equal but in rounding errors: multiples of 1/8 have an exact mean.
    return Call(draw(arrays(shape=shape)), draw(arrays(shape=shape, dtype="float64")), multioutput=multioutput)


evaluated = {"pred": "an evaluation", "true": "an evaluation"}
CASES.add(F.r2_score, Case(predicted(), no_gradient=evaluated, tolerance=256, keeps_dtype=False))
