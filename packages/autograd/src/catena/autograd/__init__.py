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
from catena.autograd._config import config, force_backprop_mode, global_config, no_backprop_mode, using_config
from catena.autograd._function import Function, FunctionNode
from catena.autograd._op import ElementwiseOp, Op, elementwise_op, op

__all__ = [
    "ElementwiseOp",
    "Function",
    "FunctionNode",
    "Op",
    "Variable",
    "as_array",
    "as_variable",
    "backward",
    "config",
    "elementwise_op",
    "force_backprop_mode",
    "functions",
    "global_config",
    "grad",
    "no_backprop_mode",
    "op",
    "using_config",
]
