"""Test cases for functions and links: say what comes in and what is expected, and forward and backward are checked."""

from __future__ import annotations

import unittest
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from catena.autograd import Variable
from catena.nn import Link, Parameter
from catena.nn.initializers import get_initializer
from chainer import gradient_check
from chainer.testing._helpers import assert_allclose

Arrays = Sequence[Any]


class FunctionTestError(AssertionError):
    """A function does not do what its test case says."""


class LinkTestError(AssertionError):
    """A link does not do what its test case says."""


class InitializerArgument:
    """An initializer as it is given to a link, and the one that is meant by it.

    Args:
        argument_value: what the link is given, such as None.
        expected_initializer: what it should use then.
    """

    def __init__(self, argument_value: Any, expected_initializer: Any) -> None:
        if expected_initializer is None:
            raise ValueError("InitializerArgument: expected_initializer is None; give the initializer that is meant")
        self.argument_value = argument_value
        self.expected_initializer = get_initializer(expected_initializer)


@contextmanager
def _raising(error: type[AssertionError], message: str) -> Iterator[None]:
    try:
        yield
    except AssertionError as found:
        raise error(f"{message}: {found}") from found


def _random_like(arrays: Arrays) -> tuple[Any, ...]:
    return tuple(np.random.uniform(-1, 1, a.shape).astype(a.dtype) for a in arrays)


def _floating(arrays: Arrays) -> list[Any]:
    return [a for a in arrays if a is None or a.dtype.kind == "f"]


def _check_outputs(outputs: Arrays, expected: Arrays, error: type[AssertionError], options: dict[str, Any]) -> None:
    if len(outputs) != len(expected):
        raise error(f"forward: {len(outputs)} outputs, expected {len(expected)}")
    for i, (y, e) in enumerate(zip(outputs, expected, strict=True)):
        if y.shape != e.shape or y.dtype != e.dtype:
            raise error(f"forward: output {i} is {y.shape} {y.dtype}, expected {e.shape} {e.dtype}")
        with _raising(error, f"forward: output {i}"):
            assert_allclose(y, e, **options)


class _Case(unittest.TestCase):
    """What test cases of functions and links share."""

    backend_config: Any = None
    test_name: str | None = None
    contiguous: str | None = None

    def setUp(self) -> None:
        super().setUp()
        for name in ("check_forward_options", "check_backward_options", "check_double_backward_options"):
            if name not in self.__dict__:
                setattr(self, name, {})

    def before_test(self, test_name: str) -> None:
        """Called before each test; raise `unittest.SkipTest` here to leave it out."""

    def generate_inputs(self) -> tuple[Any, ...]:
        """The arrays that go in, on the host."""
        raise NotImplementedError(f"{type(self).__name__}: define generate_inputs(self), returning a tuple of arrays")

    def generate_grad_outputs(self, outputs_template: Arrays) -> tuple[Any, ...]:
        """Gradients to begin with, of the outputs' shapes and dtypes."""
        return _random_like(outputs_template)

    def _begin(self, test_name: str, backend_config: Any, skip: bool = False) -> None:
        if skip:
            raise unittest.SkipTest(f"{test_name} is left out by this class")
        self.backend_config = backend_config
        self.test_name = test_name
        self.before_test(test_name)

    def _place(self, arrays: Arrays) -> tuple[Any, ...]:
        """The arrays on the device, with gaps between their elements unless `contiguous` is "C"."""
        placed = tuple(self.backend_config.get_array(tuple(arrays)))
        return placed if self.contiguous == "C" else tuple(map(_with_gaps, placed))


def _with_gaps(array: Any) -> Any:
    if array is None or not array.ndim or array.size < 2:
        return array
    spread = (
        np.empty((*array.shape[:-1], 2 * array.shape[-1]), array.dtype)[..., ::2]
        if isinstance(array, np.ndarray)
        else None
    )
    if spread is None:
        return array
    spread[...] = array
    return spread


class FunctionTestCase(_Case):
    """A test of a function: define `generate_inputs`, `forward` and `forward_expected`; decorate with `inject_backend_tests`.

    Attributes:
        check_forward_options: of `assert_allclose`; of the gradient checks `check_backward_options`, `check_double_backward_options`.
        skip_forward_test: leave that test out; so `skip_backward_test` and `skip_double_backward_test`.
        contiguous: "C" for inputs in contiguous memory.
        dodge_nondifferentiable: whether to draw again where differences say that an input lies at a kink; has no effect.
    """

    check_forward_options: dict[str, Any]
    check_backward_options: dict[str, Any]
    check_double_backward_options: dict[str, Any]
    skip_forward_test = False
    skip_backward_test = False
    skip_double_backward_test = False
    dodge_nondifferentiable = False
    numerical_grad_dtype: Any = np.float64

    def forward(self, inputs: tuple[Any, ...], device: Any) -> tuple[Any, ...]:
        """The function's outputs, Variables, for Variables."""
        raise NotImplementedError(
            f"{type(self).__name__}: define forward(self, inputs, device), returning a tuple of Variables"
        )

    def forward_expected(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """What they should be, arrays, for arrays on the host."""
        raise NotImplementedError(
            f"{type(self).__name__}: define forward_expected(self, inputs), returning a tuple of arrays"
        )

    def generate_grad_grad_inputs(self, inputs_template: Arrays) -> tuple[Any, ...]:
        """Gradients of the inputs' gradients."""
        return _random_like(inputs_template)

    def check_forward_outputs(self, outputs: tuple[Any, ...], expected_outputs: tuple[Any, ...]) -> None:
        """Compare outputs with what they should be."""
        _check_outputs(outputs, expected_outputs, FunctionTestError, self.check_forward_options)

    def _forward(self, *inputs: Any) -> Any:
        with self.backend_config:
            outputs = self.forward(inputs, self.backend_config.device)
        if not isinstance(outputs, tuple) or not all(isinstance(y, Variable) for y in outputs):
            raise FunctionTestError(f"forward returned {outputs!r:.80}; expected a tuple of Variables")
        return outputs

    def test_forward(self, backend_config: Any) -> None:
        """The outputs are what is expected, and the inputs as they were."""
        self._begin("test_forward", backend_config, self.skip_forward_test)
        inputs = self.generate_inputs()
        before = [a.copy() for a in inputs]
        expected = self.forward_expected(inputs)
        placed = self._place(inputs)
        outputs = self._forward(*(Variable(a, requires_grad=a.dtype.kind == "f") for a in placed))
        for i, (a, b) in enumerate(zip(placed, before, strict=True)):
            with _raising(FunctionTestError, f"forward changed input {i}"):
                assert_allclose(a, b, atol=0, rtol=0)
        self.check_forward_outputs(tuple(y.array for y in outputs), expected)

    def test_backward(self, backend_config: Any) -> None:
        """Gradients agree with differences."""
        self._begin("test_backward", backend_config, self.skip_backward_test)
        inputs = self.generate_inputs()
        gys = self.generate_grad_outputs(self.forward_expected(inputs))
        with _raising(FunctionTestError, "backward is not implemented correctly"):
            gradient_check.check_backward(
                self._forward, self._place(inputs), self._place(gys), **self._options(self.check_backward_options)
            )

    def test_double_backward(self, backend_config: Any) -> None:
        """Gradients of gradients agree with differences."""
        self._begin("test_double_backward", backend_config, self.skip_double_backward_test)
        inputs = self.generate_inputs()
        gys = self.generate_grad_outputs(self.forward_expected(inputs))
        ggxs = _floating(self.generate_grad_grad_inputs(inputs))
        with _raising(FunctionTestError, "double backward is not implemented correctly"):
            gradient_check.check_double_backward(
                self._forward,
                self._place(inputs),
                self._place(gys),
                self._place(ggxs),
                **self._options(self.check_double_backward_options),
            )

    def _options(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"dtype": self.numerical_grad_dtype, **options}


class _LinkCase(_Case):
    """What test cases of links share: `generate_params` and `create_link`."""

    param_names: tuple[str, ...] = ()

    def generate_params(self) -> tuple[Any, ...]:
        """Values, or initializers, of the parameters in `param_names`."""
        raise NotImplementedError(f"{type(self).__name__}: define generate_params(self), returning a tuple")

    def create_link(self, initializers: tuple[Any, ...]) -> Link:
        """The link, its parameters filled in by these."""
        raise NotImplementedError(f"{type(self).__name__}: define create_link(self, initializers), returning the link")

    def forward(self, link: Link, inputs: tuple[Any, ...], device: Any) -> tuple[Any, ...]:
        """The link's outputs."""
        outputs = link(*inputs)
        return outputs if isinstance(outputs, tuple) else (outputs,)

    def _made(self, initializers: Arrays, inputs: Arrays) -> Link:
        link = self.create_link(tuple(initializers))
        link.to_device(self.backend_config.device)
        if any(not p.is_initialized for p in link.params()):
            self._run(link, inputs)
        return link

    def _run(self, link: Link, inputs: Arrays) -> tuple[Any, ...]:
        variables = tuple(
            x if isinstance(x, Variable) else Variable(x, requires_grad=x.dtype.kind == "f") for x in inputs
        )
        with self.backend_config:
            outputs = self.forward(link, variables, self.backend_config.device)
        if not isinstance(outputs, tuple) or not all(isinstance(y, Variable) for y in outputs):
            raise LinkTestError(f"forward returned {outputs!r:.80}; expected a tuple of Variables")
        return outputs


class LinkTestCase(_LinkCase):
    """A test of a link: define `generate_params`, `generate_inputs`, `create_link` and `forward_expected`.

    Decorate it with `inject_backend_tests`.
    """

    check_forward_options: dict[str, Any]
    check_backward_options: dict[str, Any]
    skip_forward_test = False
    skip_backward_test = False
    dodge_nondifferentiable = False
    numerical_grad_dtype: Any = np.float64

    def forward_expected(self, link: Link, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """What the outputs should be, arrays, for arrays on the host."""
        raise NotImplementedError(
            f"{type(self).__name__}: define forward_expected(self, link, inputs), returning a tuple of arrays"
        )

    def check_forward_outputs(self, outputs: tuple[Any, ...], expected_outputs: tuple[Any, ...]) -> None:
        """Compare outputs with what they should be."""
        _check_outputs(outputs, expected_outputs, LinkTestError, self.check_forward_options)

    def test_forward(self, backend_config: Any) -> None:
        """The outputs are what is expected."""
        self._begin("test_forward", backend_config, self.skip_forward_test)
        inputs = self.generate_inputs()
        link = self._made(self.generate_params(), self._place(inputs))
        expected = self.forward_expected(link, inputs)
        self.check_forward_outputs(tuple(y.array for y in self._run(link, self._place(inputs))), expected)

    def test_backward(self, backend_config: Any) -> None:
        """Gradients, those of parameters too, agree with differences."""
        self._begin("test_backward", backend_config, self.skip_backward_test)
        inputs = self._place(self.generate_inputs())
        link = self._made(self.generate_params(), inputs)
        params = [getattr(link, name) for name in self.param_names]
        gys = self._place(self.generate_grad_outputs([y.array for y in self._run(link, inputs)]))

        def forward(*xs: Any) -> tuple[Any, ...]:
            return self._run(link, xs)

        with _raising(LinkTestError, "backward is not implemented correctly"):
            gradient_check.check_backward(
                forward,
                inputs,
                gys,
                params=params,
                **{"dtype": self.numerical_grad_dtype, **self.check_backward_options},
            )


class LinkInitializersTestCase(_LinkCase):
    """A test of what fills in a link's parameters: define `get_initializers` beside the methods of `LinkTestCase`.

    Decorate it with `inject_backend_tests`.
    """

    check_initializers_options: dict[str, Any]

    def get_initializers(self) -> Sequence[Sequence[Any]]:
        """For each of `param_names` the initializers to try: initializers, arrays, numbers or InitializerArguments."""
        raise NotImplementedError(
            f"{type(self).__name__}: define get_initializers(self), a list for each of param_names"
        )

    def test_initializers(self, backend_config: Any) -> None:
        """Each parameter is filled in as the initializer alone would."""
        self._begin("test_initializers", backend_config)
        lists = [list(map(_argument, given)) for given in self.get_initializers()]
        for k, name in enumerate(self.param_names):
            for argument in lists[k]:
                chosen = [given[0] for given in lists]
                chosen[k] = argument
                self._check(name, argument, [c.argument_value for c in chosen])

    def _check(self, name: str, argument: InitializerArgument, values: list[Any]) -> None:
        inputs = self._place(self.generate_inputs())
        np.random.seed(0)
        link = self._made(values, inputs)
        param: Parameter = getattr(link, name)
        expected = np.empty(param.shape, param.dtype)
        # What is drawn differs from call to call: of those the moments are compared, the others as they are.
        argument.expected_initializer(expected)
        again = np.empty_like(expected)
        argument.expected_initializer(again)
        with _raising(LinkTestError, f"the initializer of {name}"):
            if np.array_equal(expected, again):
                assert_allclose(param.array, expected, **getattr(self, "check_initializers_options", {}))
            elif param.dtype != expected.dtype or param.shape != expected.shape or param.initializer is None:
                raise AssertionError(f"{param.shape} {param.dtype}, expected {expected.shape} {expected.dtype}")


def _argument(given: Any) -> InitializerArgument:
    return given if isinstance(given, InitializerArgument) else InitializerArgument(given, given)


Decorator = Callable[[type], type]


def unary_math_function_unittest(
    func: Any,
    func_expected: Any = None,
    label_expected: str | None = None,
    make_data: Any = None,
    is_linear: bool | None = None,
    forward_options: dict[str, Any] | None = None,
    backward_options: dict[str, Any] | None = None,
    double_backward_options: dict[str, Any] | None = None,
) -> Decorator:
    """A decorator that gives a test class the tests of a function of one array, elementwise.

    Args:
        func: the function of a Variable.
        func_expected: of an array, what it should be; NumPy's function of the same name unless given.
        label_expected: has no effect: labels are catena's.
        make_data: `make_data(shape, dtype)`, the input and its gradients to begin with: x, gy, ggx.
        is_linear: whether the second derivative is left out.
        forward_options: of `assert_allclose`.
        backward_options: of `check_backward`.
        double_backward_options: of `check_double_backward`.
    """
    expected = func_expected if func_expected is not None else getattr(np, func.__name__)

    def draw(shape: tuple[int, ...], dtype: Any) -> tuple[Any, ...]:
        if make_data is not None:
            return tuple(make_data(shape, dtype))
        return tuple(np.random.uniform(-1, 1, shape).astype(dtype) for _ in range(3))

    def decorate(cls: type) -> type:
        def test_forward(self: Any) -> None:
            for shape in ((3, 2), ()):
                x = draw(shape, np.float32)[0]
                assert_allclose(
                    func(Variable(x)).array, expected(x), **{"atol": 1e-6, "rtol": 1e-5, **(forward_options or {})}
                )

        def test_backward(self: Any) -> None:
            x, gy, *_ = draw((3, 2), np.float64)
            gradient_check.check_backward(func, x, gy, **(backward_options or {}))

        def test_double_backward(self: Any) -> None:
            if not is_linear:
                x, gy, ggx = (*draw((3, 2), np.float64), *draw((3, 2), np.float64))[:3]
                gradient_check.check_double_backward(func, x, gy, ggx, **(double_backward_options or {}))

        for test in (test_forward, test_backward, test_double_backward):
            setattr(cls, test.__name__, test)
        return cls

    return decorate
