"""Gradients against differences."""

from __future__ import annotations

from catena.autograd.gradient_check import *  # noqa: F403
