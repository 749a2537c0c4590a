"""Parameter: a Variable that a Link owns, an optimizer updates, and whose shape may wait for the first input."""

from __future__ import annotations

import copyreg
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np

import xparray
from catena.autograd import Variable, config
from catena.nn._arrays import can_fill, dtype_of, is_array
from catena.nn.initializers import NaN, checked_shape, generate_array, get_initializer
from xparray import Array, Device

if TYPE_CHECKING:
    from catena.nn._link import Link


class _Lazy:
    """What copies that share a parameter without a shape have in common: its array, once one of them has made it."""

    __slots__ = ("array",)

    def __init__(self) -> None:
        self.array: Array | None = None


class Parameter(Variable):
    """A Variable for an optimizer to update, whose array may be made later, when its shape is known.

    A parameter without a shape has no array: `array` is None, and anything that computes with it raises an error that says
    where in the model it is. `initialize(shape)` makes the array. Copies and pickles hold the values and the initializer,
    neither gradient nor update rule.

    Args:
        initializer: a callable that fills an array, a number, or None for NaN, which shows wherever it was forgotten to fill
            in values; or an array, which then is the parameter's (its memory is shared) unless `shape` is given.
        shape: of the array; None where it is not known yet.
        name: shown by `repr`; a Link gives its own.
        dtype: of the array that the initializer fills; the initializer's, else `config.dtype`, unless given.

    Attributes:
        initializer: what fills the array; None for a parameter that was given one.
        update_rule: what `update` calls, set by an optimizer; None outside of training.

    Raises:
        TypeError: `initializer` is none of these.
        ValueError: `shape` is no shape, or does not fit the array given.

    Example:
        >>> W = Parameter(0.5)
        >>> W.array is None, W.is_initialized
        (True, False)
        >>> W.initialize((2, 3))
        >>> W.shape, W.grad is None
        ((2, 3), True)
    """

    def __init__(
        self, initializer: Any = None, shape: Any = None, name: str | None = None, *, dtype: Any = None
    ) -> None:
        self.update_rule: Any = None
        self._owner: weakref.ref[Link] | None = None
        self._device = Device("numpy")
        self._dtype = None if dtype is None else np.dtype(dtype)
        self._lazy: _Lazy | None = None
        self.initializer: Any = None
        if shape is None and is_array(initializer):
            super().__init__(
                initializer if dtype is None else xparray.astype(initializer, dtype, copy=False), name=name
            )
            return
        self.initializer = NaN() if initializer is None else get_initializer(initializer)
        if shape is not None:
            device = xparray.device_of(initializer) if is_array(initializer) else self._device
            super().__init__(generate_array(self.initializer, shape, dtype=dtype, device=device), name=name)
            return
        # The slot `_array` stays empty: whatever reads it ends in __getattr__.
        self.name = name
        self.node = None
        self._grad_var = None
        self._lazy = _Lazy()

    @property
    def is_initialized(self) -> bool:
        """Whether there is an array."""
        if self.node is None and self._lazy is not None and self._lazy.array is not None:
            self._begin(xparray.to_device(self._lazy.array, self._device))
        return self.node is not None

    @property
    def array(self) -> Array:
        """The array itself, None as long as it has no shape; assigning replaces it."""
        return self._array if self.node is not None or self.is_initialized else None

    @array.setter
    def array(self, value: Array) -> None:
        if self.is_initialized:
            Variable.array.fset(self, value)  # type: ignore[attr-defined]
        else:
            self._make(xparray.asarray(value))

    data = array

    @property
    def device(self) -> Device:
        """Where the array lives, or will be made."""
        return xparray.device_of(self._array) if self.is_initialized else self._device

    @property
    def path(self) -> str:
        """The way to it from the outermost link that holds it, such as "/l2/W"; its name alone where no link does."""
        names: list[str] = []
        child: Parameter | Link = self
        while child._owner is not None and (link := child._owner()) is not None and len(names) < 100:
            name = next((name for name, entry in link._entries() if entry is child), None)
            if name is None:
                break
            names.insert(0, name)
            child = link
        return "/" + "/".join(names) if names else str(self.name)

    def initialize(self, shape: int | tuple[int, ...]) -> None:
        """Make the array, or a new one in the place of the present one, and let the initializer fill it.

        Raises:
            ValueError: `shape` is no shape, or the parameter was given an array, so that nothing says how to fill another.
        """
        shape = checked_shape("Parameter.initialize", shape)
        if self.initializer is None:
            raise ValueError(
                f"parameter {self.path} was made from an array and has no initializer; assign an array to .array instead"
            )
        if self.is_initialized:
            self.array = generate_array(self.initializer, shape, dtype=dtype_of(self._array), device=self.device)
        else:
            self._make(generate_array(self.initializer, shape, dtype=self._dtype, device=self._device))

    def move_to(self, device: str | Device) -> None:
        """Move the array and the gradient to `device`, in place; `to_device` instead records a copy in the graph.

        Raises:
            ValueError: there is no such device.
        """
        device = Device.parse(device)
        if not self.is_initialized:
            xparray.empty(0, device=device)  # raises for a device that does not exist
            self._device = device
        elif device != self.device:
            array, grad = xparray.to_device(self._array, device), self.grad
            self.cleargrad()
            self.array = array
            if grad is not None:
                self.grad = xparray.to_device(grad, device)

    def update(self) -> None:
        """Let the update rule, where there is one, change the array."""
        if self.update_rule is not None:
            self.update_rule.update(self)

    def receive(self, array: Array | None) -> None:
        """Take what a serializer that reads returned for this parameter: its own array filled, a new one, or None for none.

        Raises:
            ValueError: the new array cannot be cast to the parameter's dtype.
        """
        if not self.is_initialized:
            if array is not None:
                self._make(self._cast(array))
        elif array is self._array:
            self.mark_updated()
        elif array is not None:
            self.array = self._cast(array)
        elif self._lazy is not None:
            del self._array
            self.node = self._grad_var = self._lazy.array = None

    def _cast(self, array: Array) -> Array:
        if self.is_initialized:
            dtype = dtype_of(self._array)
        else:
            own = getattr(self.initializer, "dtype", None)
            dtype = np.dtype(next(d for d in (self._dtype, own, config.dtype) if d is not None))
        if not is_array(array) or not can_fill(dtype_of(array), dtype):
            found = dtype_of(array) if is_array(array) else type(array).__name__
            raise ValueError(f"parameter {self.path} is {dtype} and cannot take values of {found}")
        return xparray.to_device(xparray.astype(array, dtype, copy=False), self.device)

    def _make(self, array: Array) -> None:
        """Begin with `array`, and let the copies that share this parameter begin with it too."""
        if self._lazy is not None:
            self._lazy.array = array
        self._begin(array)

    def _begin(self, array: Array) -> None:
        self._array = array
        self.node = self._leaf()

    if not TYPE_CHECKING:  # for type checkers there are no other attributes than those declared

        def __getattr__(self, name: str) -> Any:
            # Reached only for what does not exist, which is the array as long as there is no shape.
            if name == "_array" and "_lazy" in self.__dict__:
                if self.is_initialized:
                    return self._array
                raise ValueError(f"parameter {self.path} has no shape yet: call the model once on an input")
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    # ---------------------------------------------------------------- copies and pickles

    def _state(self, array: Array | None) -> dict[str, Any]:
        own = {k: v for k, v in self.__dict__.items() if k not in ("_owner", "_lazy", "update_rule")}
        return {**own, "array": array, "name": self.name, "_device": self.device}

    def __reduce__(self) -> Any:
        return copyreg.__newobj__, (type(self),), self._state(self.array)  # type: ignore[attr-defined]

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        array, self.name = state.pop("array"), state.pop("name")
        self.__dict__.update(state, _owner=None, _lazy=None, update_rule=None)
        self.node = self._grad_var = None
        if array is None:
            self._lazy = _Lazy()
        else:
            self._begin(array)

    def __copy__(self) -> Parameter:
        copied = type(self).__new__(type(self))
        copied.__setstate__(self._state(self.array))
        if not self.is_initialized:
            copied._lazy = self._lazy
        return copied

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        copied = type(self).__new__(type(self))
        memo[id(self)] = copied
        copied.__setstate__(self._state(xparray.asarray(self._array, copy=True) if self.is_initialized else None))
        return copied

    def __repr__(self) -> str:
        return super().__repr__() if self.is_initialized else f"Parameter(no shape yet, name={self.name!r})"


class Computed(Parameter):
    """Stands in the place of a parameter for what was computed from it: has the array and the place in the graph of a Variable."""

    def __init__(self, value: Variable, name: str | None = None) -> None:
        super().__init__(value.array, name=name)
        self.node = value.node

    @property
    def is_initialized(self) -> bool:
        """True: it may need no gradient, and has an array all the same."""
        return True
