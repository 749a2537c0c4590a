"""When an extension runs, and when training stops."""

from __future__ import annotations

from catena.training.triggers import *  # noqa: F403
