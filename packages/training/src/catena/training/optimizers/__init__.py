"""Optimizers: how gradients change parameters; one formula each, in its class's docstring."""

from __future__ import annotations

from catena.training.optimizers._adam import Adam
from catena.training.optimizers._gradient_descent import SGD, MomentumSGD
from catena.training.optimizers._hooks import GradientClipping, WeightDecay
from catena.training.optimizers._optimizer import (
    GradientMethod,
    Hyperparameter,
    HyperparameterProxy,
    Optimizer,
    UpdateRule,
)

__all__ = [
    "SGD",
    "Adam",
    "GradientClipping",
    "GradientMethod",
    "Hyperparameter",
    "HyperparameterProxy",
    "MomentumSGD",
    "Optimizer",
    "UpdateRule",
    "WeightDecay",
]
