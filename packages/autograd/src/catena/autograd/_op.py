"""An op: a forward on arrays, and per input the rule of its cotangent, whose parameter names say what is kept.

    @elementwise_op
    def tanh(x):
        return array_namespace(x).tanh(x)

    tanh.vjps(x=lambda g, out: g * (1 - out * out))

`g` is the cotangent of the result, `out` the result, any other name the forward's parameter of that name; `x_spec` is the shape,
dtype and device of `x` without its data. Backward runs the rules on arrays; with `create_graph` it runs the same rules on
Variables, which records them, so an op has gradients of every order.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy import ndarray

import xparray as xp
from catena.autograd._advice import advice, nearest
from catena.autograd._config import SCOPE, USUAL, recording
from catena.autograd._hooks import Hooked
from catena.autograd._node import NEXT, Node, new_node, pick
from catena.autograd._plan import Kept, Plan, Rule, Spec
from catena.autograd._variable import Variable, variable
from catena.autograd._watch import Watcher, watcher
from xparray import Backend
from xparray._dispatch import SCALARS, common_backend, dtype_name

__all__ = ["REGISTRY", "ElementwiseOp", "Op", "Spec", "elementwise_op", "op"]

NUMPY = xp.get_backend("numpy")
# The types of inputs that need no look at their backend: NumPy computes them.
PLAIN = frozenset({ndarray, *SCALARS})
NONE: dict[str, Any] = {}  # the options of a call without any
in_scope = SCOPE.get
new_variable = functools.partial(object.__new__, Variable)  # without what the constructor checks


class Op(Hooked):
    """A differentiable function: call it with arrays for an array, with a Variable among them for a Variable.

    Attributes:
        name: the forward's name.
        inputs: names of the inputs, `*xs` not among them.
        defaults: of the inputs that may be left out.
        options: names and defaults of the keyword-only parameters.
    """

    broadcasts = False
    stays = True  # the result lives where the inputs do
    casts_numbers = False  # a number may come to the forward and the rules as a 0-d array of the other input's dtype
    __name__: str

    def __init__(self, forward: Callable[..., Any]) -> None:
        if not inspect.isfunction(forward):
            raise TypeError(f"op: got {forward!r:.60} ({type(forward).__name__}); expected a function")
        functools.update_wrapper(self, forward)
        self.forward = forward
        self.name: str = forward.__name__
        parameters = inspect.signature(forward).parameters.values()
        positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
        self.inputs = tuple(p.name for p in positional)
        self.variadic = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), None)
        self.options = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
        self.defaults = {p.name: p.default for p in positional if p.default is not p.empty}
        self._least = sum(p.default is p.empty for p in positional)
        self._most = len(positional) if self.variadic is None else 2**31
        self._rules: dict[int, Rule] = {}
        self._joint: Rule | None = None
        self._reads: dict[Rule, tuple[str, ...]] = {}
        self._plans: dict[int, Plan] = {}
        # The plans of calls with one input or two, by their masks (see `__call__`), for of_one and of_two.
        self._short_plans: list[Plan | None] = [None] * 8
        self.of_one = _of_one(self)
        self.of_two = _of_two(self)
        REGISTRY[f"{forward.__module__}.{self.name}"] = self

    # -------------------------------------------------------------- declaration

    def vjps(self, **rules: Rule) -> Op:
        """Give the rule of each input by name; an input without one has no gradient.

        Raises:
            TypeError: a rule is for no input, or reads what does not exist.
        """
        for name, rule in rules.items():
            if name not in self.inputs:
                raise TypeError(f"{self.name}.vjps: {name!r} is no input; the inputs are {', '.join(self.inputs)}")
            self._forget_plans()
            self._rules[self.inputs.index(name)] = rule
            self._reads[rule] = self._names_read(rule)
        return self

    def vjp(self, rule: Rule) -> Rule:
        """Decorator: one rule for all inputs, where their gradients share work.

        It is called as `rule(g, <what it names>, needs=needs)` with one boolean an input, and returns one cotangent an input,
        None where none is needed.

        Raises:
            TypeError: the rule reads what does not exist.
        """
        self._forget_plans()
        self._joint = rule
        self._reads[rule] = self._names_read(rule)
        return rule

    def _forget_plans(self) -> None:
        self._plans.clear()
        self._short_plans[:] = [None] * len(self._short_plans)

    def _names_read(self, rule: Rule) -> tuple[str, ...]:
        parameters = inspect.signature(rule).parameters.values()
        names = tuple(p.name for p in parameters if p.kind is not p.KEYWORD_ONLY)
        known = {*self.inputs, *self.options, "out", "out_spec", *(f"{n}_spec" for n in self.inputs)}
        if self.variadic:
            known |= {self.variadic, f"{self.variadic}_spec"}
        unknown = [n for n in names[1:] if n not in known]
        if names[:1] != ("g",) or unknown:
            wrong = f"names {', '.join(unknown)}" if unknown else "does not begin with g"
            raise TypeError(f"rule of {self.name}: it {wrong}; it may read g, {', '.join(sorted(known))}")
        return names[1:]

    def _kept(self, name: str) -> Kept:
        if name in ("out", "out_spec"):
            return Kept(name, name, -1)
        if name in self.options:
            return Kept(name, "option", -1)
        base, is_spec = (
            (name.removesuffix("_spec"), True) if name not in (*self.inputs, self.variadic) else (name, False)
        )
        if base == self.variadic:
            return Kept(name, "specs" if is_spec else "inputs", len(self.inputs))
        return Kept(name, "spec" if is_spec else "input", self.inputs.index(base))

    # -------------------------------------------------------------------- calls

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Compute the op: arrays in, array out; with a Variable among the inputs, Variables out."""
        count = len(args)
        if not self._least <= count <= self._most or (options and not self.options.keys() >= options.keys()):
            args, options = self._bind(args, options)
        elif not options:
            if count == 2:
                return self.of_two(*args)
            if count == 1:
                return self.of_one(*args)
        return self._call(args, options)

    def _call(self, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
        """The call in general: with any number of inputs, and with whatever looks on."""
        # The mask has a bit for each input that needs a gradient, behind a leading 1: it tells their number too.
        arrays, parents, mask, is_variable = [], [], 1 << len(args), False
        for i, a in enumerate(args):
            node = None
            if isinstance(a, Variable):
                is_variable, node, a = True, a.node, a._array
                if node is not None:
                    mask += 1 << i
            arrays.append(a)
            parents.append(node)
        if not is_variable:
            return self._compute(arrays, options)
        watch = None if SCOPE.get() is None and USUAL.everywhere else watcher(self)
        if watch is None:
            return self._record(self._compute(arrays, options), arrays, parents, mask, options)
        watch.before(arrays)
        y = self._compute(arrays, options)
        watch.after(self.name, self.input_names(len(arrays)), arrays, y)
        return self._record(y, arrays, parents, mask, options, watch)

    def _compute(self, arrays: Sequence[Any], options: dict[str, Any]) -> Any:
        """The forward, with what it returns as arrays of the one backend of all its inputs."""
        for a in arrays:
            if type(a) not in PLAIN:
                backend = common_backend(self.name, arrays)
                break
        else:
            backend = NUMPY
        try:
            y = self.forward(*arrays, **options)
        except Exception as e:
            self._explain(e, arrays, options)
            raise
        return self._wrapped(backend, y) if self.stays else y

    def _wrapped(self, backend: Backend, y: Any) -> Any:
        """What the forward returned, as an array of the backend or a tuple of them."""
        y = backend.wrap(y)
        if not all(hasattr(part, "shape") for part in (y if type(y) is tuple else (y,))):
            raise TypeError(f"{self.name}: its forward returned {y!r:.60} ({type(y).__name__}); expected an array")
        return y

    def _record(
        self,
        y: Any,
        arrays: Sequence[Any],
        parents: Sequence[Node | None],
        mask: int,
        options: dict[str, Any],
        watch: Watcher | None = None,
    ) -> Any:
        """The result as a Variable, with its node where an input needs a gradient (its bit is set in `mask`)."""
        if not mask & (mask - 1) or ((SCOPE.get() is not None or not USUAL.everywhere) and not recording()):
            return tuple([variable(part, None) for part in y]) if type(y) is tuple else variable(y, None)
        several = type(y) is tuple
        plan: Any = self._plans.get(mask)
        if plan is None:
            plan = self._plans[mask] = Plan(self, tuple([p is not None for p in parents]))
            if mask < len(self._short_plans) and not several:
                self._short_plans[mask] = plan
        saved = plan.save(arrays, y, options) if plan.kept else ()
        if watch is not None:
            plan = watch.traced(plan, saved)
        if several:
            node = new_node(plan, parents, saved, None)
            return tuple([variable(part, pick(node, i, len(y), part)) for i, part in enumerate(y)])
        return variable(y, new_node(plan, parents, saved, y.shape))

    def _bind(self, args: tuple[Any, ...], keywords: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Inputs given by keyword become positional, options given by position become keywords."""
        extra: tuple[Any, ...] = ()
        if not self.variadic:
            args, extra = args[: len(self.inputs)], args[len(self.inputs) :]
        names = list(self.options)
        if len(extra) > len(names):
            raise TypeError(
                f"{self.name}: got {len(args) + len(extra)} positional arguments; it takes {self._signature()}"
            )
        options = dict(zip(names, extra, strict=False))
        inputs = list(args)
        for name, value in keywords.items():
            if name in options or name in self.inputs[: len(args)]:
                raise TypeError(f"{self.name}: got {name!r} twice; it takes {self._signature()}")
            if name in self.options:
                options[name] = value
            elif name not in self.inputs:
                near = nearest(name, (*self.inputs, *self.options))
                raise TypeError(f"{self.name}: got an unknown argument {name!r}; it takes {self._signature()}{near}")
        for i, name in enumerate(self.inputs[len(args) :], len(args)):
            # One that is left out before another that is given has its default.
            if name not in keywords and not (name in self.defaults and any(n in keywords for n in self.inputs[i:])):
                break
            inputs.append(keywords.get(name, self.defaults.get(name)))
        if not self._least <= len(inputs) or any(n in keywords for n in self.inputs[len(inputs) :]):
            missing = self.inputs[len(inputs)]
            raise TypeError(f"{self.name}: {missing!r} is missing; it takes {self._signature()}")
        return tuple(inputs), options

    @property
    def label(self) -> str:
        """The name, as hooks ask for it."""
        return self.name

    def input_names(self, count: int) -> list[str]:
        """What errors call the first `count` inputs."""
        return [*self.inputs, *(f"{self.variadic}[{i}]" for i in range(count - len(self.inputs)))][:count]

    def _signature(self) -> str:
        return str(inspect.signature(self.forward))

    def _explain(self, error: Exception, arrays: Sequence[Any], options: dict[str, Any]) -> None:
        """Say in notes of an error of the forward how the op was called, and which argument to change how."""
        names = self.input_names(len(arrays))
        shown = [
            f"{n}: {tuple(a.shape)} {dtype_name(a.dtype)}" if hasattr(a, "dtype") else f"{n}={a!r}"
            for n, a in zip(names, arrays, strict=True)
        ]
        error.add_note(f"in the op {self.name}({', '.join([*shown, *(f'{k}={v!r}' for k, v in options.items())])})")
        fix = advice(self.name, self.broadcasts, names, arrays, options)
        if fix is not None:
            error.add_note(fix)

    def __reduce__(self) -> str:
        return self.__name__  # pickled and copied as a function is: by its name in its module

    def __repr__(self) -> str:
        return f"<op {self.name}{self._signature()}>"


# Most calls have one input or two and no options, and of these most need nothing but a node. They get functions of their own, in
# which the loop of Op._call, the call of Op._record and those of two constructors are written out: each look-up counts there.


# NumPy takes longer to make an array of a number than to add two small ones: numbers beside arrays of floats are made arrays once.
REALS = frozenset({int, float})
CASTS: dict[Any, Any] = {}


def cast(value: Any, dtype: Any) -> Any:
    """`value` as the 0-d array that NumPy makes of it beside an array of `dtype`, where both are floats and neither 0 nor infinite."""
    if dtype.kind != "f" or not value or not abs(value) < float(np.finfo(dtype).max):
        return value
    if len(CASTS) > 1000:
        CASTS.clear()
    array = CASTS[value] = np.asarray(value, dtype)
    array.flags.writeable = False
    return array


def _of_one(op: Op) -> Callable[[Any], Any]:
    """The function that calls `op` with one input, without options."""
    forward, plans, broadcasts = op.forward, op._short_plans, op.broadcasts

    def of_one(x: Any) -> Any:
        if not isinstance(x, Variable):
            return op._compute((x,), NONE)
        if in_scope() is not None or not USUAL.everywhere:
            return op._call((x,), NONE)
        array = x._array
        if type(array) is ndarray:
            try:
                y = forward(array)
            except Exception as e:
                op._explain(e, (array,), NONE)
                raise
            if type(y) is not ndarray and op.stays:
                y = op._wrapped(NUMPY, y)
        else:
            y = op._compute((array,), NONE)
        parent = x.node
        mask = 2 if parent is None else 3
        plan = plans[mask]
        if plan is None:
            return op._record(y, (array,), (parent,), mask, NONE)
        keep = plan.keep
        node = Node()
        node.op = plan
        node.parents = (parent,)
        node.saved = () if keep is None else keep(array, y)
        node.seq = NEXT()
        node.shape = parent.shape if broadcasts and parent is not None else y.shape
        node.grad = None
        v = new_variable()
        v._array = y
        v.node = node
        v._grad_var = v.name = None
        return v

    return _specialised(of_one)


def _of_two(op: Op) -> Callable[[Any, Any], Any]:
    """The function that calls `op` with two inputs, without options."""
    forward, plans, broadcasts = op.forward, op._short_plans, op.broadcasts

    def of_two(a: Any, b: Any) -> Any:
        if in_scope() is not None or not USUAL.everywhere:
            return op._call((a, b), NONE)
        if isinstance(a, Variable):
            x, p = a._array, a.node
            mask = 4 if p is None else 5
        else:
            x, p = a, None
            mask = 4
        if isinstance(b, Variable):
            y, q = b._array, b.node
            if q is not None:
                mask += 2
        else:
            y, q = b, None
        if (type(x) is ndarray or type(x) in SCALARS) and (type(y) is ndarray or type(y) in SCALARS):
            if type(y) in REALS and op.casts_numbers and type(x) is ndarray:
                c = CASTS.get(y)
                y = c if c is not None and c.dtype is x.dtype else cast(y, x.dtype)
            try:
                z = forward(x, y)
            except Exception as e:
                op._explain(e, (x, y), NONE)
                raise
            if type(z) is not ndarray:
                z = op._wrapped(NUMPY, z)
        else:
            z = op._compute((x, y), NONE)
        plan = plans[mask]
        if plan is None:
            is_variable = isinstance(a, Variable) or isinstance(b, Variable)
            return op._record(z, (x, y), (p, q), mask, NONE) if is_variable else z
        keep = plan.keep
        node = Node()
        node.op = plan
        node.parents = (p, q)
        node.saved = () if keep is None else keep(x, y, z)
        node.seq = NEXT()
        # A shape that is the parent's own costs no memory, and backward sees at once that nothing was broadcast.
        if broadcasts and p is not None and (type(b) in SCALARS if q is None else p.shape == q.shape):
            node.shape = p.shape
        else:
            node.shape = z.shape
        node.grad = None
        v = new_variable()
        v._array = z
        v.node = node
        v._grad_var = v.name = None
        return v

    return _specialised(of_two)


def _specialised(function: Any) -> Any:
    """The function with code of its own: Python specialises code for the types and functions that it meets, and each op meets others."""
    function.__code__ = function.__code__.replace()
    return function


class ElementwiseOp(Op):
    """An op whose inputs broadcast; the engine sums each cotangent back to its input's shape."""

    broadcasts = True


# Every op that exists, by module and name: the gradient suite walks it.
REGISTRY: dict[str, Op] = {}


def op(forward: Callable[..., Any]) -> Op:
    """Decorator: declare an op; its rules return cotangents of the inputs' exact shapes.

    Inputs are the positional parameters; options are keyword-only (callers may give them by position). The forward takes and
    returns arrays (or a tuple of them); rules are added with `.vjps(name=rule, ...)` or `@f.vjp`.

    Example:
        >>> import numpy as np
        >>> @op
        ... def scaled(x, *, by):
        ...     return x * by
        >>> _ = scaled.vjps(x=lambda g, by: g * by)
        >>> x = Variable(np.ones(2))
        >>> scaled(x, by=3.0).backward(grad=np.ones(2))
        >>> x.grad.tolist()
        [3.0, 3.0]
    """
    return Op(forward)


def elementwise_op(forward: Callable[..., Any]) -> ElementwiseOp:
    """Decorator: declare an op whose inputs broadcast; rules need not care, the engine sums over what was broadcast.

    Example:
        >>> import numpy as np
        >>> @elementwise_op
        ... def product(a, b):
        ...     return a * b
        >>> _ = product.vjps(a=lambda g, b: g * b, b=lambda g, a: g * a)
        >>> b = Variable(np.float32(2.0))
        >>> product(np.ones(3, "float32"), b).backward(grad=np.ones(3, "float32"))
        >>> float(b.grad)
        3.0
    """
    return ElementwiseOp(forward)
