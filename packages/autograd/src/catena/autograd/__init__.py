"""Reverse-mode differentiation of ordinary Python: the graph is the run.

import catena.autograd as ag
x = ag.Variable([5.0])
y = x**2 - 2 * x + 1
y.backward()
x.grad                                   # 2x - 2
"""

from __future__ import annotations

# The Variable's module comes first: the ops are defined over it.
from catena.autograd._variable import Variable, as_array, as_variable  # isort: skip
from catena.autograd import functions
from catena.autograd._backward import backward, grad
from catena.autograd._checkpoint import checkpoint
from catena.autograd._config import (
    config,
    force_backprop_mode,
    get_dtype,
    global_config,
    no_backprop_mode,
    using_config,
)
from catena.autograd._debug import detect_anomaly
from catena.autograd._function import Function, FunctionNode
from catena.autograd._hooks import FunctionHook, MemoryHook, NaNHook, PrintHook, TimerHook, get_function_hooks
from catena.autograd._op import ElementwiseOp, Op, elementwise_op, op
from catena.autograd.transforms import hessian, hvp, jacobian, jvp, stop_gradient, value_and_grad, vjp

__all__ = [
    "ElementwiseOp",
    "Function",
    "FunctionHook",
    "FunctionNode",
    "MemoryHook",
    "NaNHook",
    "Op",
    "PrintHook",
    "TimerHook",
    "Variable",
    "as_array",
    "as_variable",
    "backward",
    "checkpoint",
    "config",
    "detect_anomaly",
    "elementwise_op",
    "force_backprop_mode",
    "functions",
    "get_dtype",
    "get_function_hooks",
    "global_config",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "no_backprop_mode",
    "op",
    "stop_gradient",
    "using_config",
    "value_and_grad",
    "vjp",
]
