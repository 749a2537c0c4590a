"""Event files for TensorBoard."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from catena.training.extensions._averaging import Averaging

if TYPE_CHECKING:
    from catena.training._trainer import Trainer


class TensorBoardReport(Averaging):
    """Writes the means of what is reported in each interval as curves over the iterations, for TensorBoard to show.

    It needs tensorboardX (`pip install catena-training[tensorboard]`), which writes such files without TensorBoard itself; without,
    a run that has this extension does not start. See the curves with `tensorboard --logdir result`. A resumed run writes a file of its
    own, and TensorBoard forgets the points that came after its snapshot.

    Args:
        keys: the names to keep; all unless given.
        trigger: when an interval ends.
        logdir: the folder of the files, in the trainer's folder.

    Raises:
        ImportError: at the start of the run, where tensorboardX is not installed.

    Example:
        >>> extension = TensorBoardReport(trigger=(100, "iteration"))
    """

    def __init__(
        self, keys: Iterable[str] | None = None, trigger: Any = (1, "epoch"), logdir: str = "tensorboard"
    ) -> None:
        super().__init__(keys, trigger)
        self._logdir = logdir
        self._writer: Any = None

    @staticmethod
    def available() -> bool:
        """Whether tensorboardX is installed."""
        return importlib.util.find_spec("tensorboardX") is not None

    def initialize(self, trainer: Trainer) -> None:
        """Open a file."""
        if not self.available():
            raise ImportError(
                "TensorBoardReport: tensorboardX is not installed; pip install catena-training[tensorboard]"
            )
        from tensorboardX import SummaryWriter

        done = trainer.updater.iteration
        self._writer = SummaryWriter(os.path.join(trainer.out, self._logdir), purge_step=done + 1 if done else None)

    def _use(self, means: dict[str, Any], trainer: Trainer) -> None:
        iteration = means.pop("iteration")
        for name, value in means.items():
            self._writer.add_scalar(name, value, iteration)
        self._writer.flush()

    def finalize(self) -> None:
        """Close the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
