"""What every optimizer shares: hyperparameters, the rule of one parameter, hooks, the walk over a model's parameters."""

from __future__ import annotations

import copy
import math
import warnings
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

import numpy as np

import xparray as xp
from catena.autograd import Variable
from catena.autograd._node import NEXT
from catena.nn import Link, Parameter
from catena.training.optimizers._loss_scale import LossScale

if TYPE_CHECKING:
    from catena.nn.serializers import Serializer


class Hyperparameter:
    """Named numbers of an optimizer, or of one parameter, which then come first and leave the rest to `parent`.

    Args:
        parent: where a name is looked up that is not set here.

    Example:
        >>> common = Hyperparameter()
        >>> common.lr, common.momentum = 0.1, 0.9
        >>> own = Hyperparameter(common)
        >>> own.lr = 0.01
        >>> own.lr, own.momentum, common.lr
        (0.01, 0.9, 0.1)
        >>> own
        Hyperparameter(lr=0.01, momentum=0.9)
    """

    __slots__ = ("__dict__", "_parent")

    def __init__(self, parent: Hyperparameter | None = None) -> None:
        self._parent = parent

    def __setattr__(self, name: str, value: Any) -> None:
        # A Python number takes the dtype of the arrays that it meets; NumPy's float64 would make them its own.
        if isinstance(value, np.generic) or (isinstance(value, np.ndarray) and value.ndim == 0):
            value = value.item()
        object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        # Copying and pickling ask for private names before `_parent` is there.
        if name.startswith("_"):
            raise AttributeError(name)
        if self._parent is None:
            known = ", ".join(sorted(self.__dict__)) or "none"
            raise AttributeError(f"there is no hyperparameter {name!r}; there are: {known}")
        return getattr(self._parent, name)

    @property
    def parent(self) -> Hyperparameter | None:
        """Where names are looked up that are not set here."""
        return self._parent

    def get_dict(self) -> dict[str, Any]:
        """All values by name, those of the parent included."""
        return {**(self._parent.get_dict() if self._parent is not None else {}), **self.__dict__}

    def resolved(self) -> Hyperparameter:
        """The nearest of this and its ancestors with a value of its own: the same values, looked up at less cost."""
        found = self
        while not found.__dict__ and found._parent is not None:
            found = found._parent
        return found

    def __repr__(self) -> str:
        return f"Hyperparameter({', '.join(f'{k}={v!r}' for k, v in sorted(self.get_dict().items()))})"


class HyperparameterProxy:
    """Descriptor: an optimizer's attribute that stands for a number in its `hyperparam`.

    Args:
        attr_name: name of the hyperparameter.
        fraction: whether it must lie in [0, 1).

    Raises:
        TypeError: what is assigned is no number.
        ValueError: it is not finite, or not in [0, 1) where it must be.

    Example:
        >>> class Step(GradientMethod):
        ...     lr = HyperparameterProxy("lr")
        >>> step = Step()
        >>> step.lr = 0.5
        >>> step.hyperparam
        Hyperparameter(lr=0.5)
    """

    def __init__(self, attr_name: str, *, fraction: bool = False) -> None:
        self._name = attr_name
        self._fraction = fraction
        self.__doc__ = f"The hyperparameter `{attr_name}`, for all parameters that do not set their own."

    def __get__(self, optimizer: Any, owner: type | None = None) -> Any:
        return self if optimizer is None else getattr(optimizer.hyperparam, self._name)

    def __set__(self, optimizer: Any, value: float) -> None:
        kind = type(optimizer).__name__
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise TypeError(f"{kind}: {self._name} is {value!r} ({type(value).__name__}); expected a number") from None
        if not math.isfinite(number):
            raise ValueError(f"{kind}: {self._name} is {number}; expected a finite number")
        if self._fraction and not 0 <= number < 1:
            raise ValueError(f"{kind}: {self._name} is {number}; expected a number from 0 to below 1")
        setattr(optimizer.hyperparam, self._name, number)


class _Hooks:
    """The hooks of an optimizer or a rule by name, those before and those after the update."""

    def __init__(self, owner: Any) -> None:
        self._owner = type(owner).__name__
        self.pre: dict[str, Callable[..., Any]] = {}
        self.post: dict[str, Callable[..., Any]] = {}

    def add(self, hook: Callable[..., Any], name: str | None, timing: str) -> None:
        if not callable(hook):
            raise TypeError(f"{self._owner}.add_hook: hook is {hook!r} ({type(hook).__name__}); expected a callable")
        if isinstance(hook, type):
            raise TypeError(
                f"{self._owner}.add_hook: hook is the class {hook.__name__}; expected an object of it, {hook.__name__}(...)"
            )
        if timing not in ("pre", "post", "auto"):
            raise ValueError(f"{self._owner}.add_hook: timing is {timing!r}; expected 'pre', 'post' or 'auto'")
        if timing == "auto":
            timing = getattr(hook, "timing", "pre")
        if name is None:
            name = getattr(hook, "name", None) or getattr(hook, "__name__", None)
        if name is None:
            raise ValueError(f"{self._owner}.add_hook: {hook!r} has no name; pass one, add_hook(hook, name=...)")
        if name in self.pre or name in self.post:
            raise ValueError(
                f"{self._owner}.add_hook: there is a hook named {name!r} already; pass another name, or "
                f"remove_hook({name!r}) first"
            )
        (self.pre if timing == "pre" else self.post)[name] = hook

    def remove(self, name: str) -> None:
        if name not in self.pre and name not in self.post:
            known = ", ".join(map(repr, (*self.pre, *self.post))) or "none"
            raise ValueError(f"{self._owner}.remove_hook: there is no hook named {name!r}; there are: {known}")
        self.pre.pop(name, None)
        self.post.pop(name, None)


class _Filtered:
    """A hook that is called on the parameters for which `where` is true."""

    call_for_each_param = True

    def __init__(self, hook: Callable[..., Any], where: Callable[[Parameter], Any]) -> None:
        self._hook, self._where = hook, where
        self.name = getattr(hook, "name", None) or getattr(hook, "__name__", None)
        self.timing = getattr(hook, "timing", "pre")

    def __call__(self, rule: UpdateRule, param: Parameter) -> None:
        if self._where(param):
            self._hook(rule, param)


class UpdateRule:
    """How one parameter changes at each step: define `update_core`, and `init_state` where the rule remembers arrays.

    Args:
        parent_hyperparam: the optimizer's hyperparameters, for all names that `hyperparam` does not set itself.

    Attributes:
        hyperparam: the rule's own hyperparameters: `param.update_rule.hyperparam.lr = 0.001` is for this parameter
            alone.
        enabled: whether `update` does anything.
        t: number of updates so far.

    Example:
        >>> import numpy as np
        >>> from catena.nn import Parameter
        >>> class Signed(UpdateRule):
        ...     def update_core(self, param):
        ...         param.array -= self.hyperparam.lr * np.sign(param.grad)
        >>> p = Parameter(np.array([1.0, 2.0]))
        >>> p.update_rule = Signed()
        >>> p.update_rule.hyperparam.lr = 0.5
        >>> p.grad = np.array([3.0, -3.0])
        >>> p.update()
        >>> p.array
        array([0.5, 2.5])
    """

    def __init__(self, parent_hyperparam: Hyperparameter | None = None) -> None:
        self.hyperparam = Hyperparameter(parent_hyperparam)
        self.enabled = True
        self.t = 0
        self._in_float32 = False
        self._state: dict[str, Any] | None = None
        self._hooks = _Hooks(self)

    @property
    def state(self) -> Any:
        """What the rule remembers, by name: arrays on the parameter's device; None before the first update."""
        return self._state

    def update(self, param: Parameter) -> None:
        """Change `param` in place, unless the rule is disabled or there is no gradient."""
        if not self.enabled or param.grad is None:
            return
        if self._in_float32 and param.dtype == np.float16:
            self._update_in_float32(param)
            return
        self.prepare(param)
        self.t += 1
        hooks = self._hooks
        if hooks.pre:
            for hook in list(hooks.pre.values()):
                hook(self, param)
        self.update_core(param)
        if hooks.post:
            for hook in list(hooks.post.values()):
                hook(self, param)
        param.mark_updated()

    def use_fp32_update(self, flag: bool = True) -> None:
        """Update float16 parameters through a float32 copy, in which small steps add up that float16 would round off.

        The copy is the state's `fp32_param`. The rule's hooks and formula see it, and its gradient, in place of the parameter. Where a
        program changes the parameter between updates, the copy follows.

        Args:
            flag: whether to do so.
        """
        self._in_float32 = bool(flag)

    def _update_in_float32(self, param: Parameter) -> None:
        copied = self._float32_copy(param)
        copied.grad = xp.astype(param.grad, xp.float32)
        self.update(copied)
        if self._state is not None:
            self._state["fp32_param"] = copied.array
        param.array[...] = xp.astype(copied.array, param.dtype)
        param.mark_updated()

    def _float32_copy(self, param: Parameter) -> Parameter:
        array = xp.astype(param.array, xp.float32)
        if self._state is not None and "fp32_param" in self._state:
            kept = xp.to_device(self._state["fp32_param"], param.device)
            array = xp.where(xp.astype(kept, param.dtype) == param.array, kept, array)
        return Parameter(array, name=param.name)

    def update_core(self, param: Parameter) -> None:
        """Change `param.array` in place, given `param.grad`, `self.hyperparam`, `self.state` and `self.t`, 1 at first."""
        raise TypeError(f"{type(self).__name__} has no formula; define update_core(self, param) in it")

    def init_state(self, param: Parameter) -> None:
        """Put the arrays to remember, such as `xp.zeros_like(param.array)`, into the dict `self.state`."""

    def prepare(self, param: Parameter) -> None:
        """Have the state ready on the parameter's device."""
        if self._state is None:
            self._state, complete = {}, False
            try:
                if self._in_float32 and param.dtype == np.float16:
                    param = self._float32_copy(param)
                    self._state["fp32_param"] = param.array
                self.init_state(param)
                complete = True
            finally:
                if not complete:
                    self._state = None
        elif self._state:
            array = param.array
            for name, value in self._state.items():
                if type(value) is type(array) and isinstance(array, np.ndarray):
                    continue
                if hasattr(value, "dtype"):
                    self._state[name] = xp.to_device(value, xp.device_of(array))

    def add_hook(
        self, hook: Callable[[UpdateRule, Parameter], Any], name: str | None = None, timing: str = "auto"
    ) -> None:
        """Call `hook(rule, param)` before or after each update of this parameter; see `Optimizer.add_hook`."""
        self._hooks.add(hook, name, timing)

    def remove_hook(self, name: str) -> None:
        """Forget the hook of that name."""
        self._hooks.remove(name)

    def serialize(self, serializer: Serializer) -> None:
        """Write the number of updates and the state, or read them back.

        A parameter that was never updated has no state in the file.
        """
        t = int(serializer("t", self.t))
        if not serializer.reading:
            if t > 0:
                for name, value in (self._state or {}).items():
                    serializer(name, value)
            return
        state = None
        if t > 0:
            state = {name: serializer(name, value) for name, value in self._template().items()}
            if any(value is None for value in state.values()):
                state = None  # a file read with strict=False lacks it, and there is no shape to begin anew with
        self.t, self._state = t, state

    def _template(self) -> dict[str, Any]:
        """The state's entries with their shapes, or None for those of a parameter that has no shape yet."""
        if self._state is not None:
            return self._state
        probe = copy.copy(self)
        probe._state = {}
        probe.init_state(Parameter(np.zeros(1, np.float32)))
        return dict.fromkeys(probe._state)


class Optimizer:
    """Base class of optimizers: a target, counts of steps and epochs, and hooks.

    Attributes:
        target: the link whose parameters are updated; None before `setup`.
        t: number of updates so far.
        epoch: number of epochs so far, counted by `new_epoch`.
        use_auto_new_epoch: whether an updater counts the epochs.
    """

    file_kind = "optimizer"
    target: Any = None
    t = 0
    epoch = 0
    use_auto_new_epoch = False

    def __init__(self) -> None:
        self._hooks = _Hooks(self)

    def setup(self, link: Link) -> Self:
        """Make `link` the target, and return the optimizer.

        Raises:
            TypeError: `link` is no Link.
        """
        if not isinstance(link, Link):
            raise TypeError(
                f"{type(self).__name__}.setup: link is {link!r:.60} ({type(link).__name__}); expected a Link, such as "
                "a Chain"
            )
        self.target = link
        self.t = 0
        self.epoch = 0
        return self

    def update(self, lossfun: Callable[..., Variable] | None = None, *args: Any, **kwds: Any) -> None:
        """Do one step, see `GradientMethod.update`."""
        raise TypeError(f"{type(self).__name__} cannot update; define update(self, lossfun=None, *args, **kwds) in it")

    def new_epoch(self, auto: bool = False) -> None:
        """Count an epoch; an updater calls it by itself, with `auto`, where `use_auto_new_epoch` is set.

        Raises:
            RuntimeError: it was called by hand although an updater counts the epochs.
        """
        if self.use_auto_new_epoch and not auto:
            raise RuntimeError(
                f"{type(self).__name__}.new_epoch: the updater counts the epochs of this optimizer already; leave the "
                "call out, or build the updater with auto_new_epoch=False"
            )
        self.epoch += 1

    def add_hook(
        self,
        hook: Callable[..., Any],
        name: str | None = None,
        timing: str = "auto",
        *,
        where: Callable[[Parameter], Any] | None = None,
    ) -> None:
        """Call `hook` at each update, in the order in which hooks were added.

        Args:
            hook: called as `hook(optimizer)`; or, where its attribute `call_for_each_param` is True, as `hook(rule,
                param)` for each parameter that is to be updated.
            name: for `remove_hook`; the hook's attribute `name` or its `__name__` unless given.
            timing: 'pre' for before the update, 'post' for after it, 'auto' for the hook's attribute `timing`, or else
                'pre'.
            where: of a hook for each parameter, called as `where(param)`, says which: `where=lambda p: p.ndim > 1` spares
                biases, and the scales of batch and of weight normalization.

        Raises:
            TypeError: `hook` cannot be called.
            ValueError: it has no name, the name is taken, or `timing` is none of the three; or it is called on the optimizer as a whole
                although `where` is given.
        """
        if where is not None:
            if not getattr(hook, "call_for_each_param", False):
                raise ValueError(
                    f"{type(self).__name__}.add_hook: where is given, but {hook!r:.60} is called once for all parameters; leave it out, "
                    "or set the hook's attribute call_for_each_param"
                )
            hook = _Filtered(hook, where)
        self._hooks.add(hook, name, timing)

    def remove_hook(self, name: str) -> None:
        """Forget the hook of that name.

        Raises:
            ValueError: there is none.
        """
        self._hooks.remove(name)

    def call_hooks(self, timing: str = "pre") -> None:
        """Call the hooks of that timing."""
        for hook in list(getattr(self._hooks, timing).values()):
            self.call_hook(hook)

    def call_hook(self, hook: Callable[..., Any]) -> None:
        """Call one hook: on the optimizer, or on each parameter that is to be updated."""
        if not getattr(hook, "call_for_each_param", False):
            hook(self)
            return
        for param in updated_params(self.target):
            hook(param.update_rule, param)

    def serialize(self, serializer: Serializer) -> None:
        """Write the counts and what every rule remembers, or read them back; hyperparameters and model stay out of it.

        Raises:
            ValueError: `setup` was not called.
        """
        target = self._ready("serialize")
        t, epoch = int(serializer("t", self.t)), int(serializer("epoch", self.epoch))
        for name, param in target.namedparams():
            rule = param.update_rule
            if rule is None:
                continue
            if serializer.reading and rule.state is None and param.is_initialized:
                rule.prepare(param)
            rule.serialize(serializer[name])
        self.t, self.epoch = t, epoch

    def _ready(self, method: str) -> Any:
        if self.target is None:
            raise ValueError(
                f"{type(self).__name__}.{method}: there is nothing to optimize; call optimizer.setup(model) first"
            )
        return self.target


class GradientMethod(Optimizer):
    """Base class of optimizers that change each parameter by a rule of its own: define `create_update_rule`.

    Attributes:
        hyperparam: the numbers that all parameters share, unless a parameter's `update_rule.hyperparam` sets its own.
    """

    def __init__(self) -> None:
        super().__init__()
        self.hyperparam = Hyperparameter()
        self._in_float32 = False
        self._zeros = False  # for gradients, where None is otherwise
        self._used_gradient: weakref.ref[Any] | None = None
        self._scaling: LossScale | None = None

    @property
    def loss_scale(self) -> float | None:
        """The factor of the loss in the backward pass; None for none.

        A program that calls `loss.backward` itself passes it there: `loss.backward(loss_scale=optimizer.loss_scale)`.
        """
        return None if self._scaling is None else self._scaling.value

    def set_loss_scale(self, loss_scale: float | None) -> None:
        """Multiply the loss by a fixed factor in the backward pass, and divide the gradients by it before hooks and the update.

        Args:
            loss_scale: the factor, such as 128; None for none.

        Raises:
            ValueError: it is not positive.
        """
        self._scaling = None if loss_scale is None else LossScale(loss_scale)

    def loss_scaling(self, interval: int = 1000, scale: float | None = None) -> None:
        """Multiply the loss by a factor that moves: it doubles over `interval` updates, and halves where a gradient overflows.

        An update whose gradients are not finite is left out.

        Args:
            interval: over how many updates the factor doubles.
            scale: a fixed factor instead, as in `set_loss_scale`.

        Raises:
            ValueError: an argument is not positive.
        """
        self._scaling = LossScale(scale, interval)

    def create_update_rule(self) -> UpdateRule:
        """A new rule, for one parameter, with `self.hyperparam` as parent."""
        raise TypeError(
            f"{type(self).__name__} has no rule; define create_update_rule(self) in it, returning an UpdateRule"
        )

    def setup(self, link: Link) -> Self:
        """Make `link` the target, give each of its parameters a rule, and return the optimizer.

        Parameters may still be without a shape; those added to the link later need another `setup`.

        Raises:
            TypeError: `link` is no Link.
        """
        super().setup(link)
        for param in link.params():
            param.update_rule = self.create_update_rule()
            if self._in_float32:
                param.update_rule.use_fp32_update()
        return self

    def use_fp32_update(self, flag: bool = True) -> None:
        """Update float16 parameters through float32 copies; see `UpdateRule.use_fp32_update`.

        Args:
            flag: whether to do so.

        Example:
            >>> import numpy as np
            >>> import catena.nn.links as L
            >>> from catena.training.optimizers import SGD
            >>> model = L.Scale(W_shape=(1,))
            >>> model.W.array = np.ones(1, np.float16)
            >>> optimizer = SGD(lr=2.0**-12).setup(model)
            >>> optimizer.use_fp32_update()
            >>> for _ in range(4):  # each step alone is less than float16 can take off 1
            ...     optimizer.update(lambda: model.W.sum())
            >>> print(model.W.array[0])
            0.999
        """
        self._in_float32 = bool(flag)
        if self.target is not None:
            for param in self.target.params():
                if param.update_rule is not None:
                    param.update_rule.use_fp32_update(flag)

    def use_cleargrads(self, use: bool = True) -> None:
        """Let `update(lossfun)` clear the gradients to None, as it does unless told otherwise, or to zeros.

        With zeros, a parameter that the loss does not depend on is updated too: by its momentum, or by a weight decay.

        Args:
            use: None, rather than zeros.
        """
        self._zeros = not use

    def reallocate_cleared_grads(self) -> None:
        """Give each parameter without a gradient one of zeros, so that `update` takes it in."""
        for param in self._ready("reallocate_cleared_grads").params(include_uninit=False):
            if param.grad is None:
                param.grad = xp.zeros_like(param.array)

    def update(self, lossfun: Callable[..., Variable] | None = None, *args: Any, **kwds: Any) -> None:
        """Do one step: from the gradients that are there, or from those of a loss.

        Given `lossfun`, it clears the target's gradients, computes `loss = lossfun(*args, **kwds)` and then
        `loss.backward()`, which frees the graph of that call on its way. Hooks and the update follow. A parameter without a gradient
        stays as it is.

        Args:
            lossfun: returns the loss, a Variable of one element; the model itself, for instance.
            args: positional arguments of `lossfun`.
            kwds: keyword arguments of `lossfun`.

        Raises:
            ValueError: `setup` was not called.
            TypeError: `lossfun` returned no Variable.

        Warns:
            UserWarning: the gradients were used by the last update and not cleared since, so they hold both steps' sum; or no
                parameter has a gradient, so that nothing changes.
        """
        params = list(self._ready("update").params())
        if lossfun is not None:
            for param in params:
                param.cleargrad()
            begun = NEXT()
            loss = lossfun(*args, **kwds)
            if not isinstance(loss, Variable):
                raise TypeError(
                    f"{type(self).__name__}.update: lossfun returned {loss!r:.60} ({type(loss).__name__}); expected a "
                    "Variable, the loss"
                )
            # What lossfun was given may be behind another loss too, as in adversarial networks.
            loss.backward(free=begun, loss_scale=self.loss_scale)
            del loss
            if self._zeros:
                self.reallocate_cleared_grads()
        self._watch_clearing(params)
        if all(param.grad is None for param in params):
            self._warn_of_no_gradient(params, lossfun is not None)
        if self._scaling is not None and not self._scaling.take_off(params):
            return
        hooks = self._hooks
        if hooks.pre:
            self.call_hooks("pre")
        self.t += 1
        for param in params:
            param.update()
        if hooks.post:
            self.call_hooks("post")

    def _warn_of_no_gradient(self, params: list[Parameter], of_lossfun: bool) -> None:
        if not params:
            model = type(self.target).__name__
            warnings.warn(
                f"{type(self).__name__}.update: {model} has no parameters, so nothing changes; assign parameters and links "
                "inside `with self.init_scope():`",
                stacklevel=3,
            )
            return
        fix = (
            "the loss of lossfun does not depend on any of them; is it computed from Variables, outside of no_backprop_mode?"
            if of_lossfun
            else "call loss.backward() first, or write optimizer.update(lossfun, ...)"
        )
        warnings.warn(
            f"{type(self).__name__}.update: no parameter has a gradient, so nothing changes; {fix}", stacklevel=3
        )

    def _watch_clearing(self, params: list[Parameter]) -> None:
        """Warn where the first gradient is the very array that the last update used: backward can only add to it."""
        param = next((p for p in params if p.grad is not None), None)
        # Memory that is not the engine's was put there by the program, which may well reuse it.
        if param is None or param.node is None or not param.node.owns_grad:
            return
        g = param.grad
        if self._used_gradient is not None and self._used_gradient() is g:
            warnings.warn(
                f"{type(self).__name__}.update: the gradients were not cleared since the last update, so this step "
                "takes the sum of both; call model.cleargrads() before loss.backward(), or write "
                "optimizer.update(lossfun, ...)",
                stacklevel=3,
            )
        self._used_gradient = weakref.ref(g) if isinstance(g, np.ndarray) else None

    def serialize(self, serializer: Serializer) -> None:
        """Write the counts, what every rule remembers and a moving loss scale, or read them back; see `Optimizer.serialize`."""
        super().serialize(serializer)
        if self._scaling is not None:
            self._scaling.serialize(serializer["loss_scale"])

    # A parameter's copy has no rule, since the optimizer of the original would not know of it; a copied optimizer does.
    def __getstate__(self) -> dict[str, Any]:
        rules = {} if self.target is None else {name: p.update_rule for name, p in self.target.namedparams()}
        return {**self.__dict__, "_used_gradient": None, "_rules": rules}

    def __setstate__(self, state: dict[str, Any]) -> None:
        rules = state.pop("_rules")
        self.__dict__.update(state)
        if self.target is not None:
            for name, param in self.target.namedparams():
                param.update_rule = rules[name]


def updated_params(link: Link) -> list[Parameter]:
    """The parameters of `link` that an update changes: those with a gradient and an enabled rule."""
    return [p for p in link.params() if p.grad is not None and p.update_rule is not None and p.update_rule.enabled]
