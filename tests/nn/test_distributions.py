"""Distributions: shapes, dtypes, devices, what is differentiable, the table of divergences, and the errors that bad input gets."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import catena.nn.distributions as D
import xparray as xp
from catena.autograd import Variable, as_array

F4 = "float32"


def f4(*values: Any) -> Any:
    return np.array(values, F4)


OF_NUMBERS: dict[str, Callable[[Any], D.Distribution]] = {
    "Bernoulli": lambda p: D.Bernoulli(p),
    "Beta": lambda a: D.Beta(a, a + 1),
    "Cauchy": lambda m: D.Cauchy(m, m + 1),
    "Chisquare": lambda k: D.Chisquare(k),
    "Exponential": lambda lam: D.Exponential(lam),
    "Gamma": lambda k: D.Gamma(k, k + 1),
    "Geometric": lambda p: D.Geometric(p),
    "Gumbel": lambda m: D.Gumbel(m, m + 1),
    "Laplace": lambda m: D.Laplace(m, m + 1),
    "LogNormal": lambda m: D.LogNormal(m, m + 1),
    "Normal": lambda m: D.Normal(m, m + 1),
    "Pareto": lambda s: D.Pareto(s, s + 3),
    "Poisson": lambda lam: D.Poisson(lam),
    "Uniform": lambda low: D.Uniform(low=low, high=2 * low + 1),
}
OF_VECTORS: dict[str, Callable[[Any], D.Distribution]] = {
    "Categorical": lambda p: D.Categorical(p),
    "Dirichlet": lambda alpha: D.Dirichlet(alpha),
    "MultivariateNormal": lambda loc: D.MultivariateNormal(loc, scale_tril=np.eye(3, dtype=F4)),
    "OneHotCategorical": lambda p: D.OneHotCategorical(p),
    "Independent": lambda loc: D.Independent(D.Normal(loc, 1.0), 1),
}
INTEGERS = ["Bernoulli", "Categorical"]
HAVE_GRADIENTS = [
    "Cauchy",
    "Exponential",
    "Gumbel",
    "Laplace",
    "LogNormal",
    "Normal",
    "Pareto",
    "Uniform",
    "MultivariateNormal",
]


def test_there_are_chainers_19() -> None:
    assert len(OF_NUMBERS) + len(OF_VECTORS) == 19
    assert set(D.__all__) - set(OF_NUMBERS) - set(OF_VECTORS) == {
        "Distribution", "cross_entropy", "kl_divergence", "register_kl"
    }  # fmt: skip


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    xp.random.seed(0)
    yield


def numbers(name: str) -> Any:
    return np.full((4, 3), 0.25, F4) if name in OF_NUMBERS else np.full((4, 3), 1 / 3, F4)


@pytest.mark.parametrize("name", [*OF_NUMBERS, *OF_VECTORS])
@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_shapes_dtypes_and_devices(name: str, backend: str) -> None:
    make = {**OF_NUMBERS, **OF_VECTORS}[name]
    d = make(xp.to_device(numbers(name), backend))
    event = {"Dirichlet": (3,), "MultivariateNormal": (3,), "OneHotCategorical": (3,), "Independent": (3,)}.get(
        name, ()
    )
    assert d.batch_shape == ((4, 3) if name in OF_NUMBERS else (4,))
    assert d.event_shape == event
    for sample_shape in [(), 2, (2,), (5, 2), (0,)]:
        x = d.sample(sample_shape)
        before = (sample_shape,) if isinstance(sample_shape, int) else sample_shape
        assert x.shape == (*before, *d.batch_shape, *event)
        assert x.dtype == ("int64" if name in INTEGERS else F4)
        assert xp.device_of(x).backend == backend
        y = d.log_prob(x)
        assert (y.shape, y.dtype) == ((*before, *d.batch_shape), F4)
        assert xp.device_of(y).backend == backend
        assert np.all(np.isfinite(np.asarray(y)))
    assert d.sample_n(7).shape == (7, *d.batch_shape, *event)
    if name != "Categorical":
        assert d.mean.shape == d.variance.shape == d.stddev.shape == (*d.batch_shape, *event)
        assert {d.mean.dtype, d.variance.dtype, d.stddev.dtype} == {np.dtype(F4)}
    assert d.support if name != "Categorical" else True


@pytest.mark.parametrize("name", [*OF_NUMBERS, *OF_VECTORS])
def test_a_variable_among_the_parameters_makes_variables(name: str) -> None:
    make = {**OF_NUMBERS, **OF_VECTORS}[name]
    p = Variable(numbers(name))
    constant, d = make(numbers(name)), make(p)
    xp.random.seed(1)
    drawn = constant.sample((2,))
    xp.random.seed(1)
    x = d.sample((2,))
    assert isinstance(x, Variable)
    assert not isinstance(drawn, Variable)
    np.testing.assert_array_equal(x.array, drawn)  # one seed, one sample
    y = d.log_prob(drawn)
    assert isinstance(y, Variable)
    np.testing.assert_array_equal(y.array, constant.log_prob(drawn))
    y.sum().backward()
    assert p.grad is not None and np.any(p.grad != 0)
    if drawn.dtype == F4:
        assert isinstance(constant.log_prob(Variable(drawn)), Variable)


@pytest.mark.parametrize("name", [*OF_NUMBERS, *OF_VECTORS])
def test_which_samples_have_gradients(name: str) -> None:
    p = Variable(numbers(name))
    x = {**OF_NUMBERS, **OF_VECTORS}[name](p).sample((2,))
    assert x.requires_grad is (name in [*HAVE_GRADIENTS, "Gamma", "Independent"])


def test_parameters_broadcast_and_may_be_numbers() -> None:
    d = D.Normal(np.zeros((4, 1), F4), np.ones(3, F4))
    assert d.batch_shape == (4, 3)
    assert D.Normal(np.zeros(2, F4), 1.0).scale.dtype == F4
    assert D.Normal(0.0, 1).loc.dtype == F4
    assert D.Normal(0.0, 1.0).log_prob(0.0).dtype == F4
    assert D.Normal(np.zeros(2, F4), np.ones(2)).loc.dtype == "float64"
    assert D.Poisson(f4(2)).log_prob(np.array([1])).dtype == F4  # integers take the parameters' dtype


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_a_distribution_without_axes_gives_arrays(name: str) -> None:
    d = OF_NUMBERS[name](np.asarray(0.25))
    x = d.sample()
    for y in (x, d.log_prob(x), d.prob(x), d.mean, d.variance, d.stddev):
        assert isinstance(y, np.ndarray)
        assert y.shape == ()


def test_parameters_by_name() -> None:
    assert list(D.Normal(0.0, log_scale=0.0).params) == ["loc", "scale"]
    assert list(D.Bernoulli(0.5).params) == ["logit"]
    assert list(D.Uniform(loc=0.0, scale=1.0).params) == ["loc", "scale"]
    assert list(D.Uniform(low=0.0, high=1.0).params) == ["low", "high"]
    assert D.Normal(0.0, 1.0).xp is xp.array_namespace(np.zeros(1))


@pytest.mark.parametrize(
    ("made", "expected"),
    [
        (lambda: D.Normal(1.0, 2.0), 1.0),
        (lambda: D.Laplace(1.0, 2.0), 1.0),
        (lambda: D.Cauchy(1.0, 2.0), 1.0),
        (lambda: D.Gumbel(1.0, 2.0), 1.0),
        (lambda: D.LogNormal(1.0, 2.0), math.exp(-3)),
        (lambda: D.Exponential(2.0), 0.0),
        (lambda: D.Pareto(2.0, 3.0), 2.0),
        (lambda: D.Geometric(0.5), 1.0),
        (lambda: D.Independent(D.Normal(f4([1, 1]), 2.0)), [[1.0, 1.0]]),
        (lambda: D.MultivariateNormal(f4(1), scale_tril=f4([1])), [1.0]),
    ],
)
def test_modes(made: Callable[[], Any], expected: Any) -> None:
    np.testing.assert_allclose(made().mode, expected, rtol=1e-6)


# --------------------------------------------------------------------------------------------------------------------- edges


def test_extreme_probabilities_have_no_nan() -> None:
    d = D.Bernoulli(f4(0, 1))
    assert d.log_prob(np.array([0, 1])).tolist() == [0.0, 0.0]
    assert d.log_prob(np.array([1, 0])).tolist() == [-math.inf, -math.inf]
    assert d.entropy.tolist() == [0.0, 0.0]
    assert D.Bernoulli(logit=f4(-200, 200)).log_prob(np.array([1, 1])).tolist() == [-200.0, 0.0]
    assert D.Geometric(f4(1)).log_prob(np.array([1])).tolist() == [0.0]
    assert D.Geometric(f4(1)).sample((5,)).tolist() == [[1.0]] * 5
    logits = D.Categorical(logit=f4(0, -200))
    np.testing.assert_allclose(logits.log_prob(np.array([0, 1])), [0, -200])
    np.testing.assert_allclose(D.kl_divergence(D.Categorical(f4(1, 0)), logits), 0, atol=1e-6)


def test_shades_between_0_and_1() -> None:
    half = D.Bernoulli(f4(0.25))
    expected = 0.5 * math.log(0.25) + 0.5 * math.log(0.75)
    np.testing.assert_allclose(half.log_prob(f4(0.5)), [expected], rtol=1e-6)
    assert D.Bernoulli(f4(0.25), binary_check=True).prob(f4(0.5)).tolist() == [0.0]


def test_slopes_are_finite_outside_of_the_support() -> None:
    for d, x in [
        (D.LogNormal, -1.0), (D.Gamma, -1.0), (D.Beta, 2.0), (D.Pareto, 0.5)
    ]:  # fmt: skip
        a, b, v = Variable(f4(1.5)), Variable(f4(2)), Variable(f4(x))
        y = d(a, b).log_prob(v)
        assert y.array.tolist() == [-math.inf]
        y.backward(grad=np.ones(1, F4))
        assert all(np.isfinite(as_array(u.grad)).all() for u in (a, b, v)), d


def test_means_that_do_not_exist() -> None:
    assert np.isnan(D.Cauchy(f4(0), 1.0).mean).all()
    assert np.isnan(D.Cauchy(f4(0), 1.0).variance).all()
    d = D.Pareto(f4(1, 1, 1), f4(0.5, 1.5, 3))
    assert d.mean.tolist() == [math.inf, 3.0, 1.5]
    assert d.variance.tolist() == [math.inf, math.inf, 0.75]


def test_what_is_above_the_diagonal_does_not_count() -> None:
    full = np.array([[1.0, 9.0], [0.5, 2.0]])
    d, lower = (
        D.MultivariateNormal(np.zeros(2), scale_tril=full),
        D.MultivariateNormal(np.zeros(2), scale_tril=np.tril(full)),
    )
    np.testing.assert_array_equal(d.covariance, lower.covariance)
    np.testing.assert_array_equal(d.log_prob(np.ones(2)), lower.log_prob(np.ones(2)))
    assert d.d == 2


def test_independent() -> None:
    base = D.Normal(np.arange(24.0).reshape(2, 3, 4), 2.0)
    for n, batch, event in [(None, (2,), (3, 4)), (0, (2, 3, 4), ()), (1, (2, 3), (4,)), (3, (), (2, 3, 4))]:
        d = D.Independent(base, n)
        assert (d.batch_shape, d.event_shape) == (batch, event)
        axes = tuple(range(3 - len(event), 3))
        np.testing.assert_allclose(d.log_prob(np.ones((2, 3, 4))), base.log_prob(np.ones((2, 3, 4))).sum(axes))
        np.testing.assert_allclose(d.entropy, base.entropy.sum(axes))
        np.testing.assert_allclose(d.cdf(np.ones((2, 3, 4))), base.cdf(np.ones((2, 3, 4))).prod(axes))
    np.testing.assert_allclose(D.Independent(base, 1).covariance, np.broadcast_to(4 * np.eye(4), (2, 3, 4, 4)))


def test_covariance_of_independent_vectors() -> None:
    root = np.array([[1.0, 0.0], [0.5, 2.0]])
    d = D.Independent(D.MultivariateNormal(np.zeros((5, 3, 2)), scale_tril=root))
    assert d.event_shape == (3, 2)
    np.testing.assert_allclose(d.covariance[4], np.kron(np.eye(3), root @ root.T))


# --------------------------------------------------------------------------------------------------------------- divergences


class Point(D.Distribution):
    """All of the probability at one place."""

    def __init__(self, at: float) -> None:
        self.at = at


def test_divergences_of_classes_of_ones_own() -> None:
    @D.register_kl(Point, D.Normal)
    def of_points(p: Point, q: D.Normal) -> Any:
        return -q.log_prob(p.at)

    class Nearer(Point):
        pass

    assert float(D.kl_divergence(Nearer(0.0), D.Normal(0.0, 1.0))) == pytest.approx(0.5 * math.log(2 * math.pi))
    with pytest.raises(
        NotImplementedError, match=r"kl_divergence: there is no formula for Normal and Point; enter one with @regis"
    ):
        D.kl_divergence(D.Normal(0.0, 1.0), Point(0.0))


def test_a_class_without_sample_n_says_so() -> None:
    with pytest.raises(
        NotImplementedError, match=r"Point has no sample_n: there is no formula for it here; a subclass can define it"
    ):
        Point(0.0).sample_n(1)


def test_divergence_of_independents() -> None:
    p, q = D.Normal(np.zeros((2, 3)), 1.0), D.Normal(np.ones((2, 3)), 2.0)
    np.testing.assert_allclose(D.kl_divergence(D.Independent(p), D.Independent(q)), D.kl_divergence(p, q).sum(1))
    with pytest.raises(
        ValueError, match=r"the events of the two differ: \(3,\) of 1 batch axes, \(2, 3\) of 2; make both alike"
    ):
        D.kl_divergence(D.Independent(p), D.Independent(q, 2))


# -------------------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: D.Normal(f4(0)), ValueError, r"Normal: got none of scale and log_scale; expected one of them"),
        (lambda: D.Normal(f4(0), 1.0, log_scale=0.0), ValueError, r"Normal: got scale and log_scale of scale and log_scale"),
        (lambda: D.Bernoulli(), ValueError, r"Bernoulli: got none of p and logit"),
        (lambda: D.Categorical(f4(1), logit=f4(1)), ValueError, r"Categorical: got p and logit of p and logit"),
        (lambda: D.Uniform(low=f4(1)), ValueError, r"Uniform: got low; expected low and high, or loc and scale"),
        (lambda: D.Uniform(), ValueError, r"Uniform: got no parameters; expected low and high, or loc and scale"),
        (
            lambda: D.Uniform(low=0.0, high=1.0, loc=0.0, scale=1.0), ValueError,
            r"Uniform: got low and high and loc and scale; expected low and high, or loc and scale",
        ),
        (lambda: D.Normal([0.0], 1.0), TypeError, r"Normal: loc is \[0.0\] \(list\); expected an array or a number"),
        (
            lambda: D.Poisson(np.array([1])), TypeError,
            r'Poisson: lam is int64, expected floating numbers; convert it with F.astype\(lam, "float32"\)',
        ),
        (
            lambda: D.Gamma(f4(1, 2), f4(1, 2, 3)), ValueError,
            r"Gamma: k and theta do not broadcast together \(k: \(2,\) float32, theta: \(3,\) float32\); give them one shape",
        ),
        (
            lambda: D.MultivariateNormal(f4(0, 0), scale_tril=f4(1, 1)), ValueError,
            r"MultivariateNormal: expected loc \(..., d\) and scale_tril \(..., d, d\); got loc: \(2,\) float32, scale_tril: \(2,\)",
        ),
        (lambda: D.Dirichlet(np.asarray(1.0)), ValueError, r"Dirichlet: alpha has no axis; expected \(..., k\)"),
        (lambda: D.OneHotCategorical(np.asarray(1.0)), ValueError, r"OneHotCategorical: p has no axis; expected \(..., k\)"),
        (
            lambda: D.Categorical(f4(0.5, 0.5)).log_prob(np.array([0, 2])), ValueError,
            r"Categorical.log_prob: x\[1\] is 2; expected integers from 0 to 1",
        ),
        (
            lambda: D.Independent(D.Normal(f4(0), 1.0), 2), ValueError,
            r"Independent: reinterpreted_batch_ndims is 2, the distribution has batch_shape \(1,\); expected a number from 0 to 1",
        ),
        (lambda: D.Independent(D.Normal(f4([0], [1]), 1.0)).icdf(f4(0.5)), NotImplementedError, r"Independent has no icdf"),
        (lambda: D.Gamma(f4(1), 1.0).cdf(f4(1)), NotImplementedError, r"Gamma has no cdf: there is no formula for it here"),
        (lambda: D.Categorical(f4(1)).mean, NotImplementedError, r"Categorical has no mean"),
        (
            lambda: D.kl_divergence(D.Categorical(f4(1)), D.Categorical(f4(0.5, 0.5))), ValueError,
            r"kl_divergence: p has 1 classes, q has 2 \(\(1,\), \(2,\)\); give both as many",
        ),
    ],
)  # fmt: skip
def test_errors(call: Callable[[], Any], error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call()
