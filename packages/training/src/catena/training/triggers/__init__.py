"""When an extension runs, and when training stops: triggers."""

from catena.training.triggers._interval import IntervalTrigger, get_trigger
from catena.training.triggers._schedule import ManualScheduleTrigger, OnceTrigger, TimeTrigger
from catena.training.triggers._values import BestValueTrigger, EarlyStoppingTrigger, MaxValueTrigger, MinValueTrigger

__all__ = [
    "BestValueTrigger",
    "EarlyStoppingTrigger",
    "IntervalTrigger",
    "ManualScheduleTrigger",
    "MaxValueTrigger",
    "MinValueTrigger",
    "OnceTrigger",
    "TimeTrigger",
    "get_trigger",
]
