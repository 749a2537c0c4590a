"""Iterators: from a dataset to its minibatches."""

from __future__ import annotations

from catena.training.iterators import *  # noqa: F403
