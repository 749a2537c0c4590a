"""Functions of one's own in the style of v1, and the blocks that switch recording off and on."""

from __future__ import annotations

from catena.autograd import Function, FunctionHook, FunctionNode, force_backprop_mode, no_backprop_mode

__all__ = ["Function", "FunctionAdapter", "FunctionHook", "force_backprop_mode", "no_backprop_mode"]

FunctionAdapter = FunctionNode
