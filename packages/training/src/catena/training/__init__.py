"""Training: datasets, iterators, optimizers, updaters, and the Trainer with its extensions and triggers.

Example:
    >>> import numpy as np
    >>> import tempfile
    >>> import catena.nn.links as L
    >>> from catena.training import StandardUpdater, Trainer, datasets, extensions, iterators, optimizers
    >>> x = np.arange(8, dtype=np.float32).reshape(8, 1) / 8
    >>> t = (x[:, 0] > 0.4).astype(np.int32)
    >>> optimizer = optimizers.Adam(alpha=0.1).setup(L.Classifier(L.Linear(1, 2)))
    >>> batches = iterators.SerialIterator(datasets.TupleDataset(x, t), 4)
    >>> trainer = Trainer(StandardUpdater(batches, optimizer), (50, "epoch"), out=tempfile.mkdtemp())
    >>> trainer.extend(extensions.LogReport())
    >>> trainer.run()
    >>> trainer.get_extension("LogReport").log[-1]["main/accuracy"]
    1.0
"""

from catena.training import convert, datasets, extensions, iterators, optimizers, triggers, updaters
from catena.training._extension import PRIORITY_EDITOR, PRIORITY_READER, PRIORITY_WRITER, Extension, make_extension
from catena.training._reproducible import set_seed
from catena.training._trainer import Trainer
from catena.training.triggers import IntervalTrigger, get_trigger
from catena.training.updaters import StandardUpdater, Updater

__all__ = [
    "PRIORITY_EDITOR",
    "PRIORITY_READER",
    "PRIORITY_WRITER",
    "Extension",
    "IntervalTrigger",
    "StandardUpdater",
    "Trainer",
    "Updater",
    "convert",
    "datasets",
    "extensions",
    "get_trigger",
    "iterators",
    "make_extension",
    "optimizers",
    "set_seed",
    "triggers",
    "updaters",
]
