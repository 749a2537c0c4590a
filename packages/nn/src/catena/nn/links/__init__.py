"""Links: functions together with their parameters, usually imported as L."""

from __future__ import annotations

from catena.nn.links.classifier import Classifier
from catena.nn.links.connection import Linear
from catena.nn.links.noise import Dropout

__all__ = ["Classifier", "Dropout", "Linear"]
