"""Normalisation with learned factors and summands."""

from __future__ import annotations

import catena.nn.links as L
from catena.autograd.testing import CASES, arrays, calls, conditions, sampled_from, shapes
from catena.nn.testing import LinkCase

# A root of nearly nothing bends too fast for differences.
EPS = sampled_from([0.5, 0.25])
features = arrays(shape=(2, 3))
images = arrays(shape=(2, 4, 3))
CASES.add(
    L.LayerNormalization,
    LinkCase(calls(features, link=calls(3, EPS)), tolerance=4),
    LinkCase(calls(arrays(shape=shapes(min_dims=1, min_side=1)), link=calls(eps=EPS)), name="lazy", tolerance=4),
)
CASES.add(
    L.RMSNorm,
    LinkCase(calls(features, link=calls(3, EPS)), tolerance=4),
    LinkCase(calls(arrays(shape=shapes(min_dims=1, min_side=1)), link=calls(eps=EPS)), name="lazy", tolerance=4),
)
CASES.add(
    L.GroupNormalization,
    LinkCase(calls(images, link=calls(2, 4, EPS)), tolerance=4),
    LinkCase(calls(images, link=calls(sampled_from([1, 2, 4]), eps=EPS)), name="lazy", tolerance=4),
)
CASES.add(
    L.InstanceNormalization,
    LinkCase(calls(images, link=calls(4, EPS)), tolerance=4),
    LinkCase(calls(images, link=calls(eps=EPS)), name="lazy", tolerance=4),
)

own = {"use_gamma": conditions, "use_beta": conditions, "eps": EPS}
CASES.add(
    L.BatchNormalization,
    LinkCase(calls(images, link=calls(4, **own)), tolerance=4),
    LinkCase(calls(images, link=calls(axis=sampled_from([None, 0, (0, 2), (1, 2)]), **own)), name="lazy", tolerance=4),
    LinkCase(calls(images, link=calls((4, 3), **own)), name="test", train=False, tolerance=4),
    LinkCase(calls(images, link=calls(4, eps=EPS), finetune=True), name="finetune", tolerance=4),
)
CASES.add(
    L.BatchRenormalization,
    LinkCase(calls(images, link=calls(4, **own)), tolerance=4),
    # Corrections that end at their bounds, where they are constant.
    LinkCase(
        calls(images, link=calls(4, 1.5, 0.25, initial_avg_mean=50, initial_avg_var=1000, **own)),
        name="far",
        tolerance=8,
    ),
    LinkCase(calls(images, link=calls(4, **own)), name="test", train=False, tolerance=4),
)
few = arrays(shape=(3, 4, 2), dtype=sampled_from(["float64", "float32"]))
CASES.add(
    L.DecorrelatedBatchNormalization,
    LinkCase(calls(few, link=calls(4, 2, eps=0.5)), tolerance=16),
    # The projection is an array of theirs beside a Variable, which array-api-strict's operators do not take.
    LinkCase(calls(few, link=calls(4, 4)), name="test", train=False, backends=("numpy", "numba")),
)
