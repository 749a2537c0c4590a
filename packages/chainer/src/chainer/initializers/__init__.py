"""Initializers: what fills in a parameter's first values."""

from __future__ import annotations

from catena.nn.initializers import *  # noqa: F403
from catena.nn.initializers import get_initializer as _get_initializer  # noqa: F401 - Chainer's links import it
