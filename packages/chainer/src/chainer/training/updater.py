"""`chainer.training.updaters` under its name of v1 to v3."""

from __future__ import annotations

from catena.training.updaters import *  # noqa: F403
