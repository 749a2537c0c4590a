"""What a Trainer can be extended with."""

from __future__ import annotations

from catena.training.extensions import *  # noqa: F403
