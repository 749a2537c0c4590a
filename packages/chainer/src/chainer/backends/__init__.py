"""The modules of single libraries of arrays."""

from __future__ import annotations

from chainer.backends import cuda, intel64

__all__ = ["cuda", "intel64"]
