"""Who writes snapshots: this process at once, or another thread or process meanwhile."""

from __future__ import annotations

from catena.training.extensions.snapshot_writers import *  # noqa: F403
