"""Minibatches that travel to a GPU while it computes."""

from __future__ import annotations

import numpy as np
import pytest

import xparray as xp
from catena.training.convert import ConcatWithAsyncTransfer, concat_examples

GPU = "cuda:0"


@pytest.mark.parametrize("own_stream", [False, True])
def test_every_minibatch_arrives_whole(own_stream: bool) -> None:
    import cupy  # pyright: ignore[reportMissingImports]

    stream = cupy.cuda.Stream(non_blocking=True) if own_stream else None
    converter = ConcatWithAsyncTransfer(stream)
    work = xp.ones((500, 500), device=GPU)
    kept, sums = [], []
    for i in range(50):
        batch = [(np.full((40, 30), i, np.float32), i) for _ in range(1 + i % 7)]
        x, t = converter(batch, GPU)
        work = xp.tanh(work @ work)  # the GPU stays behind
        sums.append(xp.sum(x))
        kept = [*kept[-2:], (i, x, t)]
        for j, y, u in kept:
            assert (str(xp.device_of(y)), y.shape) == (GPU, (1 + j % 7, 40, 30))
            assert (xp.to_device(u, "numpy") == j).all()
    assert [float(s) for s in sums] == [i * (1 + i % 7) * 1200 for i in range(50)]
    for j, y, _ in kept:
        assert (xp.to_device(y, "numpy") == j).all()


def test_it_gives_what_concat_examples_gives() -> None:
    batch = [{"x": np.arange(i + 1.0), "on": xp.ones((2,), device=GPU)} for i in range(3)]
    found, expected = ConcatWithAsyncTransfer()(batch, 0, padding=-1), concat_examples(batch, 0, padding=-1)
    for key in expected:
        np.testing.assert_array_equal(xp.to_device(found[key], "numpy"), xp.to_device(expected[key], "numpy"))
