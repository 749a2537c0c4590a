"""The version of Chainer whose names these are, followed by what programs compare it with."""

from __future__ import annotations

__version__ = "7.8.1"
