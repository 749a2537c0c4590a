"""`chainer.backends.cuda` under its name of v1 to v3."""

from __future__ import annotations

from chainer.backends.cuda import *  # noqa: F403
from chainer.backends.cuda import __getattr__  # noqa: F401 - what depends on a GPU
