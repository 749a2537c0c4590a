"""What can be done around links, or with their weights."""

from __future__ import annotations

from catena.nn.link_hooks import *  # noqa: F403
