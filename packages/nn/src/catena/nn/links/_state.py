"""Links that keep something from call to call."""

from __future__ import annotations

from typing import Any

import xparray as xp
from catena.autograd import Variable, as_variable
from catena.autograd import functions as F
from catena.nn._chain import Chain
from catena.nn.functions._checks import check_arrays
from xparray import Array, Device


class Stateful(Chain):
    """A chain that keeps the attributes named in `states` from call to call: Variables, None before the first call.

    They move with the link and stand in no file.
    """

    states: tuple[str, ...] = ("h",)
    state_size: int

    def reset_state(self) -> None:
        """Forget the state: the next call begins a sequence."""
        for name in self.states:
            setattr(self, name, None)

    def _set_state(self, **given: Any) -> None:
        """Set the attributes to the given Variables or arrays, moved to where the link is.

        Raises:
            TypeError: one is no array.
            ValueError: one is no `(n, state_size)`, or they differ in n; the state is then what it was.
        """
        owner = f"{type(self).__name__}.set_state"
        check_arrays(owner, **given)
        n = next(iter(given.values())).shape[:1]
        for name, state in given.items():
            if tuple(state.shape) != (*n, self.state_size):
                expected = f"({', '.join(map(str, n)) or 'n'}, {self.state_size})"
                raise ValueError(f"{owner}: {name} has shape {tuple(state.shape)}; expected {expected}")
        for name, state in given.items():
            setattr(self, name, _moved(as_variable(state), self.device))

    def _move_state(self, device: Device) -> None:
        for name in self.states:
            if (state := getattr(self, name)) is not None:
                setattr(self, name, _moved(state, device))

    def _zeros(self, x: Array) -> Any:
        """The state of the examples in x before the first call."""
        return xp.zeros((x.shape[0], self.state_size), dtype=x.dtype, device=xp.device_of(x))


def _moved(state: Variable, device: Device) -> Variable:
    return state if state.device == device else F.to_device(state, device=device)
