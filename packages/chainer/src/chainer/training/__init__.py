"""Training: updaters, the Trainer, extensions and triggers."""

from __future__ import annotations

from catena.training import *  # noqa: F403
from catena.training.triggers import IntervalTrigger as IntervalTrigger
from catena.training.triggers import get_trigger as get_trigger
from catena.training.updaters import *  # noqa: F403
from chainer.training import extension, extensions, trainer, triggers, updater, updaters, util  # type: ignore[no-redef]  # noqa: F401
