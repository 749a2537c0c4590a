"""Optimizers: how gradients change parameters; one formula each, in its class's docstring."""

from __future__ import annotations

from catena.training.optimizers._adam import AdaBound, Adam, AdamW, AMSBound, AMSGrad
from catena.training.optimizers._adaptive import SMORMS3, AdaDelta, AdaGrad, RMSprop, RMSpropGraves
from catena.training.optimizers._gradient_descent import MSVAG, SGD, CorrectedMomentumSGD, MomentumSGD, NesterovAG
from catena.training.optimizers._hooks import (
    GradientClipping,
    GradientHardClipping,
    GradientLARS,
    GradientNoise,
    Lasso,
    WeightDecay,
    exponential_decay_noise,
)
from catena.training.optimizers._optimizer import (
    GradientMethod,
    Hyperparameter,
    HyperparameterProxy,
    Optimizer,
    UpdateRule,
)
from catena.training.optimizers._recent import LAMB, Lion, NAdam

__all__ = [
    "LAMB",
    "MSVAG",
    "SGD",
    "SMORMS3",
    "AMSBound",
    "AMSGrad",
    "AdaBound",
    "AdaDelta",
    "AdaGrad",
    "Adam",
    "AdamW",
    "CorrectedMomentumSGD",
    "GradientClipping",
    "GradientHardClipping",
    "GradientLARS",
    "GradientMethod",
    "GradientNoise",
    "Hyperparameter",
    "HyperparameterProxy",
    "Lasso",
    "Lion",
    "MomentumSGD",
    "NAdam",
    "NesterovAG",
    "Optimizer",
    "RMSprop",
    "RMSpropGraves",
    "UpdateRule",
    "WeightDecay",
    "exponential_decay_noise",
]
