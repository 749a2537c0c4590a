"""Tables made of lists, arrays and functions."""

from __future__ import annotations

from catena.training.datasets.tabular import *  # noqa: F403
