"""The base class of distributions, and what is computed of two of them."""

from __future__ import annotations

from catena.nn.distributions import Distribution, cross_entropy, kl_divergence, register_kl

__all__ = ["Distribution", "cross_entropy", "kl_divergence", "register_kl"]
