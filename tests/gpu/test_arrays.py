"""Arrays on a GPU: made, moved, computed with as on the host, and never mixed by accident."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import xparray as xp

GPU = "cuda:0"
DTYPES = [
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
]


def host(x: Any) -> Any:
    return xp.to_device(x, "numpy")


def on_gpu(x: Any) -> bool:
    return type(x) is xp.get_backend("cuda").array_types[0] and str(xp.device_of(x)) == GPU


# ------------------------------------------------------------------------------------------------------ places


@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (4, 5)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_there_and_back(dtype: str, shape: tuple[int, ...]) -> None:
    x = np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)
    for source in ("numpy", "numba"):
        y = xp.to_device(xp.to_device(x, source), GPU)
        assert on_gpu(y) and (y.shape, y.dtype) == (shape, np.dtype(dtype))
        back = host(y)
        assert type(back) is np.ndarray
        np.testing.assert_array_equal(back, x)
    x += x.dtype.type(1)
    if x.size:
        assert not np.array_equal(host(y), x), "the copy shares no memory"


@pytest.mark.parametrize("how", [lambda x: x.T, lambda x: x[::2, ::-1], lambda x: np.asfortranarray(x)])
def test_any_strides_arrive(how: Callable[[Any], Any]) -> None:
    x = how(np.arange(12.0).reshape(3, 4))
    np.testing.assert_array_equal(host(xp.to_device(x, GPU)), x)


def test_a_move_to_where_it_lives_is_the_array_itself() -> None:
    x = xp.ones((2,), device=GPU)
    assert xp.to_device(x, GPU) is xp.to_device(x, "cuda") is xp.asarray(x) is x
    assert xp.asarray(x, device="cuda", copy=False) is x
    assert xp.shares_memory(x, x[1:]) and not xp.shares_memory(x, x.copy())
    assert not xp.shares_memory(x, np.ones(2))


@pytest.mark.parametrize(
    "make",
    [
        lambda d: xp.asarray([[1.0, 2.0], [3.0, 4.0]], dtype="float32", device=d),
        lambda d: xp.asarray(2.5, device=d),
        lambda d: xp.zeros((2, 3), dtype="int32", device=d),
        lambda d: xp.ones((2, 3), device=d),
        lambda d: xp.full((2,), 7.0, dtype="float16", device=d),
        lambda d: xp.arange(3, 9, 2, dtype="float32", device=d),
        lambda d: xp.linspace(0.0, 1.0, 5, device=d),
        lambda d: xp.eye(3, 4, k=1, device=d),
        lambda d: xp.zeros_like(xp.ones((2,), dtype="float32", device=d)),
        lambda d: xp.full_like(xp.ones((2,), dtype="float32", device=d), 3),
        lambda d: xp.ones_like(np.ones(3, "float32"), device=d),
        lambda d: xp.random.default_rng(0).normal((3, 2), dtype="float32", device=d),
        lambda d: xp.random.default_rng(0).uniform((5,), device=d),
        lambda d: xp.random.default_rng(0).bernoulli((9,), 0.5, device=d),
        lambda d: xp.random.default_rng(0).integers((9,), 0, 7, device=d),
    ],
)
def test_made_there_as_on_the_host(make: Callable[[str], Any]) -> None:
    x, y = make("numpy"), make(GPU)
    assert on_gpu(y) and y.dtype == x.dtype
    np.testing.assert_allclose(host(y), x, rtol=1e-6)


def test_a_gpu_that_is_not_there() -> None:
    found = [str(d) for d in xp.get_backend("cuda").devices()]
    for device in (f"cuda:{len(found)}", "cuda:x", "cuda:00", "cuda:-1"):
        for place in (lambda d: xp.zeros(2, device=d), lambda d: xp.to_device(np.ones(2), d)):
            with pytest.raises(ValueError) as e:
                place(device)
            assert str(e.value) == f"device {device!r}: the GPUs found are {', '.join(map(repr, found))}"


def test_pickles() -> None:
    x = pickle.loads(pickle.dumps(xp.arange(5.0, device=GPU)))
    assert on_gpu(x) and host(x).tolist() == [0, 1, 2, 3, 4]


def test_dlpack_shares_memory() -> None:
    x = xp.arange(5.0, device=GPU)
    assert xp.shares_memory(x, xp.from_dlpack(x))


@pytest.fixture
def second() -> str:
    """The name of a second GPU."""
    devices = xp.get_backend("cuda").devices()
    if len(devices) < 2:
        pytest.skip(f"one GPU only ({devices[0]}); moves between GPUs need a second")
    return str(devices[1])


def test_several_gpus(second: str) -> None:
    x = xp.to_device(xp.arange(5.0, device=GPU), second)
    assert str(xp.device_of(x)) == second
    made = [xp.exp(x), xp.sum(x), xp.concat([x, x]), xp.zeros_like(x), xp.ones(3, device=second), shifted(x, 2.0)]
    assert {str(xp.device_of(y)) for y in made} == {second}
    assert str(xp.device_of(xp.to_device(x, GPU))) == GPU
    with pytest.raises(ValueError, match=rf"add: arguments live on different devices: .* on {GPU}; .* on {second}; "):
        xp.add(xp.ones(5, device=GPU), x)


# ------------------------------------------------------------------------------------------------------ mixing


@xp.elementwise
def shifted(x, y):
    return x + y


MIXED: list[tuple[str, Callable[[Any, Any], Any]]] = [
    ("add", lambda x, y: xp.add(x, y)),
    ("matmul", lambda x, y: xp.matmul(x, y)),
    ("concat", lambda x, y: xp.concat([x, y])),
    ("shifted", lambda x, y: shifted(x, y)),
]


@pytest.mark.parametrize("other", ["numpy", "numba"])
@pytest.mark.parametrize(("name", "call"), MIXED, ids=[name for name, _ in MIXED])
def test_host_and_gpu_do_not_mix(name: str, call: Callable[[Any, Any], Any], other: str) -> None:
    x, y = xp.ones((3,), dtype="float32", device=GPU), xp.ones((3,), dtype="float32", device=other)
    for first, second, target in ((x, y, GPU), (y, x, other)):
        with pytest.raises(ValueError) as e:
            call(first, second)
        places = [str(xp.device_of(a)) for a in (first, second)]
        assert str(e.value) == (
            f"{name}: arguments live on different devices: argument 0: (3,) float32 on {places[0]}; "
            f"argument 1: (3,) float32 on {places[1]}; move argument 1 with xp.to_device(x, {target!r})"
        )


def test_python_numbers_mix() -> None:
    x = xp.ones((2,), dtype="float32", device=GPU)
    for y in (xp.add(x, 1), xp.multiply(2.5, x), xp.where(x > 0, x, 0.0), x + 1, 2.5 * x, shifted(x, 1)):
        assert on_gpu(y) and y.dtype == "float32"


# --------------------------------------------------------------------------------------------------- functions

ONE: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(
        "abs ceil cos cosh exp expm1 floor isfinite isnan negative sign sin sinh square tan tanh".split(), ()
    ),
    **dict.fromkeys("all any argmax argmin max mean min prod sum cumulative_sum".split(), ()),
    "astype": ("int32",),
    "broadcast_to": ((2, 3, 4),),
    "flip": (),
    "matrix_transpose": (),
    "permute_dims": ((1, 0),),
    "reshape": ((2, 6),),
    "roll": (1,),
    "clip": (-0.5, 0.5),
}
TWO = ["add", "divide", "equal", "greater", "less_equal", "maximum", "minimum", "multiply", "not_equal", "subtract"]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ONE)
def test_a_function_of_one_array(name: str, dtype: str) -> None:
    x = np.random.default_rng(0).normal(size=(3, 4)).astype(dtype)
    if name == "cumulative_sum":
        x = x.reshape(-1)
    y = getattr(xp, name)(xp.to_device(x, GPU), *ONE[name])
    expected = getattr(xp, name)(x, *ONE[name])
    assert on_gpu(y) and (y.shape, y.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_allclose(host(y), expected, rtol=1e-5 if dtype == "float32" else 1e-12, atol=1e-6)


@pytest.mark.parametrize("name", TWO)
def test_a_function_of_two_arrays(name: str) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(3, 1)).astype("float32"), rng.normal(size=(1, 4)).astype("float32")
    z = getattr(xp, name)(xp.to_device(x, GPU), xp.to_device(y, GPU))
    expected = getattr(xp, name)(x, y)
    assert on_gpu(z) and (z.shape, z.dtype) == (expected.shape, expected.dtype)
    np.testing.assert_allclose(host(z), expected, rtol=1e-6)


def test_products_and_joins() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(5, 3, 4)), rng.normal(size=(5, 4, 2))
    a, b = xp.to_device(x, GPU), xp.to_device(y, GPU)
    np.testing.assert_allclose(host(xp.matmul(a, b)), x @ y, rtol=1e-12)
    np.testing.assert_allclose(host(xp.einsum("bij,bjk->ik", a, b)), np.einsum("bij,bjk->ik", x, y), rtol=1e-12)
    np.testing.assert_allclose(host(xp.tensordot(a, a, axes=3)), np.tensordot(x, x, axes=3), rtol=1e-12)
    np.testing.assert_array_equal(host(xp.stack([a, a], axis=1)), np.stack([x, x], axis=1))
    np.testing.assert_array_equal(host(xp.take(a, xp.asarray([2, 0], device=GPU), axis=1)), x[:, [2, 0]])


@pytest.mark.parametrize("call", ["x * 3", "x[1:]", "x.sum()", "xp.sum(x)", "-x", "x @ x"])
def test_results_are_arrays_even_without_axes(call: str) -> None:
    y = eval(call, {"x": xp.arange(4.0, device=GPU), "xp": xp})
    assert on_gpu(y)


def test_the_namespace_is_cupy_s() -> None:
    x = xp.ones((2,), device=GPU)
    assert xp.array_namespace(x, x).__name__ == "array_api_compat.cupy"
    assert on_gpu(xp.array_namespace(x).tanh(x))


# ------------------------------------------------------------------------------------------------------ kernels


def test_a_kernel_s_own_version_for_cuda() -> None:
    @xp.kernel
    def place(x):
        return x

    @place.on("cuda")
    def _(x):
        return x + 1

    assert host(place(xp.zeros((2,), device=GPU))).tolist() == [1, 1]
    assert place(np.zeros(2)).tolist() == [0, 0]
    with xp.jit(False):
        assert host(place(xp.zeros((2,), device=GPU))).tolist() == [0, 0]


def test_cupy_s_string_kernels_take_our_arrays() -> None:
    import cupy

    kernel = cupy.ElementwiseKernel("T x, T y", "T z", "z = x * x + y", "square_and_add")
    z = kernel(xp.arange(3.0, device=GPU), xp.ones((3,), device=GPU))
    assert host(z).tolist() == [1, 2, 5]


REFERENCES: list[tuple[str, str, Callable[[Any, Any], Any]]] = [
    ("activation", "relu", lambda f, x: f(x)),
    ("activation", "relu_grad", lambda f, x: f(x, x)),
    ("activation", "sigmoid", lambda f, x: f(x)),
    ("activation", "sigmoid_grad", lambda f, x: f(x, x)),
    ("softmax", "softmax", lambda f, x: f(x, axis=1)),
    ("softmax", "softmax_grad", lambda f, x: f(x, x, axis=1)),
    ("softmax", "log_softmax", lambda f, x: f(x, axis=0)),
    ("softmax", "log_softmax_grad", lambda f, x: f(x, x, axis=0)),
    ("linear", "affine", lambda f, x: f(x, x, x[:, 0])),
    ("loss", "mean_squared_error", lambda f, x: f(x, x[::-1])),
    ("indexing", "scatter_add", lambda f, x: f(x, key=([2, 0, 2],), shape=(4, 5))),
]


@pytest.mark.parametrize(("module", "name", "call"), REFERENCES, ids=[name for _, name, _ in REFERENCES])
def test_a_kernel_s_reference(module: str, name: str, call: Callable[[Any, Any], Any]) -> None:
    import importlib

    kernel = getattr(importlib.import_module(f"xparray.kernels.{module}"), name)
    x = np.random.default_rng(0).normal(size=(3, 5)).astype("float32")
    y = call(kernel, xp.to_device(x, GPU))
    assert on_gpu(y)
    np.testing.assert_allclose(host(y), call(kernel, x), rtol=1e-5, atol=1e-6)
