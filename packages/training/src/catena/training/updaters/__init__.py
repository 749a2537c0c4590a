"""Updaters: what one iteration of training does."""

from __future__ import annotations

from catena.training.updaters._standard import StandardUpdater
from catena.training.updaters._updater import Updater

__all__ = ["StandardUpdater", "Updater"]
