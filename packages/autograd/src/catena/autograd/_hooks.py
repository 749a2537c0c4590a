"""Function hooks: code of one's own that runs before and after functions of Variables, and in their backward.

    with TimerHook() as timer:
        loss = model(x)
        loss.backward()
    timer.print_report()

A hook works in a `with` block on all functions that the block calls, or on one function to which it was added with
`function.add_hook(hook)`. Without hooks nothing is paid for them.
"""

from __future__ import annotations

import sys
import time
import weakref
from collections.abc import Sequence
from contextvars import Token
from typing import Any, Self, TextIO

import numpy as np

import xparray as xp
from catena.autograd._config import SCOPE, USUAL
from catena.autograd._debug import Anomaly, described
from xparray import Array
from xparray._dispatch import dtype_name

Arrays = tuple[Any, ...]


class FunctionHook:
    """What to do around functions; override the methods that are wanted.

    Each is called with the function - an Op, a FunctionNode or a Function; its name is `function.label` - and with arrays.
    `in_data` are the inputs, in backward None for each that the graph does not keep; `out_grad` are the gradients of the
    outputs, None for one that nothing came from. Functions of plain arrays alone are not seen.

    Attributes:
        name: two hooks of one name cannot work in the same place.

    Example:
        >>> import numpy as np
        >>> from catena.autograd import Variable
        >>> class Names(FunctionHook):
        ...     name = "Names"
        ...     def forward_preprocess(self, function, in_data):
        ...         print(function.label)
        >>> with Names():
        ...     y = Variable(np.ones(2)) * 2 + 1
        multiply
        add
    """

    name = "FunctionHook"
    _tokens: list[Token[dict[str, Any] | None]] | None = None

    def __enter__(self) -> Self:
        scope = SCOPE.get() or {}
        hooks = scope.get("_hooks", {})
        if self.name in hooks:
            raise KeyError(
                f"hook {self.name!r}: one of this name is at work here already; give one of them another name"
            )
        token = SCOPE.set({**scope, "_hooks": {**hooks, self.name: self}})
        self._tokens = [*(self._tokens or []), token]
        self.added(None)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._tokens
        SCOPE.reset(self._tokens.pop())
        self.deleted(None)

    def added(self, function: Any) -> None:
        """Called when the hook begins to work: on `function`, or within a block where that is None."""

    def deleted(self, function: Any) -> None:
        """Called when it ends."""

    def forward_preprocess(self, function: Any, in_data: Arrays) -> None:
        """Called before the forward."""

    def forward_postprocess(self, function: Any, in_data: Arrays) -> None:
        """Called after the forward."""

    def forward_outputs(self, function: Any, in_data: Arrays, out_data: Arrays) -> None:
        """Called after `forward_postprocess`, with the outputs too."""

    def backward_preprocess(self, function: Any, in_data: Arrays, out_grad: Arrays) -> None:
        """Called before the backward."""

    def backward_postprocess(self, function: Any, in_data: Arrays, out_grad: Arrays) -> None:
        """Called after the backward."""

    def backward_gradients(self, function: Any, in_data: Arrays, out_grad: Arrays, in_grad: Arrays) -> None:
        """Called after `backward_postprocess`, with the gradients of the inputs too, None where there is none."""


def get_function_hooks() -> dict[str, FunctionHook]:
    """The hooks of the `with` blocks around the running code, by name, the outermost first."""
    return dict((SCOPE.get() or {}).get("_hooks", {}))


class Hooked:
    """A function that may have hooks of its own."""

    _hooks: dict[str, FunctionHook] | None = None
    _end: weakref.finalize[Any, Any] | None = None

    @property
    def local_function_hooks(self) -> dict[str, FunctionHook]:
        """The hooks that were added to this function, by name."""
        return dict(self._hooks or {})

    def add_hook(self, hook: FunctionHook, name: str | None = None) -> None:
        """Let `hook` work on this function, wherever it is called; `name` is in the place of the hook's own.

        Raises:
            TypeError: it is no hook.
            KeyError: there is one of this name.
        """
        if not isinstance(hook, FunctionHook):
            raise TypeError(f"add_hook: got {type(hook).__name__}; expected a FunctionHook, such as TimerHook()")
        name = name or hook.name
        if name in (self._hooks or {}):
            raise KeyError(f"add_hook: there is a hook {name!r} already; give another name: add_hook(hook, name=...)")
        if not self._hooks:
            _count(1)
            self._end = weakref.finalize(self, _count, -1)
            self._end.atexit = False
        self._hooks = {**(self._hooks or {}), name: hook}
        hook.added(self)

    def delete_hook(self, name: str) -> None:
        """End what the hook `name` does here.

        Raises:
            KeyError: there is none of this name.
        """
        if name not in (self._hooks or {}):
            raise KeyError(
                f"delete_hook: there is no hook {name!r}; there are {', '.join(self._hooks or {}) or 'none'}"
            )
        assert self._hooks is not None
        hook = self._hooks[name]
        self._hooks = {n: h for n, h in self._hooks.items() if n != name}
        if not self._hooks and self._end is not None:
            self._end()
        hook.deleted(self)


def _count(change: int) -> None:
    USUAL.hooked += change
    USUAL.settle()


class _Records(FunctionHook):
    """A hook that keeps one number a call."""

    _subject = "function"  # what the table of the summary has a line for

    def __init__(self) -> None:
        self.call_history: list[tuple[str, float]] = []

    def _summary(self, key: str) -> dict[str, dict[str, float]]:
        found: dict[str, dict[str, float]] = {}
        for name, amount in self.call_history:
            record = found.setdefault(name, {key: 0, "occurrence": 0})
            record[key] += amount
            record["occurrence"] += 1
        return found

    def _print(self, key: str, units: Sequence[tuple[str, float]], unit: str, file: TextIO | None) -> None:
        """A table with a line a function, the greatest first, amounts in `unit` or in the one that suits each."""
        names = [u for u, _ in units]
        if unit != "auto" and unit not in names:
            raise ValueError(
                f"{self.name}.print_report: unit is {unit!r}; expected 'auto' or {', '.join(map(repr, names))}"
            )
        rows = [(self._subject, key.replace("_", " "), "calls")]
        for name, record in sorted(self._summary(key).items(), key=lambda item: -item[1][key]):
            amount = record[key]
            suiting = [(u, size) for u, size in units if (amount >= size if unit == "auto" else u == unit)]
            u, size = suiting[0] if suiting else units[-1]
            rows.append((name, f"{amount / size:.3f} {u}", str(int(record["occurrence"]))))
        widths = [max(len(row[i]) for row in rows) for i in range(3)]
        for row in rows:
            print(f"{row[0]:{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}", file=file or sys.stdout)


class TimerHook(_Records):
    """How long each function takes, forward and backward together, in seconds on the host's clock.

    What a function on a GPU only begins is not waited for.

    Attributes:
        call_history: name and seconds of each call.

    Example:
        >>> import numpy as np
        >>> from catena.autograd import Variable
        >>> with TimerHook() as timer:
        ...     (Variable(np.ones(2)) * 2).backward(grad=np.ones(2))
        >>> timer.summary()["multiply"]["occurrence"], timer.total_time() > 0
        (2, True)
    """

    name = "TimerHook"

    def __init__(self) -> None:
        super().__init__()
        self._started: list[float] = []

    def forward_preprocess(self, function: Any, in_data: Arrays) -> None:
        """Start the clock."""
        self._started.append(time.perf_counter())

    def forward_postprocess(self, function: Any, in_data: Arrays) -> None:
        """Stop it."""
        self.call_history.append((function.label, time.perf_counter() - self._started.pop()))

    def backward_preprocess(self, function: Any, in_data: Arrays, out_grad: Arrays) -> None:
        """Start the clock."""
        self._started.append(time.perf_counter())

    def backward_postprocess(self, function: Any, in_data: Arrays, out_grad: Arrays) -> None:
        """Stop it."""
        self.call_history.append((function.label, time.perf_counter() - self._started.pop()))

    def total_time(self) -> float:
        """Seconds of all calls."""
        return sum(seconds for _, seconds in self.call_history)

    def summary(self) -> dict[str, dict[str, float]]:
        """For each function `elapsed_time` in seconds, and `occurrence`, the number of calls."""
        return self._summary("elapsed_time")

    def print_report(self, unit: str = "auto", file: TextIO | None = None) -> None:
        """Print the summary as a table, in "sec", "ms", "us", "ns" or what suits each line ("auto").

        Raises:
            ValueError: another unit.
        """
        self._print("elapsed_time", [("sec", 1.0), ("ms", 1e-3), ("us", 1e-6), ("ns", 1e-9)], unit, file)


class MemoryHook(_Records):
    """How many bytes each function's results and gradients take: those of arrays that share no memory with what it was given.

    Attributes:
        call_history: name and bytes of each call.

    Example:
        >>> import numpy as np
        >>> from catena.autograd import Variable
        >>> with MemoryHook() as memory:
        ...     y = Variable(np.ones((10, 10))) * 2
        >>> memory.summary()
        {'multiply': {'used_bytes': 800, 'occurrence': 1}}
    """

    name = "MemoryHook"

    def forward_outputs(self, function: Any, in_data: Arrays, out_data: Arrays) -> None:
        """Count the outputs."""
        self.call_history.append((function.label, _new_bytes(out_data, in_data)))

    def backward_gradients(self, function: Any, in_data: Arrays, out_grad: Arrays, in_grad: Arrays) -> None:
        """Count the gradients."""
        self.call_history.append((function.label, _new_bytes(in_grad, (*in_data, *out_grad))))

    def total_used_bytes(self) -> int:
        """Bytes of all calls."""
        return int(sum(size for _, size in self.call_history))

    def summary(self) -> dict[str, dict[str, float]]:
        """For each function `used_bytes`, and `occurrence`, the number of calls."""
        return self._summary("used_bytes")

    def print_report(self, unit: str = "auto", file: TextIO | None = None) -> None:
        """Print the summary as a table, in "B", "KB" (1024 B), "MB", "GB" or what suits each line ("auto").

        Raises:
            ValueError: another unit.
        """
        self._print("used_bytes", [("GB", 2.0**30), ("MB", 2.0**20), ("KB", 2.0**10), ("B", 1.0)], unit, file)


class PrintHook(FunctionHook):
    """Prints each function with the shapes, dtypes and ranges of its arrays.

    Args:
        sep: between the parts of a line, as in `print`.
        end: after a line.
        file: where to; the standard output unless given.
        flush: write at once.

    Example:
        >>> import numpy as np
        >>> from catena.autograd import Variable
        >>> with PrintHook():
        ...     (Variable(np.array([1.0, 4.0])) * 2).backward(grad=np.ones(2))
        multiply forward: input 0: (2,) float64 in [1, 4], input 1=2
        multiply backward: output 0: (2,) float64 in [1, 1]
    """

    name = "PrintHook"

    def __init__(self, sep: str | None = None, end: str = "\n", file: TextIO | None = None, flush: bool = True) -> None:
        self.sep = sep
        self.end = end
        self.file = file
        self.flush = flush

    def forward_preprocess(self, function: Any, in_data: Arrays) -> None:
        """Print the inputs."""
        self._print(f"{function.label} forward:", "input", in_data)

    def backward_preprocess(self, function: Any, in_data: Arrays, out_grad: Arrays) -> None:
        """Print the gradients of the outputs."""
        self._print(f"{function.label} backward:", "output", out_grad)

    def _print(self, what: str, name: str, arrays: Arrays) -> None:
        texts = [described(f"{name} {i}", x) for i, x in enumerate(arrays) if x is not None]
        print(what, ", ".join(texts), sep=self.sep, end=self.end, file=self.file or sys.stdout, flush=self.flush)


class NaNHook(FunctionHook):
    """Raises where a function makes NaN or infinity, forward or backward; `detect_anomaly` says more, for all functions of a block.

    Args:
        inf: look for infinities too; one that a function was given it may hand on.

    Raises:
        FloatingPointError: by the function called.

    Example:
        >>> import numpy as np
        >>> from catena.autograd import Variable, functions as F
        >>> F.log.add_hook(NaNHook())
        >>> with np.errstate(invalid="ignore"):
        ...     F.log(Variable(-1.0))
        Traceback (most recent call last):
        FloatingPointError: log: made NaN: its result, () float64, has 1 NaN; given input 0: () float64 in [-1, -1]
        >>> F.log.delete_hook("NaNHook")
    """

    name = "NaNHook"

    def __init__(self, *, inf: bool = True) -> None:
        self._anomaly = Anomaly(inf)

    def forward_outputs(self, function: Any, in_data: Arrays, out_data: Arrays) -> None:
        """Look at the outputs."""
        self._anomaly.in_result(function.label, _named("input", in_data), out_data, "")

    def backward_gradients(self, function: Any, in_data: Arrays, out_grad: Arrays, in_grad: Arrays) -> None:
        """Look at the gradients of the inputs."""
        given = [*_named("the gradient of output", out_grad), *_named("input", in_data)]
        names = [f"input {i}" for i in range(len(in_grad))]
        self._anomaly.in_gradients(function.label, names, given, in_grad, "")


def _named(name: str, arrays: Arrays) -> list[tuple[str, Any]]:
    return [(f"{name} {i}", x) for i, x in enumerate(arrays) if x is not None]


def _new_bytes(arrays: Arrays, given: Arrays) -> int:
    others: list[Array] = [x for x in given if hasattr(x, "dtype")]
    new = [y for y in arrays if y is not None and not any(xp.shares_memory(y, x) for x in others)]
    return sum(int(y.size) * np.dtype(dtype_name(y.dtype)).itemsize for y in new)
