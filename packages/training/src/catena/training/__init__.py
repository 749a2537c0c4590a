"""Training: data sets, iterators, optimizers, updaters, and the Trainer with its extensions and triggers.

import catena.nn.links as L
from catena.training import StandardUpdater, Trainer, extensions, iterators, optimizers

model = L.Classifier(MLP())
optimizer = optimizers.Adam().setup(model)
updater = StandardUpdater(iterators.SerialIterator(train, 100), optimizer)
trainer = Trainer(updater, (20, "epoch"), out="result")
trainer.extend(extensions.LogReport())
trainer.run()
"""

from catena.training import convert, datasets, extensions, iterators, optimizers, triggers, updaters
from catena.training._extension import PRIORITY_EDITOR, PRIORITY_READER, PRIORITY_WRITER, Extension, make_extension
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
    "triggers",
    "updaters",
]
