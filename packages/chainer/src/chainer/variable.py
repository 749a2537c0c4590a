"""Variables and parameters."""

from __future__ import annotations

from catena.autograd import Variable, as_array, as_variable
from catena.autograd._node import Node as VariableNode
from catena.nn import Parameter

__all__ = ["Parameter", "Variable", "VariableNode", "as_array", "as_variable", "variable_repr", "variable_str"]


def variable_repr(var: Variable) -> str:
    """What `repr` shows of a Variable."""
    return repr(var)


def variable_str(var: Variable) -> str:
    """What `str` shows of a Variable."""
    return str(var)
