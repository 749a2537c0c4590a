"""The extension that ends a run whose parameters are no numbers any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import xparray as xp
from catena.training._extension import Extension

if TYPE_CHECKING:
    from catena.training._trainer import Trainer


class FailOnNonNumber(Extension):
    """Ends the run with an error as soon as a parameter is NaN or infinite.

    It runs in every iteration unless extended otherwise, before a snapshot is written.

    Raises:
        RuntimeError: when it is called, names the optimizer, the parameters and how much of them is no number.

    Example:
        >>> import numpy as np
        >>> from types import SimpleNamespace
        >>> import catena.nn.links as L
        >>> from catena.training.optimizers import SGD
        >>> optimizer = SGD().setup(L.Linear(2, 1, initialW=np.nan))
        >>> updater = SimpleNamespace(iteration=5, get_all_optimizers=lambda: {"main": optimizer})
        >>> FailOnNonNumber()(SimpleNamespace(updater=updater))
        Traceback (most recent call last):
        ...
        RuntimeError: FailOnNonNumber: after iteration 5 parameters of the optimizer 'main' are NaN or infinite: /W (2 of 2
        elements); lower the learning rate, add GradientClipping, or look for the first such value with
        catena.autograd.detect_anomaly
    """

    def __call__(self, trainer: Trainer) -> None:
        """Look at every parameter."""
        for name, optimizer in trainer.updater.get_all_optimizers().items():
            bad = []
            for path, param in optimizer.target.namedparams():
                if not param.is_initialized:
                    continue
                finite = int(xp.sum(xp.isfinite(param.array)))
                if finite < param.size:
                    bad.append(f"{path} ({param.size - finite} of {param.size} elements)")
            if bad:
                raise RuntimeError(
                    f"FailOnNonNumber: after iteration {trainer.updater.iteration} parameters of the optimizer {name!r} "
                    f"are NaN or infinite: {', '.join(bad)}; lower the learning rate, add GradientClipping, or look for "
                    "the first such value with catena.autograd.detect_anomaly"
                )
