"""The base class of datasets."""

from __future__ import annotations

from catena.training.datasets import DatasetMixin

__all__ = ["DatasetMixin"]
