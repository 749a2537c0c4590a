"""Normalisation against Chainer's own numbers and files, its running statistics, and the errors that bad input gets."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import catena.nn as nn
import catena.nn.functions as F
import catena.nn.links as L
import xparray as xp
from catena.autograd import Variable, checkpoint, using_config
from catena.nn.serializers import DictionarySerializer

GOLDEN = json.loads((Path(__file__).parent / "golden" / "normalization.json").read_text(encoding="utf-8"))
F4 = "float32"


def numbers(*shape: int) -> Any:
    return np.random.default_rng(len(shape)).standard_normal(shape)


def tuples(options: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in options.items()}


def close(x: Any, expected: Any, tolerance: float = 2e-5) -> None:
    np.testing.assert_allclose(getattr(x, "array", x), np.array(expected), rtol=tolerance, atol=tolerance)


# --------------------------------------------------------------------------------------------- as Chainer has them


@pytest.mark.parametrize("row", GOLDEN["functions"], ids=lambda row: row["function"])
def test_functions_have_chainers_values(row: dict[str, Any]) -> None:
    x = Variable(np.array(GOLDEN["inputs"][row["x"]], F4))
    y = getattr(F, row["function"])(x, **tuples(row["options"]))
    y.backward(grad=np.array(GOLDEN["cotangents"][str(list(y.shape))], F4))
    close(y, row["y"])
    close(x.grad, row["gx"], 1e-4)


@pytest.mark.parametrize("row", GOLDEN["links"], ids=lambda row: f"{row['link']}-{row['options']}")
def test_links_read_chainers_files_and_go_on_alike(row: dict[str, Any], tmp_path: Any) -> None:
    link = getattr(L, row["link"])(**tuples(row["options"]))
    before, after = (
        {key: np.array(saved["value"], saved["dtype"]) for key, saved in row[when].items()}
        for when in ("before", "after")
    )
    np.savez(tmp_path / "chainer.npz", **before)
    nn.serializers.load_npz(tmp_path / "chainer.npz", link)
    x = Variable(np.array(GOLDEN["inputs"][row["x"]], F4))
    y = link(x, **row["call"])
    y.backward(grad=np.array(GOLDEN["cotangents"][str(list(y.shape))], F4))
    close(y, row["y"], 1e-4)
    close(x.grad, row["gx"], 2e-4)
    for path, p in link.namedparams():
        close(p.grad, row["grads"][path], 2e-4)
    serializer = DictionarySerializer()
    serializer.save(link)
    assert {key: x.dtype for key, x in serializer.target.items()} == {key: x.dtype for key, x in after.items()}
    for key, value in serializer.target.items():
        close(value, after[key], 1e-4)
    with using_config("train", False):
        close(link(x), row["test"], 1e-4)


# ------------------------------------------------------------------------------------------------------ what holds


@pytest.mark.parametrize(
    ("shape", "options", "kept"),
    [
        ((6, 3), {}, (1,)),
        ((4, 3, 2, 5), {}, (1,)),
        ((4, 3, 2, 5), {"axis": (0, 2, 3)}, (1,)),
        ((4, 3, 2, 5), {"axis": 0}, (1, 2, 3)),
        ((4, 3, 2, 5), {"axis": (1, 3)}, (0, 2)),
        ((4, 3, 2, 5), {"axis": (-1, 0, 1)}, (2,)),
        ((4, 3, 2, 5), {"axis": (0, 1, 2, 3)}, ()),
    ],
)
def test_batch_normalization_over_any_axes(shape: Any, options: Any, kept: Any) -> None:
    x = numbers(*shape) * 3 + 7
    axes = tuple(i for i in range(x.ndim) if i not in kept)
    channels = tuple(shape[i] for i in kept)
    gamma, beta = numbers(*channels, 1)[..., 0], numbers(*channels, 2)[..., 0]
    mean, var = np.zeros(channels), np.ones(channels)
    y = F.batch_normalization(x, gamma, beta, eps=0.01, running_mean=mean, running_var=var, decay=0.75, **options)
    wide = tuple(n if i in kept else 1 for i, n in enumerate(shape))
    scale = gamma.reshape(wide) / np.sqrt(x.var(axes, keepdims=True) + 0.01)
    np.testing.assert_allclose(y, (x - x.mean(axes, keepdims=True)) * scale + beta.reshape(wide), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(mean, x.mean(axes) / 4, rtol=1e-9)
    np.testing.assert_allclose(var, 0.75 + x.var(axes, ddof=1) / 4, rtol=1e-9)
    given = x.mean(axes), x.var(axes)
    np.testing.assert_allclose(F.fixed_batch_normalization(x, gamma, beta, *given, 0.01, **options), y, atol=1e-9)


def test_layer_and_rms_normalization_over_the_last_axes() -> None:
    x, gamma, beta = numbers(4, 5, 2, 3), numbers(2, 3), numbers(1, 2, 3)[0]
    var, m = x.var((2, 3), keepdims=True), (x * x).mean((2, 3), keepdims=True)
    expected = (x - x.mean((2, 3), keepdims=True)) / np.sqrt(var + 0.5) * gamma + beta
    np.testing.assert_allclose(F.layer_normalization(x, gamma, beta, 0.5), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(F.rms_normalization(x, gamma, 0.5), x / np.sqrt(m + 0.5) * gamma, rtol=1e-12)


def test_a_channel_by_itself_is_an_instance() -> None:
    x = numbers(3, 4, 5).astype(F4)
    y = L.InstanceNormalization()(x).array
    np.testing.assert_allclose(y, (x - x.mean(2, keepdims=True)) / x.std(2, keepdims=True), rtol=1e-4, atol=1e-5)


def test_decorrelated_channels_have_the_identity_as_covariance() -> None:
    x = numbers(64, 6, 3) @ numbers(3, 3)
    y = F.decorrelated_batch_normalization(x, groups=2, eps=1e-9)
    for part in (y[:, :3], y[:, 3:]):
        np.testing.assert_allclose(np.cov(np.moveaxis(part, 1, 0).reshape(3, -1), bias=True), np.eye(3), atol=1e-6)


def test_equal_eigenvalues_have_finite_gradients() -> None:
    # Channels that are uncorrelated already, and of equal variance.
    x = Variable(np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]]))
    F.sum(F.decorrelated_batch_normalization(x, groups=1) ** 3).backward()
    assert np.isfinite(x.grad).all()


def test_mixed_precision_computes_in_the_higher_and_returns_the_lower() -> None:
    x = numbers(64, 3).astype("float16") * 100
    ones = np.ones(3, F4)
    mean, var = np.zeros(3, F4), np.ones(3, F4)
    y = F.batch_normalization(x, ones, 0 * ones, running_mean=mean, running_var=var)
    assert y.dtype == "float16"
    np.testing.assert_allclose(var, 0.9 + 0.1 * x.astype("float64").var(0, ddof=1), rtol=1e-4)  # beyond float16
    for z in (
        F.layer_normalization(x, ones, ones),
        F.rms_normalization(x, ones),
        F.group_normalization(x, 1, ones, ones),
    ):
        assert z.dtype == "float16"
        assert np.isfinite(z).all()


def test_large_means_do_not_drown_the_variance() -> None:
    x = (numbers(256, 2) + 3000).astype(F4)
    y = F.batch_normalization(x, np.ones(2, F4), np.zeros(2, F4))
    exact = x.astype("float64")
    np.testing.assert_allclose(y, (exact - exact.mean(0)) / np.sqrt(exact.var(0) + 2e-5), atol=1e-3)


# ------------------------------------------------------------------------------------------------------- the links


@pytest.mark.parametrize("device", ["numpy", "numba", "strict:device1"])
def test_running_statistics_live_where_the_link_does(device: str) -> None:
    x = numbers(8, 3).astype(F4)
    link = L.BatchNormalization(3).to_device(device)
    link(xp.to_device(x, device))
    assert str(xp.device_of(link.avg_mean)) == device
    close(xp.to_device(link.avg_mean, "numpy"), x.mean(0) / 10)
    close(xp.to_device(link.avg_var, "numpy"), 0.9 + x.var(0, ddof=1) / 10)


def test_finetuning_takes_the_mean_of_all_batches() -> None:
    batches = [numbers(5, 3), numbers(1, 5, 3)[0] * 2, numbers(1, 1, 5, 3)[0, 0] + 1]
    link = L.BatchNormalization(3, dtype="float64")
    link(batches[1])
    for _ in range(2):
        link.start_finetuning()
        for x in batches:
            link(x, finetune=True)
        assert link.N == 3
        np.testing.assert_allclose(link.avg_mean, np.mean([x.mean(0) for x in batches], axis=0))
        np.testing.assert_allclose(link.avg_var, np.mean([x.var(0, ddof=1) for x in batches], axis=0))


def test_evaluation_changes_no_statistics() -> None:
    link = L.BatchNormalization(3)
    with using_config("train", False):
        y = link(numbers(4, 3).astype(F4))
    assert not link.avg_mean.any()
    close(y, numbers(4, 3), 1e-4)


LINKS = [
    lambda: L.BatchNormalization(4, use_gamma=False),
    lambda: L.BatchRenormalization(4, 2, 1),
    lambda: L.DecorrelatedBatchNormalization(4, 2),
]


@pytest.mark.parametrize("make", LINKS)
@pytest.mark.parametrize("finetune", [False, True])
def test_a_checkpoint_counts_once(make: Any, finetune: bool) -> None:
    x = numbers(6, 4).astype(F4)
    results = []
    for again in (False, True):
        link, v = make(), Variable(x)
        link(2 * x, finetune=finetune)

        def run(v: Any, link: Any = link) -> Any:
            return link(v, finetune=finetune)

        y = checkpoint(run)(v) if again else run(v)
        y.backward(grad=x[::-1].copy())
        results.append([y.array, v.grad, *(value for _, value in link.namedpersistents())])
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("make", [*LINKS, lambda: L.BatchNormalization(), lambda: L.BatchNormalization(axis=(0, 2))])
def test_files_copies_and_pickles_keep_statistics(make: Any, tmp_path: Any) -> None:
    x = numbers(6, 4, 3).astype(F4)
    link = make()
    link(x)
    nn.serializers.save_npz(tmp_path / "a.npz", link)
    another = make()
    nn.serializers.load_npz(tmp_path / "a.npz", another)
    with using_config("train", False):
        y = link(x).array if list(link.params()) else link(x)
        for other in (another, pickle.loads(pickle.dumps(link)), link.copy("copy")):
            np.testing.assert_array_equal(getattr(other(x), "array", other(x)), y)
    twin = link.copy("copy")
    twin(x)
    assert not np.array_equal(twin.avg_mean, link.avg_mean)


@pytest.mark.parametrize(
    ("link", "shape", "channels"),
    [
        (L.BatchNormalization(), (5, 3, 2), (3,)),
        (L.BatchNormalization(axis=0), (5, 3, 2), (3, 2)),
        (L.BatchNormalization(axis=(0, -1)), (5, 3, 2), (3,)),
        (L.LayerNormalization(), (5, 3, 2), (2,)),
        (L.RMSNorm(), (5, 3, 2), (2,)),
        (L.GroupNormalization(3), (5, 3, 2), (3,)),
        (L.InstanceNormalization(), (5, 3, 2), (3,)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_sizes_come_with_the_first_input(link: Any, shape: Any, channels: Any) -> None:
    y = link(numbers(*shape).astype(F4))
    assert y.shape == shape
    assert {p.shape for p in link.params()} == {channels}
    assert link.gamma.array.min() == link.gamma.array.max() == 1
    if hasattr(link, "beta"):
        assert not link.beta.array.any()


def test_initial_values() -> None:
    options = {"initial_gamma": 2, "initial_beta": [3, 4], "initial_avg_mean": 5, "initial_avg_var": 6}
    options["initial_beta"] = np.array([3.0, 4.0], F4)
    for link in (L.BatchNormalization(2, **options), L.BatchRenormalization(2, **options)):
        values = [link.gamma.array, link.beta.array, link.avg_mean, link.avg_var]
        assert [value.tolist() for value in values] == [[2, 2], [3, 4], [5, 5], [6, 6]]
    assert {p.dtype for p in L.BatchNormalization(2, dtype="float64").params()} == {np.dtype("float64")}


# ------------------------------------------------------------------------------------------------------- bad input

X, ONE = numbers(4, 3).astype(F4), np.ones(3, F4)
LISTED = "x: (4, 3) float32, gamma: (3,) float32"


@pytest.mark.parametrize(
    ("error", "call", "text"),
    [
        (ValueError, lambda: F.batch_normalization(X, np.ones(4, F4), np.ones(4, F4)),
         "batch_normalization: gamma has shape (4,), expected (3,) (x: (4, 3) float32, gamma: (4,) float32, beta: (4,) float32); "
         "make gamma for the axes of x that are not averaged over"),
        (ValueError, lambda: F.batch_normalization(X, ONE, ONE, axis=(0, 2)),
         f"batch_normalization: axis is (0, 2), x has 2 axes ({LISTED}, beta: (3,) float32); expected different ones"),
        (ValueError, lambda: F.batch_normalization(X[:0], ONE, ONE),
         "batch_normalization: x has no values to normalise by (x: (0, 3) float32); leave empty batches out"),
        (ValueError, lambda: F.batch_normalization(ONE, X, X),
         "batch_normalization: gamma has more axes than an example of x (x: (3,) float32, gamma: (4, 3) float32, beta: (4, 3) float32); "
         "reshape it"),
        (TypeError, lambda: F.batch_normalization(X, ONE, ONE, running_mean=ONE),
         "batch_normalization: running_var missing; give running_mean and running_var, as arrays like gamma"),
        (ValueError, lambda: F.batch_normalization(X, ONE, ONE, running_mean=X, running_var=X),
         "batch_normalization: running_mean has shape (4, 3), gamma (3,) (gamma: (3,) float32, running_mean: (4, 3) float32); "
         "give both the same"),
        (TypeError, lambda: F.batch_normalization(X.astype(int), ONE, ONE),
         "batch_normalization: x is int64, expected floating numbers (x: (4, 3) int64, gamma: (3,) float32, beta: (3,) float32); "
         'convert it with F.astype(x, "float32")'),
        (TypeError, lambda: F.batch_renormalization(X, ONE, ONE, 1, 0),
         "batch_renormalization: running_mean and running_var missing; give running_mean and running_var, as arrays like gamma"),
        (ValueError, lambda: F.batch_renormalization(X, ONE, ONE, 0.5, 0, running_mean=ONE, running_var=ONE),
         "batch_renormalization: rmax is 0.5, dmax 0; expected rmax of 1 or more and dmax of 0 or more"),
        (ValueError, lambda: F.decorrelated_batch_normalization(X, groups=2),
         "decorrelated_batch_normalization: groups is 2 (x: (4, 3) float32); "
         "expected an x of (n, channels, ...) and a divisor of its channels"),
        (ValueError, lambda: F.fixed_decorrelated_batch_normalization(X, ONE, X, groups=1),
         "fixed_decorrelated_batch_normalization: mean has shape (3,), expected (1, 3) (x: (4, 3) float32, mean: (3,) float32); "
         "give it the groups of x first"),
        (ValueError, lambda: F.layer_normalization(X, np.ones(4, F4), np.ones(4, F4)),
         "layer_normalization: gamma has shape (4,), which is not that of the last axes of x "
         "(x: (4, 3) float32, gamma: (4,) float32, beta: (4,) float32); expected (3,), the length of its last axis"),
        (ValueError, lambda: F.layer_normalization(X, ONE, ONE[:2]),
         "layer_normalization: gamma and beta differ in shape (x: (4, 3) float32, gamma: (3,) float32, beta: (2,) float32); "
         "give both the same"),
        (ValueError, lambda: F.group_normalization(X, 2, ONE, ONE),
         "group_normalization: groups is 2, x has 3 channels (x: (4, 3) float32); give a divisor, such as 1 or the number of channels"),
        (ValueError, lambda: F.group_normalization(X, 1, ONE[:2], ONE),
         "group_normalization: gamma has shape (2,), x has 3 channels (x: (4, 3) float32, gamma: (2,) float32, beta: (3,) float32); "
         "give gamma the shape (3,)"),
        (ValueError, lambda: L.GroupNormalization(1)(ONE),
         "GroupNormalization: x has 1 axes, expected at least two, (n, channels, ...) (x: (3,) float32); reshape x"),
        (ValueError, lambda: F.normalize(X, axis=2),
         "normalize: axis is 2, x has 2 axes (x: (4, 3)); expected an axis from -2 to 1, such as axis=-1"),
        (ValueError, lambda: F.local_response_normalization(X, 0),
         "local_response_normalization: n is 0; expected a positive integer, such as 5"),
        (TypeError, lambda: L.LayerNormalization()([1.0]),
         "LayerNormalization: x is [1.0] (list), expected an array; pass xp.asarray(x)"),
        (ValueError, lambda: L.BatchNormalization((3, 0)), "BatchNormalization: size is 0; expected a positive integer"),
        (ValueError, lambda: L.BatchRenormalization(0), "BatchRenormalization: size is 0; expected a positive integer"),
        (ValueError, lambda: L.DecorrelatedBatchNormalization(6),
         "DecorrelatedBatchNormalization: 16 groups do not divide 6 channels; give a divisor, such as groups=1"),
        (ValueError, lambda: L.InceptionBN(3, 1, 1, 1, 1, 1, "sum", 1),
         "InceptionBN: pooltype is 'sum'; expected 'max' or 'avg'"),
        (ValueError, lambda: L.InceptionBN(3, 1, 1, 1, 1, 1, "max", 1, 2),
         "InceptionBN: out1 is 1, stride 2, proj_pool 1; expected out1=0 beside a stride or without proj_pool"),
    ],
)  # fmt: skip
def test_bad_input(error: Any, call: Any, text: str) -> None:
    with pytest.raises(error) as e:
        call()
    assert str(e.value) == text


def test_bad_input_leaves_statistics_alone() -> None:
    link = L.BatchNormalization(3)
    for bad in (X[:0], X[:, :2], X.astype(int)):
        with pytest.raises((TypeError, ValueError)):
            link(bad, finetune=True)
    assert link.N == 0
    assert not link.avg_mean.any()


def test_one_value_a_channel_warns() -> None:
    with pytest.warns(
        UserWarning, match=r"batch_normalization: one value a channel \(x: \(1, 3\) float32\) gives beta"
    ):
        close(F.batch_normalization(X[:1], ONE, 2 * ONE), [[2, 2, 2]])
