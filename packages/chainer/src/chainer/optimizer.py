"""What optimizers are made of, and, as in v1 to v3, the hooks."""

from __future__ import annotations

from catena.training.optimizers import (
    GradientClipping,
    GradientHardClipping,
    GradientLARS,
    GradientMethod,
    GradientNoise,
    Hyperparameter,
    HyperparameterProxy,
    Lasso,
    Optimizer,
    UpdateRule,
    WeightDecay,
    exponential_decay_noise,
)

__all__ = [
    "GradientClipping",
    "GradientHardClipping",
    "GradientLARS",
    "GradientMethod",
    "GradientNoise",
    "Hyperparameter",
    "HyperparameterProxy",
    "Lasso",
    "Optimizer",
    "UpdateRule",
    "WeightDecay",
    "exponential_decay_noise",
    "make_deprecation_message",
]


def make_deprecation_message(module_name: str) -> str:
    """The text that says where a hook stands today."""
    return f"chainer.optimizer.{module_name} is retired; write chainer.optimizer_hooks.{module_name}"
