"""Files of models, optimizers and trainers: those that Chainer wrote load, and Chainer loads those written here."""

from __future__ import annotations

from catena.nn.serializers import *  # noqa: F403
