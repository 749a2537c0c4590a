"""Probability distributions."""

from __future__ import annotations

from catena.nn.distributions import *  # noqa: F403
