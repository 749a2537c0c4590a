# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
"""What type checkers are told: arrays give arrays, Variables give Variables, by parameter names. mypy and pyright read this file.

Each `type: ignore` is an error that both must find: one that is not needed is an error itself.
"""

from __future__ import annotations

from typing import Any, assert_type

import numpy as np

import catena.nn.functions as F
import catena.nn.links as L
from catena import autograd as ag
from catena.autograd import Variable
from catena.autograd import functions as f
from catena.nn import Parameter

Array = np.ndarray[Any, Any]


def of_one(a: Array, v: Variable, p: Parameter) -> None:
    assert_type(f.tanh(a), Array)
    assert_type(f.tanh(v), Variable)
    assert_type(f.tanh(p), Variable)
    assert_type(f.tanh(2.0), Array)
    assert_type(f.tanh(x=v), Variable)
    assert_type(f.exp(f.log(v)), Variable)
    assert_type(f.exp(f.log(a)), Array)
    f.tanh(y=v)  # type: ignore[call-overload]
    f.tanh("text")  # type: ignore[call-overload]
    f.tanh()  # type: ignore[call-overload]


def of_two(a: Array, v: Variable, p: Parameter) -> None:
    assert_type(f.add(a, a), Array)
    assert_type(f.add(a, v), Variable)
    assert_type(f.add(v, a), Variable)
    assert_type(f.add(p, p), Variable)
    assert_type(f.add(v, 1.0), Variable)
    assert_type(f.add(1, a), Array)
    assert_type(f.add(a=a, b=p), Variable)
    assert_type(f.where(a, v, 0.0), Variable)
    assert_type(f.matmul(a, p), Variable)


def in_extensions(a: Array, v: Variable) -> None:
    assert_type(f.linalg.solve(a, v), Variable)
    assert_type(f.linalg.det(a), Array)
    assert_type(f.linalg.matrix_norm(v, ord="nuc"), Variable)
    assert_type(f.fft.rfft(v, n=8), Variable)
    assert_type(f.fft.rfftn(a, axes=(0, 1)), Array)
    f.linalg.qr(v, mode="thin")  # type: ignore[arg-type]


def with_options(a: Array, v: Variable) -> None:
    assert_type(f.sum(v, axis=0, keepdims=True), Variable)
    assert_type(f.sum(a, (0, 1)), Array)
    assert_type(f.reshape(v, (2, -1)), Variable)
    assert_type(f.clip(v, 0.0, 1.0), Variable)
    f.sum(v, axes=0)  # type: ignore[call-overload]
    f.sum(v, axis="rows")  # type: ignore[call-overload]


def of_several(a: Array, v: Variable, p: Parameter) -> None:
    assert_type(f.concat([a, a]), Array)
    assert_type(f.concat([v, a]), Variable)
    assert_type(f.concat((v, p), axis=1), Variable)
    assert_type(f.stack([a, a]), Array)
    assert_type(f.split_axis(v, 2), tuple[Variable, ...])
    assert_type(f.einsum("ij,jk->ik", a, v), Variable)
    assert_type(f.einsum("ij,jk->ik", a, a), Array)


def of_nn(a: Array, v: Variable, p: Parameter) -> None:
    assert_type(F.linear(a, p), Variable)
    assert_type(F.linear(a, a, b=None), Array)
    assert_type(F.relu(v), Variable)
    assert_type(F.softmax_cross_entropy(v, a, reduce="no"), Variable)
    assert_type(F.tanh(p), Variable)
    assert_type(L.Linear(3, 2).W, Parameter)
    F.softmax(v, axes=1)  # type: ignore[call-overload]


def of_variables(a: Array, v: Variable) -> None:
    assert_type(v + a, Variable)
    assert_type(2 * v, Variable)
    assert_type(v.sum(axis=0), Variable)
    assert_type(v[0], Variable)
    assert_type(v.T, Variable)
    assert_type(v.grad_var, Variable | None)
    assert_type(ag.as_variable(a), Variable)
    v.sum(axes=0)  # type: ignore[call-arg]
