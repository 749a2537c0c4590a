"""Datasets, and those that are downloaded."""

from __future__ import annotations

from catena.training.datasets import *  # noqa: F403
