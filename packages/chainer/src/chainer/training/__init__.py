"""Training: updaters, the Trainer, extensions and triggers."""

from __future__ import annotations

from catena.training import (
    PRIORITY_EDITOR,
    PRIORITY_READER,
    PRIORITY_WRITER,
    Extension,
    IntervalTrigger,
    StandardUpdater,
    Trainer,
    Updater,
    get_trigger,
    make_extension,
    set_seed,
)
from chainer.training import extension, extensions, trainer, triggers, updater, updaters, util

__all__ = [
    "PRIORITY_EDITOR",
    "PRIORITY_READER",
    "PRIORITY_WRITER",
    "Extension",
    "IntervalTrigger",
    "StandardUpdater",
    "Trainer",
    "Updater",
    "extension",
    "extensions",
    "get_trigger",
    "make_extension",
    "set_seed",
    "trainer",
    "triggers",
    "updater",
    "updaters",
    "util",
]
