"""What an error of a wrong use says: the function and the argument, what came, what was expected, and one fix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import catena.autograd as ag
import xparray as xp
from catena.autograd import Function, Variable
from catena.autograd import functions as F
from catena.autograd.transforms import jvp

X = np.ones((2, 3), np.float32)


class Doubled(Function):
    def forward(self, inputs: Any) -> Any:
        return (inputs[0] * 2,)

    def backward(self, inputs: Any, grad_outputs: Any) -> Any:
        return (grad_outputs[0] * 2,)


def on_strict(x: Any) -> Any:
    return xp.asarray(x, device="strict")


# What goes wrong, how it is called, its kind, and its text.
ERRORS: list[tuple[str, Callable[[Variable], Any], type[Exception], str]] = [
    (
        "seed: missing",
        lambda x: (x * 2).backward(),
        ValueError,
        "backward: an output of shape (2, 3) needs a gradient to begin with; sum it to one element, "
        "or give the gradient (y.grad = xp.ones_like(y.array), or grad_outputs=)",
    ),
    (
        "seed: missing in grad",
        lambda x: ag.grad(x * 2, x),
        ValueError,
        "grad: an output of shape (2, 3) needs a gradient to begin with; sum it to one element, "
        "or give the gradient (y.grad = xp.ones_like(y.array), or grad_outputs=)",
    ),
    (
        "seed: shape",
        lambda x: (x * 2).backward(grad=X[0]),
        ValueError,
        "backward: the gradient to begin with has shape (3,); expected (2, 3), the output's",
    ),
    (
        "seed: dtype",
        lambda x: ag.grad(x * 2, x, X * 1j),
        TypeError,
        "grad: the gradient to begin with is complex64, the output float32; expected a real one; take g.real",
    ),
    (
        "seed: device",
        lambda x: (x * 2).backward(grad=on_strict(X)),
        ValueError,
        "backward: the gradient to begin with lives on strict; expected numpy, the output's; move it with xp.to_device(g, 'numpy')",
    ),
    (
        "seed: no array",
        lambda x: (x * 2).backward(grad=[[1, 1, 1]] * 2),
        TypeError,
        "backward: the gradient to begin with is of type list; expected an array of shape (2, 3); write xp.asarray(g)",
    ),
    (
        "seeds: too few",
        lambda x: ag.backward([x, x], [X]),
        ValueError,
        "backward: got 1 gradients for 2 outputs; give one an output",
    ),
    (
        "grad: shape",
        lambda x: setattr(x, "grad", X[0]),
        ValueError,
        "Variable.grad: got shape (3,); expected (2, 3), the shape of the array",
    ),
    (
        "grad: dtype",
        lambda x: setattr(x, "grad", X.astype("float64")),
        TypeError,
        "Variable.grad: got float64; expected float32, the dtype of gradients of this Variable; convert it with xp.astype(g, xp.float32)",
    ),
    (
        "grad: device",
        lambda x: setattr(x, "grad", on_strict(X)),
        ValueError,
        "Variable.grad: got an array on strict; expected numpy; move it with xp.to_device(g, 'numpy')",
    ),
    (
        "grad: of what needs none",
        lambda x: setattr(ag.as_variable(X), "grad", X),
        ValueError,
        "Variable.grad: this Variable needs no gradient (made with requires_grad=False, or within no_backprop_mode)",
    ),
    (
        "integers: as the output",
        lambda x: ag.grad(F.argmax(x), x),
        TypeError,
        "grad: an output is an array, () int64, which has no gradient (comparisons, argmax and the like give arrays); "
        "expected a Variable, the result of functions of Variables",
    ),
    (
        "booleans: as the output",
        lambda x: ag.backward([x > 0]),
        TypeError,
        "backward: an output is an array, (2, 3) bool, which has no gradient (comparisons, argmax and the like give arrays); "
        "expected a Variable, the result of functions of Variables",
    ),
    (
        "an output of another type",
        lambda x: ag.grad(None, x),
        TypeError,
        "grad: an output is of type NoneType, which has no gradient (comparisons, argmax and the like give arrays); "
        "expected a Variable, the result of functions of Variables",
    ),
    (
        "a function for outputs",
        lambda x: ag.grad(np.sum, x),
        TypeError,
        "grad: outputs is the function sum; expected Variables; for the gradient of a function take catena.autograd.transforms.grad",
    ),
    (
        "an output without a graph",
        lambda x: ag.as_variable(X).backward(),
        ValueError,
        "backward: the output of shape (2, 3) depends on nothing that needs a gradient; was it made within no_backprop_mode?",
    ),
    (
        "an input without a gradient",
        lambda x: ag.grad(F.sum(x), ag.as_variable(X)),
        ValueError,
        "grad: input 0 (shape (2, 3)) needs no gradient; make it with Variable(array)",
    ),
    (
        "an input that is no Variable",
        lambda x: ag.grad(F.sum(x), [x, X]),
        TypeError,
        "grad: input 1 is ndarray; expected a Variable; make it with Variable(array)",
    ),
    (
        "second order: an old-style Function",
        lambda x: F.sum(Doubled()(x)).backward(create_graph=True),
        RuntimeError,
        "Doubled is a Function, whose backward computes on arrays: it cannot be differentiated twice; "
        "write it as a FunctionNode or as an op (@catena.autograd.op)",
    ),
    (
        "second order: jvp of an old-style Function",
        lambda x: jvp(lambda v: Doubled()(v), (X,), (X,)),
        RuntimeError,
        "Doubled is a Function, whose backward computes on arrays: it cannot be differentiated twice; "
        "write it as a FunctionNode or as an op (@catena.autograd.op)",
    ),
    (
        "devices: of two arguments",
        lambda x: x + on_strict(X),
        ValueError,
        "add: arguments live on different devices: argument 0: (2, 3) float32 on numpy; argument 1: (2, 3) float32 on strict; "
        "move argument 1 with xp.to_device(x, 'numpy')",
    ),
    (
        "an array from outside in place",
        lambda x: X.copy().__iadd__(x),
        TypeError,
        "np.add with out= would write to an array, through which no gradient flows, as `array += v` does; "
        "write array = array + v for a Variable, or array += v.array for numbers",
    ),
    (
        "np.asarray",
        lambda x: np.asarray(x),
        TypeError,
        "np.asarray of a Variable that requires a gradient would cut it from its graph; write v.array for the array",
    ),
    (
        "item assignment to a leaf",
        lambda x: x.__setitem__(0, 1.0),
        TypeError,
        "Variable: item assignment would make a leaf the result of an op, and its gradient would not come to it; "
        "build the result with F.where or F.concat, assign to a copy (w = v * 1), or change v.array before it is used",
    ),
    (
        "config: an unknown setting",
        lambda x: setattr(ag.config, "trian", False),
        AttributeError,
        "config has no setting 'trian'; it has train, enable_backprop, dtype, debug, in_recomputing, type_check, keep_graph_on_report, stale_inputs, "
        "warn_nondeterministic, use_cudnn, use_cudnn_tensor_core, cudnn_deterministic, cudnn_fast_batch_normalization, autotune; "
        "begin a name of your own with user_",
    ),
]


@pytest.mark.parametrize(("call", "error", "text"), [row[1:] for row in ERRORS], ids=[row[0] for row in ERRORS])
def test_text(call: Callable[[Variable], Any], error: type[Exception], text: str) -> None:
    x = Variable(X.copy())
    with pytest.raises(error) as caught:
        call(x)
    assert str(caught.value) == text
    assert x.grad is None
    np.testing.assert_array_equal(x.array, X)


@pytest.mark.parametrize(
    ("call", "notes"),
    [
        (
            lambda x: x + np.ones((2, 2)),
            [
                "in the op add(a: (2, 3) float32, b: (2, 2) float64)",
                "b has shape (2, 2), which does not broadcast with (2, 3); give it that shape, or axes of length 1",
            ],
        ),
        (
            lambda x: F.where(np.array([True, False]), x, x),
            [
                "in the op where(condition: (2,) bool, x: (2, 3) float32, y: (2, 3) float32)",
                "x has shape (2, 3), which does not broadcast with (2,); give it that shape, or axes of length 1",
            ],
        ),
        (
            lambda x: x @ x,
            [
                "in the op matmul(a: (2, 3) float32, b: (2, 3) float32)",
                "a has 3 columns, b 2 rows; expected as many; write b.T",
            ],
        ),
        (
            lambda x: F.exp(Variable(np.array(1))) @ x,
            ["in the op matmul(a: () float64, b: (2, 3) float32)", "a has no axis; multiply a number with *"],
        ),
        (
            lambda x: F.reshape(x, (4,)),
            [
                "in the op reshape(x: (2, 3) float32, shape=(4,))",
                "x has 6 elements, shape (4,) is for 4; give lengths whose product that is",
            ],
        ),
        (
            lambda x: x.reshape(-1, 4),
            [
                "in the op reshape(x: (2, 3) float32, shape=(-1, 4))",
                "x has 6 elements, shape (-1, 4) is for multiples of 4; give lengths whose product that is",
            ],
        ),
        (
            lambda x: x.reshape(2),
            [
                "in the op reshape(x: (2, 3) float32, shape=(2,))",
                "x has 6 elements, shape (2,) is for 2; give one length as -1, which is found",
            ],
        ),
        (
            lambda x: x.reshape(-1, -1),
            [
                "in the op reshape(x: (2, 3) float32, shape=(-1, -1))",
                "shape is (-1, -1); leave one length at most to be found, as -1",
            ],
        ),
        (
            lambda x: F.broadcast_to(x, (4, 2)),
            [
                "in the op broadcast_to(x: (2, 3) float32, shape=(4, 2))",
                "x has shape (2, 3); give a shape that ends with it, or give x axes of length 1",
            ],
        ),
        (
            lambda x: F.sum(x, axis=3),
            ["in the op sum(x: (2, 3) float32, axis=3)", "axis is 3; give one from -2 to 1"],
        ),
        (
            lambda x: x.mean(axis=(0, 5)),
            ["in the op mean(x: (2, 3) float32, axis=(0, 5), keepdims=False)", "axis is (0, 5); give one from -2 to 1"],
        ),
        (
            lambda x: F.flip(F.sum(x), axis=0),
            ["in the op flip(x: () float32, axis=0)", "axis is 0; give None, for the input has no axis"],
        ),
        (
            lambda x: F.expand_dims(x, axis=7),
            ["in the op expand_dims(x: (2, 3) float32, axis=7)", "axis is 7; give one from -3 to 2"],
        ),
        (
            lambda x: x.transpose(0, 0),
            ["in the op transpose(x: (2, 3) float32, axes=(0, 0))", "axes is (0, 0); name each axis once"],
        ),
        (
            lambda x: x.transpose(0, 1, 2),
            ["in the op transpose(x: (2, 3) float32, axes=(0, 1, 2))", "axes is (0, 1, 2); give one from -2 to 1"],
        ),
    ],
)
def test_what_a_library_refuses_names_the_op_its_arguments_and_a_fix(
    call: Callable[[Variable], Any], notes: list[str]
) -> None:
    with pytest.raises(ValueError) as caught:
        call(Variable(X))
    assert caught.value.__notes__ == notes


@pytest.mark.parametrize(
    ("call", "note"),
    [
        (lambda x: F.exp(None), "x is None; pass an array or a Variable"),
        (
            lambda x: F.sum(x, axis="rows"),
            "axis is 'rows'; give an integer from -2 to 1, for axes have numbers, no names",
        ),
        (lambda x: F.reshape(x, "rows"), "shape is 'rows'; give a tuple of integers"),
        (lambda x: -Variable(np.array([True])), "x is bool; convert it with xp.astype(x, xp.float32)"),
        (
            lambda x: Variable(np.array([True])) - np.array([True]),
            "a is bool; convert it with xp.astype(a, xp.float32)",
        ),
    ],
)
def test_a_dtype_that_a_library_refuses_names_the_argument_and_a_fix(
    call: Callable[[Variable], Any], note: str
) -> None:
    with pytest.raises(TypeError) as caught:
        call(Variable(X))
    assert caught.value.__notes__[1] == note


def test_a_misspelled_option_names_the_one_that_is_like_it() -> None:
    with pytest.raises(TypeError, match=r"^sum: got an unknown argument 'axs'; it takes \(x.*; write axis$"):
        F.sum(Variable(X), axs=0)
