"""catena's links, usually imported as L."""

from __future__ import annotations

from catena.nn.links import *  # noqa: F403
from chainer.links import model as model
