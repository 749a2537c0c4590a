"""Optimizers."""

from __future__ import annotations

from catena.training.optimizers import *  # noqa: F403
