from __future__ import annotations

import math

import numpy as np
import pytest

import catena.autograd as ag
import xparray as xp
from catena.nn import initializers as I

DEVICES = ["numpy", "numba", "strict:device1"]


def host(x):
    return np.asarray(xp.to_device(x, "numpy"))


# shape (100, 50): fan_in 50, fan_out 100; (8, 6, 5, 5): fan_in 150, fan_out 200
@pytest.mark.parametrize(
    ("initializer", "shape", "std"),
    [
        (I.Normal(), (5000,), 0.05),
        (I.Normal(2), (100, 50), 2),
        (I.LeCunNormal(), (100, 50), math.sqrt(1 / 50)),
        (I.LeCunNormal(), (8, 6, 5, 5), math.sqrt(1 / 150)),
        (I.GlorotNormal(), (100, 50), math.sqrt(2 / 150)),
        (I.GlorotNormal(3.0), (8, 6, 5, 5), 3 * math.sqrt(2 / 350)),
        (I.HeNormal(), (100, 50), math.sqrt(2 / 50)),
        (I.HeNormal(fan_option="fan_out"), (100, 50), math.sqrt(2 / 100)),
        (I.HeNormal(1 / math.sqrt(2)), (8, 6, 5, 5), math.sqrt(1 / 150)),
    ],
)
def test_normal_family(initializer, shape, std):
    xp.random.seed(1)
    x = I.generate_array(initializer, shape)
    n = x.size
    assert abs(x.mean()) < 5 * std / math.sqrt(n)
    assert x.std() == pytest.approx(std, rel=5 / math.sqrt(2 * n))
    assert abs(x).max() > 2.5 * std  # a normal has tails


@pytest.mark.parametrize(
    ("initializer", "shape", "limit"),
    [
        (I.Uniform(), (5000,), 0.05),
        (I.Uniform(2), (100, 50), 2),
        (I.LeCunUniform(), (100, 50), math.sqrt(3 / 50)),
        (I.GlorotUniform(), (100, 50), math.sqrt(6 / 150)),
        (I.HeUniform(), (100, 50), math.sqrt(6 / 50)),
        (I.HeUniform(0.5), (8, 6, 5, 5), 0.5 * math.sqrt(6 / 150)),
    ],
)
def test_uniform_family(initializer, shape, limit):
    xp.random.seed(1)
    x = I.generate_array(initializer, shape)
    assert abs(x).max() <= limit
    assert abs(x).max() > 0.99 * limit
    assert x.std() == pytest.approx(limit / math.sqrt(3), rel=0.05)


@pytest.mark.parametrize(
    ("initializer", "shape", "expected"),
    [
        (I.Zero(), (2,), [0, 0]),
        (I.One(), (2,), [1, 1]),
        (I.NaN(), (2,), [np.nan] * 2),
        (I.Constant(2.5), (2,), [2.5, 2.5]),
        (I.Constant(np.array([1, 2])), (2,), [1, 2]),
        (I.Constant(np.float64(4)), (), 4),
        (I.Identity(), (2, 2), [[1, 0], [0, 1]]),
        (I.Identity(3), (2, 2), [[3, 0], [0, 3]]),
        (I.UpsamplingDeconvFilter(), (1, 1, 3, 3), [[np.outer([0.5, 1, 0.5], [0.5, 1, 0.5])]]),
        (I.UpsamplingDeconvFilter(), (2, 1, 2), [[[0.5, 0.5]], [[0.5, 0.5]]]),
        (I.UpsamplingDeconvFilter(), (2, 2, 1), [[[1], [0]], [[0], [1]]]),
        (I.DownsamplingConvFilter(), (1, 1, 3), [[[0.25, 0.5, 0.25]]]),
        (0.25, (2,), [0.25] * 2),
        (np.array([3.0]), (1,), [3]),
    ],
)
@pytest.mark.parametrize("device", DEVICES)
def test_values(initializer, shape, expected, device):
    x = I.generate_array(initializer, shape, device=device)
    assert str(xp.device_of(x)) == device
    assert host(x).dtype == np.float32
    np.testing.assert_array_equal(host(x), np.asarray(expected, "float32"))


# The array API standard has no float16.
@pytest.mark.parametrize(
    ("dtype", "device"), [("float16", "numba"), *((t, d) for t in ("float32", "float64") for d in DEVICES)]
)
@pytest.mark.parametrize("initializer", [I.LeCunNormal(), I.GlorotUniform(), I.Orthogonal()])
def test_one_seed_gives_the_same_values_everywhere(initializer, dtype, device):
    xp.random.seed(3)
    expected = I.generate_array(initializer, (6, 4), dtype=dtype)
    xp.random.seed(3)
    x = I.generate_array(initializer, (6, 4), dtype=dtype, device=device)
    np.testing.assert_array_equal(host(x), expected)
    assert not np.array_equal(host(I.generate_array(initializer, (6, 4), dtype=dtype, device=device)), expected)


def test_a_stream_of_its_own_leaves_the_process_alone():
    before = xp.random.get_generator().state
    a, b = (I.generate_array(I.Normal(rng=xp.random.default_rng(5)), (3,)) for _ in range(2))
    np.testing.assert_array_equal(a, b)
    assert xp.random.get_generator().state == before


@pytest.mark.parametrize("shape", [(3, 3), (2, 5), (5, 2), (4, 3, 2), (2, 3, 2)])
@pytest.mark.parametrize("scale", [1.0, 1.1])
def test_orthogonal(shape, scale):
    W = I.generate_array(I.Orthogonal(scale), shape, dtype="float64").reshape(shape[0], -1)
    small = W @ W.T if W.shape[0] <= W.shape[1] else W.T @ W
    np.testing.assert_allclose(small, scale**2 * np.eye(len(small)), atol=1e-12)


def test_orthogonal_of_a_single_number():
    assert {float(I.generate_array(I.Orthogonal(2), ())) for _ in range(40)} == {-2.0, 2.0}


@pytest.mark.parametrize(
    ("mode", "fits", "text"),
    [
        ("embedding", [(5, 2), (3, 3)], (2, 5)),
        ("projection", [(2, 5), (3, 3)], (5, 2)),
        ("basis", [(3, 3)], (3, 2)),
    ],
)
def test_orthogonal_modes(mode, fits, text):
    for shape in fits:
        I.generate_array(I.Orthogonal(mode=mode), shape)
    with pytest.raises(ValueError, match=rf"which allows no {mode}; use mode='auto'"):
        I.generate_array(I.Orthogonal(mode=mode), text)


@pytest.mark.parametrize(
    ("given", "expected"),
    [(None, I.LeCunNormal), (0, I.Constant), (1.5, I.Constant), (np.ones(2), I.Constant), (np.float32(1), I.Constant)],
)
def test_get_initializer(given, expected):
    assert type(I.get_initializer(given)) is expected


def test_get_initializer_hands_on_callables():
    assert I.get_initializer(print) is print


@pytest.mark.parametrize(
    ("initializer", "dtype", "expected"),
    [
        (I.One(), None, "float32"),
        (I.One("float16"), None, "float16"),
        (I.One(), "float64", "float64"),
        (I.One("float64"), "float64", "float64"),
        (7, "int32", "int32"),
        (np.ones(2), None, "float32"),
    ],
)
def test_dtype(initializer, dtype, expected):
    assert I.generate_array(initializer, 2, dtype=dtype).dtype == np.dtype(expected)


def test_the_configs_dtype_is_the_default():
    with ag.using_config("dtype", "float16"):
        assert I.generate_array(I.Normal(), 2).dtype == np.float16


@pytest.mark.parametrize("device", DEVICES)
def test_the_namespace_says_where(device):
    namespace = xp.array_namespace(xp.zeros(1, device=device))
    x = I.generate_array(I.One(), 2, namespace)
    assert xp.device_of(x).backend == device.partition(":")[0]


def test_users_callables_fill_what_they_are_given():
    def ramp(array):
        array[...] = np.arange(array.size).reshape(array.shape)
        return array

    np.testing.assert_array_equal(I.generate_array(ramp, (2, 2)), [[0, 1], [2, 3]])


@pytest.mark.parametrize("initializer", [I.Normal(), I.LeCunNormal(), I.HeUniform(), I.Constant(1)])
def test_empty_arrays(initializer):
    assert I.generate_array(initializer, (3, 0)).shape == (3, 0)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: I.Normal(math.nan), ValueError, r"Normal: scale is nan; expected a finite number from 0"),
        (lambda: I.HeNormal(math.inf), ValueError, r"HeNormal: scale is inf"),
        (lambda: I.Uniform(-0.1), ValueError, r"Uniform: scale is -0.1; expected a finite number from 0"),
        (lambda: I.Identity(math.inf), ValueError, r"Identity: scale is inf"),
        (lambda: I.Orthogonal(math.nan), ValueError, r"Orthogonal: scale is nan"),
        (lambda: I.Normal("1"), TypeError, r"Normal: scale is '1' \(str\); expected a number"),
        (lambda: I.HeNormal(fan_option="in"), ValueError, r"fan_option is 'in'; expected 'fan_in' or 'fan_out'"),
        (lambda: I.Orthogonal(mode="any"), ValueError, r"mode is 'any'; expected 'auto', 'projection'"),
        (lambda: I.UpsamplingDeconvFilter("cubic"), ValueError, r"interpolation is 'cubic'; expected 'linear'"),
        (
            lambda: I.generate_array(I.LeCunNormal(), (10,)),
            ValueError,
            r"shape \(10,\) has no fan-in; expected a weight",
        ),
        (lambda: I.generate_array(I.Identity(), (2, 3)), ValueError, r"shape \(2, 3\); expected a square matrix"),
        (lambda: I.generate_array(I.Orthogonal(), (0, 3)), ValueError, r"\(0, 3\) float32; expected a floating one"),
        (lambda: I.generate_array(I.Normal(), 2, dtype="int64"), ValueError, r"is int64; expected a floating dtype"),
        (
            lambda: I.generate_array(0.5, 2, dtype="int64"),
            ValueError,
            r"fill_value is float64, the array to fill int64",
        ),
        (lambda: I.generate_array(1j, 2), ValueError, r"fill_value is complex128, the array to fill float32"),
        (lambda: I.Constant(ag.Variable(np.ones(2))), TypeError, r"fill_value is a Variable; pass its values, v.array"),
        (lambda: I.generate_array(np.ones(3), 2), ValueError, r"fill_value has shape \(3,\), the array to fill \(2,\)"),
        (lambda: I.generate_array(I.One("float16"), 2, dtype="float32"), ValueError, r"was made for float16"),
        (lambda: I.One("float16")(np.ones(2)), ValueError, r"array is float64, the initializer was made for float16"),
        (lambda: I.generate_array(lambda a: a + 1, 2), TypeError, r"returned a value \(ndarray\); expected it to fill"),
        (lambda: I.generate_array("normal", 2), TypeError, r"initializer is 'normal' \(str\)"),
        (lambda: I.generate_array(I.One(), (2, "3")), ValueError, r"shape is \(2, '3'\)"),
        (lambda: I.generate_array(I.One(), True), ValueError, r"shape is True"),
        (lambda: I.generate_array(I.UpsamplingDeconvFilter(), (2, 3, 4)), ValueError, r"shape \(2, 3, 4\); expected"),
        (lambda: I.generate_array(I.UpsamplingDeconvFilter(), (2, 2, 4, 3)), ValueError, r"window of equal sides"),
        (lambda: I.generate_array(I.UpsamplingDeconvFilter(), (2, 2)), ValueError, r"shape \(2, 2\); expected"),
        (lambda: I.Initializer()(np.ones(2)), TypeError, r"Initializer defines neither fill"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_a_failed_fill_draws_nothing():
    before = xp.random.get_generator().state
    with pytest.raises(ValueError, match="no fan-in"):
        I.generate_array(I.LeCunNormal(), (10,))
    assert xp.random.get_generator().state == before
