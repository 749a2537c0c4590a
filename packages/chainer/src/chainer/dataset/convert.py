"""From a minibatch to arrays."""

from __future__ import annotations

from catena.training.convert import *  # noqa: F403
