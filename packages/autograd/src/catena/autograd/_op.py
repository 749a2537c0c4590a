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
from typing import Any, NamedTuple

from numpy import ndarray

import xparray as xp
from catena.autograd._config import RECORDING, SCOPE, recording
from catena.autograd._node import NEXT, Node, pick
from catena.autograd._variable import Variable, variable
from xparray import Backend, Device
from xparray._dispatch import SCALARS, common_backend, dtype_name

Rule = Callable[..., Any]
NUMPY = xp.get_backend("numpy")
HOST = Device("numpy")
# The types of inputs that need no look at their backend: NumPy computes them.
PLAIN = frozenset({ndarray, *SCALARS})
NONE: dict[str, Any] = {}  # the options of a call without any
NEW = object.__new__


class Spec(NamedTuple):
    """An array without its data."""

    shape: tuple[int, ...]
    dtype: Any
    device: Device

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)


def spec_of(x: Any) -> Spec:
    """The Spec of an array; that of a Python number is 0-d."""
    if type(x) is ndarray:
        return Spec(x.shape, x.dtype, HOST)
    if type(x) in SCALARS:
        return Spec((), type(x), HOST)
    return Spec(x.shape, x.dtype, xp.device_of(x))


class _Kept(NamedTuple):
    """One thing a rule reads: how to take it from a call, and how it looks to a rule that records."""

    name: str
    kind: str  # "input", "inputs", "spec", "specs", "out", "out_spec" or "option"
    place: int  # among the inputs; -1 for what is none


class Plan:
    """An op, given which of its inputs need gradients: what to keep of a call, and which rules to run."""

    __slots__ = ("broadcasts", "joint", "kept", "kept_inputs", "name", "needs", "rules", "save")

    def __init__(self, op: Op, needs: tuple[bool, ...]) -> None:
        self.name = op.name
        self.broadcasts = op.broadcasts
        self.needs = needs
        names: dict[str, int] = {}  # each thing kept once, and its place in Node.saved

        def places(rule: Rule) -> tuple[int, ...]:
            return tuple(names.setdefault(n, len(names)) for n in op._reads[rule])

        self.joint = (op._joint, places(op._joint)) if op._joint else None
        self.rules = tuple(
            (i, rule, places(rule))
            for i, rule in sorted(op._rules.items())
            if i < len(needs) and needs[i] and not op._joint
        )
        self.kept = tuple(op._kept(name) for name in names)
        variadic = range(len(op.inputs), len(needs)) if any(k.kind == "inputs" for k in self.kept) else ()
        self.kept_inputs = (*(k.place for k in self.kept if k.kind == "input"), *variadic)
        self.save = self._saver(op)

    def _saver(self, op: Op) -> Callable[[Sequence[Any], Any, dict[str, Any]], tuple[Any, ...]]:
        """The function that takes what is kept from one call's arrays, result and options."""
        kinds = [k.kind if k.place < len(self.needs) else "default" for k in self.kept]
        if kinds == ["out"]:
            return lambda arrays, y, options: (y,)
        if kinds == ["input"]:
            i = self.kept[0].place
            return lambda arrays, y, options: (arrays[i],)
        if kinds == ["input", "input"]:
            i, j = self.kept[0].place, self.kept[1].place
            return lambda arrays, y, options: (arrays[i], arrays[j])
        takers = [_taker(k, op) for k in self.kept]
        return lambda arrays, y, options: tuple([take(arrays, y, options) for take in takers])

    def pull(self, node: Node, g: Any, create_graph: bool, wanted: tuple[bool, ...] | None) -> Any:
        """The cotangents of the parents; the rules run on arrays, or under `create_graph` on Variables."""
        saved: Sequence[Any] = self.readable(node)
        if create_graph:
            saved = self._as_variables(node, saved)
        if self.joint is not None:
            rule, places = self.joint
            pulled = rule(g, *[saved[j] for j in places], needs=wanted or self.needs)
            if len(pulled) != len(node.parents):
                raise ValueError(
                    f"rule of {self.name}: returned {len(pulled)} cotangents for {len(node.parents)} inputs; "
                    "return one an input, None where it is not needed"
                )
            return pulled
        gxs: list[Any] = [None] * len(node.parents)
        for i, rule, places in self.rules:
            if wanted is None or wanted[i]:
                gxs[i] = rule(g, *[saved[j] for j in places])
        return gxs

    def readable(self, node: Node) -> tuple[Any, ...]:
        """What the node kept, which must not be freed, nor a parameter's values from before an update."""
        if node.saved is None:
            raise RuntimeError(
                f"backward: the graph through {self.name} was freed by backward(free=True); leave out free=True to walk it twice"
            )
        for i in self.kept_inputs:
            parent = node.parents[i] if i < len(node.parents) else None
            if parent is not None and parent.seq > node.seq:
                raise RuntimeError(
                    f"backward: input {i} of {self.name} ({parent.shape} {parent.dtype}) was updated in place after {self.name} read it; "
                    "run the forward pass again after an update"
                )
        return node.saved

    def _as_variables(self, node: Node, saved: Sequence[Any]) -> list[Any]:
        """What was kept, each array with its place in the graph, so that rules record their dependence on it."""

        def at(array: Any, i: int) -> Any:
            parent = node.parents[i] if i < len(node.parents) else None
            return array if parent is None else variable(array, parent)

        seen: list[Any] = []
        for kept, value in zip(self.kept, saved, strict=True):
            if kept.kind == "input":
                seen.append(at(value, kept.place))
            elif kept.kind == "inputs":
                seen.append(tuple(at(x, kept.place + i) for i, x in enumerate(value)))
            elif kept.kind == "out":
                several = type(value) is tuple
                seen.append(
                    tuple(variable(v, pick(node, i, len(value), v)) for i, v in enumerate(value))
                    if several
                    else variable(value, node)
                )
            else:
                seen.append(value)
        return seen


def _taker(kept: _Kept, op: Op) -> Callable[[Sequence[Any], Any, dict[str, Any]], Any]:
    i, name = kept.place, kept.name
    if kept.kind == "input":
        return lambda arrays, y, options: arrays[i] if i < len(arrays) else op.defaults[name]
    if kept.kind == "inputs":
        return lambda arrays, y, options: tuple(arrays[i:])
    if kept.kind == "spec":
        return lambda arrays, y, options: spec_of(arrays[i]) if i < len(arrays) else spec_of(op.defaults[op.inputs[i]])
    if kept.kind == "specs":
        return lambda arrays, y, options: [spec_of(a) for a in arrays[i:]]
    if kept.kind == "out":
        return lambda arrays, y, options: y
    if kept.kind == "out_spec":
        return lambda arrays, y, options: [spec_of(part) for part in y] if type(y) is tuple else spec_of(y)
    default = op.options[name]
    return lambda arrays, y, options: options.get(name, default)


class Op:
    """A differentiable function: call it with arrays for an array, with a Variable among them for a Variable.

    Attributes:
        name: the forward's name.
        inputs: names of the inputs, `*xs` not among them.
        defaults: of the inputs that may be left out.
        options: names and defaults of the keyword-only parameters.
    """

    broadcasts = False
    stays = True  # the result lives where the inputs do
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
            self._plans.clear()
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
        self._plans.clear()
        self._joint = rule
        self._reads[rule] = self._names_read(rule)
        return rule

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

    def _kept(self, name: str) -> _Kept:
        if name in ("out", "out_spec"):
            return _Kept(name, name, -1)
        if name in self.options:
            return _Kept(name, "option", -1)
        base, is_spec = (
            (name.removesuffix("_spec"), True) if name not in (*self.inputs, self.variadic) else (name, False)
        )
        if base == self.variadic:
            return _Kept(name, "specs" if is_spec else "inputs", len(self.inputs))
        return _Kept(name, "spec" if is_spec else "input", self.inputs.index(base))

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
        y = self._compute(arrays, options)
        return self._record(y, arrays, parents, mask, options) if is_variable else y

    # Most calls have one input or two and no options. The loop above costs as much as the rest of them, and so do the calls of
    # _record and of two constructors: they are written out.

    def of_one(self, x: Any) -> Any:
        """The op of one input, without options."""
        if not isinstance(x, Variable):
            return self._compute((x,), NONE)
        array = x._array
        if type(array) is not ndarray:
            y = self._compute((array,), NONE)
        else:
            try:
                y = self.forward(array)
            except Exception as e:
                e.add_note(self._note((array,), NONE))
                raise
            if type(y) is not ndarray and self.stays:
                y = self._wrapped(NUMPY, y)
        parent = x.node
        mask = 2 if parent is None else 3
        plan = self._plans.get(mask)
        if plan is None or SCOPE.get() is not None or not RECORDING.everywhere or type(y) is tuple:
            return self._record(y, (array,), (parent,), mask, NONE)
        node = NEW(Node)
        node.op = plan
        node.parents = (parent,)
        node.saved = plan.save((array,), y, NONE) if plan.kept else ()
        node.seq = NEXT()
        node.shape = y.shape
        node.grad = None
        v = NEW(Variable)
        v._array = y
        v.node = node
        v._grad_var = v.name = None
        return v

    def of_two(self, a: Any, b: Any) -> Any:
        """The op of two inputs, without options."""
        mask, p, q, is_variable = 4, None, None, False
        if isinstance(a, Variable):
            is_variable = True
            p = a.node
            a = a._array
            if p is not None:
                mask = 5
        if isinstance(b, Variable):
            is_variable = True
            q = b.node
            b = b._array
            if q is not None:
                mask += 2
        if type(a) not in PLAIN or type(b) not in PLAIN:
            y = self._compute((a, b), NONE)
        else:
            try:
                y = self.forward(a, b)
            except Exception as e:
                e.add_note(self._note((a, b), NONE))
                raise
            if type(y) is not ndarray:
                y = self._wrapped(NUMPY, y)
        if not is_variable:
            return y
        plan = self._plans.get(mask)
        if plan is None or SCOPE.get() is not None or not RECORDING.everywhere or type(y) is tuple:
            return self._record(y, (a, b), (p, q), mask, NONE)
        node = NEW(Node)
        node.op = plan
        node.parents = (p, q)
        node.saved = plan.save((a, b), y, NONE) if plan.kept else ()
        node.seq = NEXT()
        node.shape = y.shape
        node.grad = None
        v = NEW(Variable)
        v._array = y
        v.node = node
        v._grad_var = v.name = None
        return v

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
            e.add_note(self._note(arrays, options))
            raise
        return self._wrapped(backend, y) if self.stays else y

    def _wrapped(self, backend: Backend, y: Any) -> Any:
        """What the forward returned, as an array of the backend or a tuple of them."""
        y = backend.wrap(y)
        if not all(hasattr(part, "shape") for part in (y if type(y) is tuple else (y,))):
            raise TypeError(f"{self.name}: its forward returned {y!r:.60} ({type(y).__name__}); expected an array")
        return y

    def _record(
        self, y: Any, arrays: Sequence[Any], parents: Sequence[Node | None], mask: int, options: dict[str, Any]
    ) -> Any:
        """The result as a Variable, with its node where an input needs a gradient (its bit is set in `mask`)."""
        if not mask & (mask - 1) or ((SCOPE.get() is not None or not RECORDING.everywhere) and not recording()):
            return variable(y, None) if type(y) is not tuple else tuple([variable(part, None) for part in y])
        plan = self._plans.get(mask)
        if plan is None:
            plan = self._plans[mask] = Plan(self, tuple([p is not None for p in parents]))
        saved = plan.save(arrays, y, options) if plan.kept else ()
        if type(y) is tuple:
            node = Node(plan, parents, saved, None)
            return tuple([variable(part, pick(node, i, len(y), part)) for i, part in enumerate(y)])
        return variable(y, Node(plan, parents, saved, y.shape))

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
                raise TypeError(f"{self.name}: got an unknown argument {name!r}; it takes {self._signature()}")
        for name in self.inputs[len(args) :]:
            if name not in keywords:
                break
            inputs.append(keywords[name])
        if not self._least <= len(inputs) or any(n in keywords for n in self.inputs[len(inputs) :]):
            missing = self.inputs[len(inputs)]
            raise TypeError(f"{self.name}: {missing!r} is missing; it takes {self._signature()}")
        return tuple(inputs), options

    def _signature(self) -> str:
        return str(inspect.signature(self.forward))

    def _note(self, arrays: Sequence[Any], options: dict[str, Any]) -> str:
        names = [*self.inputs, *(f"{self.variadic}[{i}]" for i in range(len(arrays) - len(self.inputs)))]
        shown = [
            f"{n}: {tuple(a.shape)} {dtype_name(a.dtype)}" if hasattr(a, "dtype") else f"{n}={a!r}"
            for n, a in zip(names, arrays, strict=False)
        ]
        return f"in the op {self.name}({', '.join([*shown, *(f'{k}={v!r}' for k, v in options.items())])})"

    def __repr__(self) -> str:
        return f"<op {self.name}{self._signature()}>"


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
