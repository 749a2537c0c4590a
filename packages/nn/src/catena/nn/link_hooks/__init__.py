"""Hooks for links: weights that are computed from a link's own at each call, and clocks.

layer = L.Linear(784, 10).add_hook(SpectralNormalization())
"""

from __future__ import annotations

from catena.nn._link_hook import LinkHook
from catena.nn.link_hooks.spectral_normalization import SpectralNormalization
from catena.nn.link_hooks.timer import TimerHook
from catena.nn.link_hooks.weight_normalization import WeightNormalization
from catena.nn.link_hooks.weight_standardization import WeightStandardization

__all__ = ["LinkHook", "SpectralNormalization", "TimerHook", "WeightNormalization", "WeightStandardization"]
