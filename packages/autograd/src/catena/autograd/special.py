"""Differentiable special functions of real numbers: those of `xparray.special`, under the same names."""

from __future__ import annotations

from catena.autograd.ops.gamma import (
    beta,
    betainc,
    betaincinv,
    betaln,
    digamma,
    gamma,
    gammainc,
    gammaincc,
    gammainccinv,
    gammaincinv,
    gammaln,
    loggamma,
    multigammaln,
    polygamma,
    rgamma,
    zeta,
)
from catena.autograd.ops.special import (
    entr,
    erf,
    erfc,
    erfcinv,
    erfcx,
    erfinv,
    exp1,
    expi,
    expit,
    i0,
    i0e,
    i1,
    i1e,
    kl_div,
    log_expit,
    log_ndtr,
    log_softmax,
    logit,
    logsumexp,
    ndtr,
    ndtri,
    rel_entr,
    sinc,
    softmax,
    xlog1py,
    xlogy,
)

__all__ = [
    "beta", "betainc", "betaincinv", "betaln", "digamma", "entr", "erf", "erfc", "erfcinv", "erfcx", "erfinv", "exp1", "expi",
    "expit", "gamma", "gammainc", "gammaincc", "gammainccinv", "gammaincinv", "gammaln", "i0", "i0e", "i1", "i1e", "kl_div",
    "log_expit", "log_ndtr", "log_softmax", "loggamma", "logit", "logsumexp", "multigammaln", "ndtr", "ndtri", "polygamma",
    "rel_entr", "rgamma", "sinc", "softmax", "xlog1py", "xlogy", "zeta",
]  # fmt: skip
