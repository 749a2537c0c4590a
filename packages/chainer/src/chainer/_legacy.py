"""Names of Chainer that catena's classes do not have: those of v1 to v6, and those of v7 that catena spells otherwise.

`install()` gives them to catena's own classes, so that every object has them, whoever made it. A name that Chainer itself
retired warns, with today's spelling; one that v7.8.1 still has is silent.
"""

from __future__ import annotations

import functools
import inspect
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

import xparray as xp
from catena import training
from catena.autograd import Function, FunctionNode, Variable, using_config
from catena.autograd._function import _OldStyle
from catena.autograd._plan import spec_of
from catena.nn import Chain, Link, Parameter, Reporter, Sequential, functions, initializers, links
from catena.training import optimizers
from chainer import backend
from chainer._volatile import MADE, is_among, make_volatile, run_volatile
from chainer.backends import cuda
from chainer.utils import type_check


def retired(old: str, new: str, stacklevel: int = 3) -> None:
    """Warn that `old` is a spelling of the past and `new` is today's."""
    warnings.warn(f"{old} is retired; write {new}", DeprecationWarning, stacklevel=stacklevel)


# --------------------------------------------------------------------- arguments of v1

# Arguments that choose between cuDNN's and other implementations: nothing is left to choose.
_WITHOUT_EFFECT = frozenset(["use_cudnn", "deterministic"])
# Arguments that are settings today.
_SETTINGS = frozenset(["train", "test", "volatile"])
RETIRED = _WITHOUT_EFFECT | _SETTINGS


@contextmanager
def settings_of(name: str, kwargs: dict[str, Any], stacklevel: int = 5) -> Iterator[None]:
    """Take the arguments of v1 out of `kwargs` and, within the block, let the settings be what they say."""
    with ExitStack() as stack:
        for key in sorted(RETIRED & kwargs.keys()):
            value = kwargs.pop(key)
            if key in _WITHOUT_EFFECT:
                retired(f"{name}({key}=...)", "the call without it", stacklevel)
            elif key == "volatile":
                retired(f"{name}(volatile=...)", "with chainer.no_backprop_mode():", stacklevel)
                if _is_on(value):
                    stack.enter_context(using_config("enable_backprop", False))
            else:
                train = bool(value) if key == "train" else not value
                retired(f"{name}({key}={value})", f"with chainer.using_config('train', {train}):", stacklevel)
                stack.enter_context(using_config("train", train))
        yield


def _is_on(volatile: Any) -> bool:
    return str(volatile).lower() in ("on", "true")


# ------------------------------------------------------------------------------ Variable


def _init_variable(
    init: Callable[..., None],
) -> Callable[..., None]:
    """`Variable.__init__` that takes Chainer's `grad`, and v1's `volatile`, too."""

    @functools.wraps(init)
    def __init__(self: Variable, data: Any, *, grad: Any = None, volatile: Any = None, **options: Any) -> None:
        if volatile is not None:
            retired("Variable(volatile=...)", "with chainer.no_backprop_mode():")
            options.setdefault("requires_grad", not _is_on(volatile))
        init(self, data, **options)
        if volatile is not None and _is_on(volatile):
            make_volatile(self)
        if grad is not None:
            self.grad = grad

    return __init__


def _backward(
    backward: Callable[..., None],
) -> Callable[..., None]:
    """`Variable.backward` that takes Chainer's arguments, in its order, too."""

    def wrapped(
        self: Variable,
        retain_grad: bool = False,
        enable_double_backprop: bool = False,
        loss_scale: float | None = None,
        *,
        create_graph: bool = False,
        **options: Any,
    ) -> None:
        create_graph = create_graph or enable_double_backprop
        backward(self, retain_grad=retain_grad, create_graph=create_graph, loss_scale=loss_scale, **options)

    return _named_as(backward, wrapped)


def _named_as(method: Callable[..., Any], wrapped: Callable[..., Any]) -> Callable[..., Any]:
    """`wrapped` under the name of `method`, with arguments of its own."""
    # functools.wraps would show the arguments of `method`.
    wrapped.__name__, wrapped.__qualname__, wrapped.__doc__ = method.__name__, method.__qualname__, method.__doc__
    return wrapped


def _mean(mean: Callable[..., Variable]) -> Callable[..., Variable]:
    """`Variable.mean` that takes Chainer's `weights` too."""

    def wrapped(self: Variable, axis: Any = None, *, weights: Any = None, keepdims: bool = False) -> Variable:
        if weights is None:
            return mean(self, axis, keepdims=keepdims)
        return functions.average(self, axis=axis, weights=weights, keepdims=keepdims)

    return _named_as(mean, wrapped)


# NumPy's numbers are no Python numbers: since version 2, float32 times np.sqrt(2) is float64. Chainer casts them to the Variable's dtype.
_NUMBERS = frozenset(np.dtype(code).type for code in "efdbhilqBHILQ")
_OPERATORS = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow")


def _weakly(operator: Callable[..., Any]) -> Callable[..., Any]:
    """An operator to which NumPy's numbers are Python's."""

    @functools.wraps(operator)
    def wrapped(self: Variable, other: Any) -> Any:
        return operator(self, other.item() if type(other) in _NUMBERS else other)

    return wrapped


def _array_ufunc(array_ufunc: Callable[..., Any]) -> Callable[..., Any]:
    """`Variable.__array_ufunc__`, which NumPy's number on the left of an operator calls, to which it is Python's."""

    @functools.wraps(array_ufunc)
    def wrapped(self: Variable, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        weak = (x.item() if type(x) in _NUMBERS else x for x in inputs)
        return array_ufunc(self, ufunc, method, *weak, **kwargs)

    return wrapped


def _move_variable(self: Variable, device: Any) -> None:
    if isinstance(self, Parameter):
        self.move_to(device)
        return
    array, grad = xp.to_device(self.array, device), self.grad
    self.cleargrad()
    self.array = array
    if grad is not None:
        self.grad = xp.to_device(grad, device)


def _variable_to_cpu(self: Variable) -> None:
    """Move the array and the gradient to the host, in place."""
    _move_variable(self, "numpy")


def _variable_to_gpu(self: Variable, device: Any = None) -> None:
    """Move the array and the gradient to a GPU, in place."""
    _move_variable(self, cuda.device_of_number(device))


def _volatile(self: Variable) -> str:
    """v1's flag: "on" for a Variable through which no gradient flows."""
    retired("Variable.volatile", "Variable.requires_grad")
    return "off" if self.requires_grad else "on"


def _set_creator(self: Variable, creator: Any) -> None:
    raise NotImplementedError(
        "Variable.set_creator: the graph is what ran and cannot be set by hand; write a chainer.FunctionNode and call its apply(...)"
    )


_VARIABLE: dict[str, Any] = {
    "to_cpu": _variable_to_cpu,
    "to_gpu": _variable_to_gpu,
    "to_intel64": _variable_to_cpu,
    "volatile": property(_volatile),
    "set_creator": _set_creator,
    "set_creator_node": _set_creator,
}


# -------------------------------------------------------------------------------- Device

# What links, Variables and converters give as a device is catena's: it has Chainer's methods as well.
_DEVICE: dict[str, Any] = {
    name: vars(backend.Device)[name]
    for name in (
        "name", "xp", "device", "supported_array_types", "is_array_supported", "send", "use", "create_context",
    )
}  # fmt: skip


# ---------------------------------------------------------------------------------- Link


def _link_to_cpu(self: Link) -> Link:
    """Move the link to the host, and return it."""
    return self.to_device("numpy")


def _link_to_gpu(self: Link, device: Any = None) -> Link:
    """Move the link to a GPU, the present one unless `device` names another, and return it."""
    return self.to_device(cuda.device_of_number(device))


def _link_to_device(to_device: Callable[..., Link]) -> Callable[..., Link]:
    """`Link.to_device` that takes Chainer's numbers of devices too."""

    @functools.wraps(to_device)
    def wrapped(self: Link, device: Any) -> Link:
        return to_device(self, backend.get_device(device).plain)

    return wrapped


def _link_call(call: Callable[..., Any]) -> Callable[..., Any]:
    """`Link.__call__` that takes v1's `train=`, `test=` and the like where the link's forward does not."""

    @functools.wraps(call)
    def __call__(self: Link, *args: Any, **kwargs: Any) -> Any:
        if kwargs and not RETIRED.isdisjoint(kwargs) and not _accepts(self, kwargs):
            with settings_of(type(self).__name__, kwargs):
                return call(self, *args, **kwargs)
        if MADE.any and is_among((args, kwargs)):
            return run_volatile(call, self, *args, **kwargs)
        return call(self, *args, **kwargs)

    return __call__


def _accepts(link: Link, kwargs: dict[str, Any]) -> bool:
    """Whether the link's own forward takes what is retired elsewhere."""
    parameters = inspect.signature(getattr(link, "forward", link.__call__)).parameters.values()
    names = {p.name for p in parameters}
    return (RETIRED & kwargs.keys()) <= names or any(p.kind is p.VAR_KEYWORD for p in parameters)


def _add_uninitialized_param(self: Link, name: str) -> None:
    """v1: register a parameter whose shape is not known yet."""
    retired("Link.add_uninitialized_param(name)", "self.name = chainer.Parameter(initializer) in init_scope()")
    self.add_param(name)


def _has_uninitialized_params(self: Link) -> bool:
    """v1: whether a parameter has no shape yet."""
    retired("Link.has_uninitialized_params", "any(not p.is_initialized for p in link.params())")
    return any(not p.is_initialized for p in self.params())


_LINK: dict[str, Any] = {
    "to_cpu": _link_to_cpu,
    "to_gpu": _link_to_gpu,
    "to_intel64": _link_to_cpu,
    "add_uninitialized_param": _add_uninitialized_param,
    "has_uninitialized_params": property(_has_uninitialized_params),
}


def _init_link(cls: type[Link]) -> None:
    """Let the constructor of a link take v1's `wscale`, `bias`, `use_cudnn` and `deterministic`."""
    init: Any = cls.__init__

    @functools.wraps(init)
    def __init__(self: Link, *args: Any, **kwargs: Any) -> None:
        if kwargs and not kwargs.keys().isdisjoint(("wscale", "bias", "use_cudnn", "deterministic")):
            kwargs = _of_today(cls.__name__, kwargs)
        init(self, *args, **kwargs)

    cls.__init__ = __init__  # type: ignore[method-assign]


def _of_today(name: str, kwargs: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a link's constructor, those of v1 replaced."""
    kwargs = dict(kwargs)
    for key in _WITHOUT_EFFECT & kwargs.keys():
        retired(f"{name}({key}=...)", "the call without it", 4)
        del kwargs[key]
    if "bias" in kwargs:
        bias = kwargs.pop("bias")
        retired(f"{name}(bias=...)", f"{name}(initial_bias=...)", 4)
        kwargs.setdefault("initial_bias", bias)
    if "wscale" in kwargs:
        # The factor of the standard deviation was the square root.
        scale = math.sqrt(kwargs.pop("wscale"))
        given = kwargs.get("initialW")
        retired(f"{name}(wscale=...)", f"{name}(initialW=chainer.initializers.LeCunNormal(scale))", 4)
        kwargs["initialW"] = initializers.LeCunNormal(scale) if given is None else _Scaled(given, scale)
    return kwargs


class _Scaled(initializers.Initializer):
    """What another initializer fills in, times a factor."""

    def __init__(self, initializer: Any, scale: float) -> None:
        super().__init__()
        self.initializer = initializers.get_initializer(initializer)
        self.scale = scale

    def __call__(self, array: Any) -> None:
        self.initializer(array)
        array *= self.scale


class FunctionSet(Chain):
    """v1's Chain: links as keyword arguments; whatever link is set as an attribute is registered as well.

    Example:
        >>> import warnings
        >>> from catena.nn.links import Linear
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")
        ...     model = FunctionSet(l1=Linear(3, 2))
        >>> model.l2 = Linear(2, 1)
        >>> sorted(path for path, _ in model.namedparams())
        ['/l1/W', '/l1/b', '/l2/W', '/l2/b']
    """

    def __init__(self, **links: Link) -> None:
        retired("FunctionSet", "chainer.Chain")
        super().__init__(**links)

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Link):
            with self.init_scope():
                super().__setattr__(name, value)
        else:
            super().__setattr__(name, value)

    def collect_parameters(self) -> FunctionSet:
        """v1: what `optimizer.setup` took; the model itself."""
        return self

    @property
    def parameters(self) -> list[Any]:
        """The arrays of all parameters."""
        return [p.array for p in self.params()]

    @property
    def gradients(self) -> list[Any]:
        """The gradients of all parameters."""
        return [p.grad for p in self.params()]


def _index(index: Callable[..., int]) -> Callable[..., int]:
    """`Sequential.index` under the names of Chainer's arguments."""

    def wrapped(self: Sequential, layer: Any, start: int | None = None, end: int | None = None) -> int:
        return index(self, layer, start or 0, *(() if end is None else (end,)))

    return _named_as(index, wrapped)


def _pop(pop: Callable[..., Any]) -> Callable[..., Any]:
    """`Sequential.pop` under the name of Chainer's argument."""

    def wrapped(self: Sequential, i: int = -1) -> Any:
        return pop(self, i)

    return _named_as(pop, wrapped)


# ----------------------------------------------------------------------------- Optimizer


def _params(optimizer: Any) -> list[Parameter]:
    return [] if optimizer.target is None else list(optimizer.target.params())


def _zero_grads(self: Any) -> None:
    """v1: forget the gradients of the model."""
    retired("Optimizer.zero_grads()", "model.cleargrads()")
    for p in _params(self):
        p.cleargrad()


def _compute_grads_norm(self: Any) -> float:
    """v1: the L2 norm of all gradients together."""
    retired("Optimizer.compute_grads_norm()", "the hook chainer.optimizer_hooks.GradientClipping")
    return math.sqrt(sum(float(xp.sum(p.grad * p.grad)) for p in _params(self) if p.grad is not None))


def _clip_grads(self: Any, maxnorm: float) -> None:
    """v1: scale the gradients so that their norm is at most `maxnorm`."""
    retired("Optimizer.clip_grads(maxnorm)", "optimizer.add_hook(chainer.optimizer_hooks.GradientClipping(maxnorm))")
    optimizers.GradientClipping(maxnorm)(self)


def _weight_decay(self: Any, decay: float) -> None:
    """v1: add `decay` times each parameter to its gradient."""
    retired("Optimizer.weight_decay(decay)", "optimizer.add_hook(chainer.optimizer_hooks.WeightDecay(decay))")
    for p in _params(self):
        if p.grad is not None:
            p.grad = p.grad + decay * p.array


def _accumulate_grads(self: Any, grads: Any) -> None:
    """v1: add these arrays to the gradients, in the order of the model's parameters."""
    retired("Optimizer.accumulate_grads(grads)", "model.addgrads(other)")
    for p, g in zip(_params(self), grads, strict=True):
        g = xp.astype(xp.to_device(g, p.device), p.dtype)
        p.grad = xp.asarray(g, copy=True) if p.grad is None else p.grad + g


def _check_nan_in_grads(self: Any) -> None:
    """Note, for `is_safe_to_update`, whether a gradient holds NaN or infinity."""
    finite = (bool(xp.all(xp.isfinite(p.grad))) for p in _params(self) if p.grad is not None)
    self._grads_are_finite = all(finite)


def _is_safe_to_update(self: Any) -> bool:
    """Whether `check_nan_in_grads` found every gradient finite."""
    return bool(getattr(self, "_grads_are_finite", True))


_OPTIMIZER: dict[str, Any] = {
    "zero_grads": _zero_grads,
    "compute_grads_norm": _compute_grads_norm,
    "clip_grads": _clip_grads,
    "weight_decay": _weight_decay,
    "accumulate_grads": _accumulate_grads,
    "check_nan_in_grads": _check_nan_in_grads,
    "is_safe_to_update": _is_safe_to_update,
}


# ------------------------------------------------------------------------------ Training


def _extend(extend: Callable[..., Any]) -> Callable[..., Any]:
    """`Trainer.extend` that takes `invoke_before_training`, and sets other keywords as attributes, as Chainer's does."""

    @functools.wraps(extend)
    def wrapped(self: training.Trainer, *args: Any, **kwargs: Any) -> Any:
        if "invoke_before_training" in kwargs:
            retired("Trainer.extend(invoke_before_training=...)", "Trainer.extend(call_before_training=...)")
            kwargs["call_before_training"] = kwargs.pop("invoke_before_training")
        return extend(self, *args, **kwargs)

    return wrapped


def _report(report: Callable[..., None]) -> Callable[..., None]:
    """`Reporter.report` that stores a Variable without its graph for a Variable, as Chainer's does, where catena's stores the array."""

    @functools.wraps(report)
    def wrapped(self: Reporter, values: Mapping[str, Any], observer: Any = None) -> None:
        observation, self.observation = self.observation, {}
        try:
            report(self, values, observer)
            stored = self.observation
        finally:
            self.observation = observation
        for (name, value), given in zip(stored.items(), values.values(), strict=True):
            is_cut = isinstance(given, Variable) and not isinstance(value, Variable)
            observation[name] = Variable(value, requires_grad=False) if is_cut else value

    return wrapped


def _init_updater(init: Callable[..., None]) -> Callable[..., None]:
    """`StandardUpdater.__init__` whose `device` is one of Chainer's afterwards, whatever names it."""

    @functools.wraps(init)
    def __init__(self: training.StandardUpdater, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        if self.device is not None:
            self.device = backend.get_device(self.device)

    return __init__


# Names of files that Chainer takes besides `filename`.
_FILENAMES = {
    training.extensions.LogReport: "log_name",
    training.extensions.PlotReport: "file_name",
    training.extensions.VariableStatisticsPlot: "file_name",
    training.extensions.DumpGraph: "out_name",
}


def _init_report(init: Callable[..., None], old: str) -> Callable[..., None]:
    """The constructor of an extension that takes `filename` under its old name too."""

    @functools.wraps(init)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        if old in kwargs:
            kwargs["filename"] = kwargs.pop(old)
        elif kwargs.get("filename", "") is None:  # the usual name, as where none is given
            del kwargs["filename"]
        init(self, *args, **kwargs)

    return __init__


# ----------------------------------------------------------------- functions of one's own


def _check_types(self: FunctionNode, inputs: tuple[Any, ...]) -> None:
    """Give `check_type_forward` the types; where they are wrong once more as expressions, for a message that shows which."""
    try:
        self.check_type_forward(type_check.LightTypeInfoTuple(map(spec_of, inputs)))
    except type_check.InvalidType:
        with type_check.get_function_check_context(self):
            self.check_type_forward(type_check.get_types(inputs, "in_types", False))
        raise


def _retain_inputs(self: Function, indexes: Any) -> None:
    """Say which inputs backward reads: an old-style function keeps them all."""


def _retain_outputs(self: Function, indexes: Any, retain_after_backward: bool = False) -> None:
    """Keep the outputs' arrays, which backward then finds in `output_data`."""
    self._retained_outputs = tuple(indexes)  # type: ignore[attr-defined]


def _old_forward(forward: Callable[..., tuple[Any, ...]]) -> Callable[..., tuple[Any, ...]]:
    """The forward of an old-style function, which keeps the outputs that the function asked for."""

    @functools.wraps(forward)
    def wrapped(self: Any, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        outputs = forward(self, inputs)
        kept = getattr(self.function, "_retained_outputs", ())
        if kept:
            self.function.output_data = tuple(y if i in kept else None for i, y in enumerate(outputs))
        return outputs

    return wrapped


_FUNCTION: dict[str, Any] = {"retain_inputs": _retain_inputs, "retain_outputs": _retain_outputs}


def _update_core(update_core: Callable[..., None]) -> Callable[..., None]:
    """`UpdateRule.update_core` that calls a rule's own `update_core_cpu` or `update_core_gpu`."""

    @functools.wraps(update_core)
    def wrapped(self: Any, param: Parameter) -> None:
        own = getattr(self, "update_core_gpu" if param.device.backend == "cuda" else "update_core_cpu", None)
        if own is None:
            update_core(self, param)
        else:
            own(param)

    return wrapped


# ------------------------------------------------------------------------------- install


def install() -> None:
    """Give catena's classes the names above, unless they have them already."""
    given: list[tuple[type, dict[str, Any]]] = [
        (xp.Device, _DEVICE),
        (Variable, _VARIABLE),
        (Link, _LINK),
        (optimizers.Optimizer, _OPTIMIZER),
        (Function, _FUNCTION),
    ]
    for cls, names in given:
        for name, value in names.items():
            if not hasattr(cls, name):
                setattr(cls, name, value)
    _wrap(Variable, "__init__", _init_variable)
    _wrap(Variable, "backward", _backward)
    _wrap(Variable, "mean", _mean)
    for name in _OPERATORS:
        _wrap(Variable, f"__{name}__", _weakly)
        _wrap(Variable, f"__r{name}__", _weakly)
    _wrap(Variable, "__array_ufunc__", _array_ufunc)
    _wrap(Sequential, "index", _index)
    _wrap(Sequential, "pop", _pop)
    _wrap(Link, "to_device", _link_to_device)
    _wrap(Link, "__call__", _link_call)
    _wrap(training.Trainer, "extend", _extend)
    _wrap(_OldStyle, "forward", _old_forward)
    _wrap(optimizers.UpdateRule, "update_core", _update_core)
    _wrap(Reporter, "report", _report)
    _wrap(training.StandardUpdater, "__init__", _init_updater)
    for extension, old in _FILENAMES.items():
        _wrap(extension, "__init__", functools.partial(_init_report, old=old))
    FunctionNode._check_types = _check_types  # type: ignore[method-assign]
    for value in vars(links).values():
        if isinstance(value, type) and issubclass(value, Link) and "initialW" in _arguments(value):
            _init_link(value)


def _arguments(cls: Any) -> tuple[str, ...]:
    code = cls.__init__.__code__  # inspect.signature takes 0.1 ms a class
    return code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def _wrap(cls: type, name: str, wrapper: Callable[[Any], Any]) -> None:
    setattr(cls, name, wrapper(getattr(cls, name)))
