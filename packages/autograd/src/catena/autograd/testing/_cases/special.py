"""Special functions, within their domains; on the host, where SciPy computes them."""

from __future__ import annotations

from typing import Any

from catena.autograd import special as S
from catena.autograd.testing import (
    CASES,
    Case,
    arrays,
    broadcasting,
    calls,
    dtypes,
    integers,
    reals,
    sampled_from,
    shapes,
)
from catena.autograd.testing._cases._common import HOST, nonzero
from catena.autograd.testing._cases.statistics import extremes

unit = reals(1 / 8, 7 / 8)
positive = reals(1 / 2, 3)
# Away from 1, where functions below it are near their poles, and from kinks.
above = reals(9 / 8, 3)


def alike(*values: Any) -> Any:
    """Inputs of one dtype: where one alone has a gradient, this is in its dtype on the way, too."""
    return dtypes().flatmap(lambda dtype: broadcasting(*values, dtype=dtype, scalars=False))


for f, values in {
    S.erf: reals(),
    S.erfc: reals(),
    S.erfcx: reals(-1, 3),
    S.erfinv: reals(-7 / 8, 7 / 8),
    S.erfcinv: reals(1 / 8, 15 / 8),
    S.ndtr: reals(),
    S.log_ndtr: reals(),
    S.ndtri: unit,
    S.gamma: reals(1 / 2, 3),
    S.gammaln: positive,
    S.loggamma: positive,
    S.rgamma: positive,
    S.digamma: positive,
    S.i0: reals(),
    S.i1: reals(),
    S.i0e: nonzero,
    S.i1e: nonzero,
    S.exp1: positive,
    S.expi: positive,
    S.expit: reals(),
    S.logit: unit,
    S.log_expit: reals(),
    S.entr: positive,
}.items():
    CASES.add(f, Case(broadcasting(values, scalars=False), backends=HOST, tolerance=16))

CASES.add(S.sinc, Case(broadcasting(reals(), scalars=False), backends=HOST, tolerance=16))

for of_two, two in {
    S.beta: (positive, positive),
    S.betaln: (positive, positive),
    S.xlogy: (reals(), positive),
    S.xlog1py: (reals(), reals(-1 / 2, 3)),
    S.rel_entr: (positive, positive),
    S.kl_div: (positive, positive),
}.items():
    CASES.add(of_two, Case(broadcasting(*two, scalars=False), backends=HOST, tolerance=16))

FIXED = "it has no gradient"
CASES.add(S.polygamma, Case(calls(integers(0, 2), arrays(positive)), backends=HOST, tolerance=32))
CASES.add(S.zeta, Case(alike(above, positive), backends=HOST, no_gradient={"x": FIXED}, tolerance=32))
for f, values in {
    S.gammainc: positive,
    S.gammaincc: positive,
    S.gammaincinv: unit,
    S.gammainccinv: unit,
}.items():
    CASES.add(f, Case(alike(above, values), backends=HOST, no_gradient={"a": FIXED}, tolerance=64))
for f in (S.betainc, S.betaincinv):
    CASES.add(f, Case(alike(above, above, unit), backends=HOST, no_gradient={"a": FIXED, "b": FIXED}, tolerance=64))
CASES.add(S.multigammaln, Case(calls(arrays(reals(3 / 2, 3)), sampled_from([1, 2, 3])), backends=HOST, tolerance=32))
CASES.add(S.logsumexp, Case(extremes(), name="special"))
for along in (S.softmax, S.log_softmax):
    lines = calls(arrays(shape=shapes(min_dims=1, min_side=1)), axis=sampled_from([0, -1]))
    CASES.add(along, Case(lines, tolerance=4))
