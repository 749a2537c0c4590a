"""SciPy's and scikit-learn's functions for any array of the standard, as they are, on Variables: their values and derivatives.

SciPy looks at the environment once, when it is imported, so all calls are made in a process of their own: this file as a program.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np
import pytest

import catena.autograd as ag
from catena.autograd import Variable
from catena.autograd.gradient_check import check_derivatives

X = np.array([[0.5, -1.0, 2.0], [1.5, 0.25, -0.75], [0.1, 2.5, 1.0], [-2.0, 0.3, 0.7]])
Y = np.array([[0.4, -0.9, 2.1], [1.0, 0.5, -0.7], [0.3, 2.0, 1.4], [-1.7, 0.2, 0.4]])
P = np.array([0.2, 0.45, 0.3, 0.05])


class Called(NamedTuple):
    """A call of a library's function: f gets it, the Variable, and what makes a constant of the same kind."""

    name: str
    call: Callable[[Any, Any, Callable[[Any], Any]], Any] = lambda f, v, constant: f(v)
    x: Any = X
    order: int = 2


CALLS = [
    Called("scipy.special.softmax"),
    Called("scipy.special.softmax", lambda f, v, constant: f(v, axis=0)),
    Called("scipy.special.log_softmax", lambda f, v, constant: f(v, axis=1)),
    Called("scipy.special.logsumexp"),
    Called("scipy.special.logsumexp", lambda f, v, constant: f(v, axis=1, keepdims=True)),
    Called("scipy.special.logsumexp", lambda f, v, constant: f(v, axis=(0, 1), b=constant(np.abs(Y)))),
    Called("scipy.special.expit"),
    Called("scipy.special.logit", x=P),
    Called("scipy.special.entr", x=P),
    Called("scipy.special.xlogy", lambda f, v, constant: f(v, v * v), P),
    Called("scipy.special.rel_entr", lambda f, v, constant: f(v, constant(P[::-1].copy())), P),
    Called("scipy.signal.fftconvolve", lambda f, v, constant: f(v, v), P),
    Called("scipy.signal.fftconvolve", lambda f, v, constant: f(v, constant(Y[:2, :2]), mode="same")),
    Called("scipy.signal.oaconvolve", lambda f, v, constant: f(v, constant(P[:2])), P),
    Called("scipy.signal.hilbert", x=P),
    Called("scipy.fft.rfft"),
    Called("scipy.fft.fftn"),
    Called("scipy.stats.moment", lambda f, v, constant: f(v, order=3, axis=0)),
    Called("scipy.stats.moment", lambda f, v, constant: f(v, order=2, axis=None)),
    Called("scipy.stats.skew", lambda f, v, constant: f(v, axis=0)),
    Called("scipy.stats.kurtosis", lambda f, v, constant: f(v, axis=1)),
    Called("scipy.stats.zscore", lambda f, v, constant: f(v, axis=0)),
    Called("scipy.stats.gmean", x=P),
    Called("scipy.stats.hmean", x=P),
    Called("scipy.stats.sem"),
    Called("scipy.stats.entropy", x=P),
    Called("scipy.integrate.trapezoid", lambda f, v, constant: f(v, axis=0)),
    Called("scipy.optimize.rosen"),
    Called("scipy.spatial.transform.Rotation.from_rotvec", lambda f, v, constant: f(v).as_matrix()),
    Called("sklearn.metrics.mean_squared_error", lambda f, v, constant: f(constant(Y), v, multioutput="raw_values")),
    Called(
        "sklearn.metrics.root_mean_squared_error", lambda f, v, constant: f(constant(Y), v, multioutput="raw_values")
    ),
    Called("sklearn.metrics.mean_absolute_error", lambda f, v, constant: f(constant(Y), v, multioutput="raw_values")),
    Called("sklearn.metrics.r2_score", lambda f, v, constant: f(constant(Y), v, multioutput="raw_values")),
    Called(
        "sklearn.metrics.explained_variance_score", lambda f, v, constant: f(constant(Y), v, multioutput="raw_values")
    ),
    Called("sklearn.metrics.pairwise.euclidean_distances", lambda f, v, constant: f(v, constant(Y))),
    Called("sklearn.metrics.pairwise.cosine_similarity", lambda f, v, constant: f(v, constant(Y))),
    Called("sklearn.metrics.pairwise.rbf_kernel", lambda f, v, constant: f(v, constant(Y))),
    Called("sklearn.metrics.pairwise.polynomial_kernel", lambda f, v, constant: f(v, constant(Y))),
    Called("sklearn.preprocessing.MinMaxScaler", lambda f, v, constant: f().fit_transform(v)),
    Called("sklearn.preprocessing.MinMaxScaler", lambda f, v, constant: f().fit(constant(Y)).transform(v)),
    Called("sklearn.preprocessing.MaxAbsScaler", lambda f, v, constant: f().fit_transform(v)),
    Called("sklearn.preprocessing.Normalizer", lambda f, v, constant: f().fit_transform(v)),
    Called("sklearn.preprocessing.KernelCenterer", lambda f, v, constant: f().fit_transform(v), X[:3]),
    Called("sklearn.preprocessing.PolynomialFeatures", lambda f, v, constant: f().fit_transform(v)),
    Called("sklearn.linear_model.Ridge", lambda f, v, constant: f(solver="svd").fit(v, constant(Y)).predict(v)),
    Called("sklearn.decomposition.PCA", lambda f, v, constant: f(n_components=2, svd_solver="full").fit_transform(v)),
]

# What leaves the namespace says so, and never goes on without a gradient.
REFUSED = [
    Called("scipy.linalg.expm", x=X[:3]),
    Called("scipy.spatial.distance.cdist", lambda f, v, constant: f(v, v + 1)),
    Called("sklearn.preprocessing.RobustScaler", lambda f, v, constant: f().fit_transform(v)),
]


def called(path: str) -> Any:
    """A function by its whole name."""
    module, _, name = path.rpartition(".")
    if module.endswith(".Rotation"):
        return getattr(called(module), name)
    return getattr(import_module(module), name)


def checked(case: Called) -> str:
    """ "right", or what is wrong."""

    def f(v: Any) -> Any:
        # A plain array for the library is given along with plain arrays.
        constant = ag.as_variable if isinstance(v, Variable) else lambda x: x
        return case.call(called(case.name), v, constant)

    try:
        y = f(Variable(case.x))
        if not isinstance(y, Variable) or not y.requires_grad:
            return f"gave {type(y).__name__}"
        np.testing.assert_allclose(y.array, f(case.x), rtol=1e-9, atol=1e-12)
        check_derivatives(f, case.x, order=case.order)
    except Exception:  # whatever goes wrong in a library is the answer, and its text
        return traceback.format_exc()
    return "right"


def main() -> None:
    """Print what came of each call as JSON."""
    dispatch = import_module("sklearn").config_context(array_api_dispatch=True)
    with dispatch, np.errstate(all="ignore"):
        print(json.dumps([checked(case) for case in CALLS + REFUSED]))


@functools.cache
def answers() -> list[str]:
    """What came of each call."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", __file__],
        env={**os.environ, "SCIPY_ARRAY_API": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout)
    return found


pytestmark = pytest.mark.skipif(find_spec("sklearn") is None, reason="scikit-learn is not installed")


@pytest.mark.parametrize("i", range(len(CALLS)), ids=[case.name for case in CALLS])
def test_differentiates_as_it_is(i: int) -> None:
    assert answers()[i] == "right"


@pytest.mark.parametrize("i", range(len(REFUSED)), ids=[case.name for case in REFUSED])
def test_what_leaves_the_namespace_is_refused(i: int) -> None:
    text = answers()[len(CALLS) + i]
    assert "TypeError: " in text
    assert "write v.array for the array" in text or "has no differentiable counterpart" in text


if __name__ == "__main__":
    main()
