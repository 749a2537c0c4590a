"""What one iteration of training does."""

from __future__ import annotations

from catena.training.updaters import *  # noqa: F403
