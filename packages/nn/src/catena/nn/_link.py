"""Link: a part of a model that owns parameters, other values to save, and further links."""

from __future__ import annotations

import copy
import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, cast

import numpy as np

import xparray
from catena.autograd import Variable
from catena.nn._arrays import is_array
from catena.nn._parameter import Parameter
from catena.nn.initializers import NaN
from xparray import Device

if TYPE_CHECKING:
    from catena.nn._chain import Sequential
    from catena.nn.serializers import Serializer

T = TypeVar("T")
CopyMode = Literal["share", "copy", "init"]


class _Uninitialized:
    """Stands on the class for what `Link.__init__` sets on the object, to say so where that was not called."""

    def __get__(self, link: Link | None, cls: type[Link]) -> Any:
        if link is None:
            return self
        raise RuntimeError(f"{cls.__name__}: Link.__init__ was not called; begin its __init__ with super().__init__()")


class Link:
    """A part of a model: its parameters, its persistent values, and the links it is made of.

    Inside `init_scope()` an attribute that is set to a Parameter or a Link is registered under its name. So are the
    parameters and links in a list, tuple or dict, at any depth, under `<attribute>/<index or key>`; what is later put into
    such a container, if it was empty or held one from the start, counts too. Anything else, and anything set outside of the
    scope, is a plain attribute, except that a registered name keeps its place when another parameter or link is assigned to it.

    Calling a link calls its `forward`; a subclass defines that, or `__call__` itself.

    Order is that of registration, a link's own parameters before those of its children. A parameter or link that is
    reachable in several ways is counted once, by the first.

    Args:
        params: shapes of parameters to add, by name.

    Raises:
        ValueError: a name is taken or unusable.

    Example:
        >>> class Scale(Link):
        ...     def __init__(self, n):
        ...         super().__init__()
        ...         with self.init_scope():
        ...             self.W = Parameter(1.0, (n,))
        ...     def forward(self, x):
        ...         return x * self.W
        >>> scale = Scale(3)
        >>> [(name, p.shape) for name, p in scale.namedparams()]
        [('/W', (3,))]
        >>> scale(np.ones((2, 3), "float32")).shape
        (2, 3)
    """

    name: str | None = None
    file_kind = "model"
    _within_init_scope = False
    _owner: weakref.ref[Link] | None = None
    _device = Device("numpy")
    _tracked = cast("list[str]", _Uninitialized())
    _persistent = cast("list[str]", _Uninitialized())

    def __init__(self, **params: Any) -> None:
        self._tracked = []
        self._persistent = []
        for name, shape in params.items():
            self.add_param(name, shape)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call `forward` with the same arguments."""
        forward = getattr(self, "forward", None)
        if forward is None:
            raise TypeError(f"{type(self).__name__} cannot be called: define forward(self, ...) in it")
        return forward(*args, **kwargs)

    # ---------------------------------------------------------------- registration

    @property
    def within_init_scope(self) -> bool:
        """Whether attributes that are set now are registered."""
        return self._within_init_scope

    @contextmanager
    def init_scope(self) -> Iterator[None]:
        """A block in which parameters and links that are set as attributes are registered.

        Raises:
            RuntimeError: `Link.__init__` has not been called.
        """
        if "_tracked" not in self.__dict__:
            raise RuntimeError(f"{type(self).__name__}.init_scope: call super().__init__() first")
        before = self._within_init_scope
        object.__setattr__(self, "_within_init_scope", True)
        try:
            yield
        finally:
            object.__setattr__(self, "_within_init_scope", before)

    def __setattr__(self, name: str, value: Any) -> None:
        tracked = self.__dict__.get("_tracked", ())
        if not self._within_init_scope and name not in tracked:
            object.__setattr__(self, name, value)
            return
        entries = list(_leaves(name, value))
        holds = bool(entries) or _is_empty_container(value)
        if holds and name not in tracked:
            self._check_name(name)
        if any(entry is self for _, entry in entries):
            raise ValueError(f"{type(self).__name__}: {name!r} holds the link itself, which cannot be its own child")
        object.__setattr__(self, name, value)
        if holds:
            if name not in tracked:
                self._tracked.append(name)
            if name in self._persistent:
                self._persistent.remove(name)
            for path, entry in entries:
                self._adopt(path, entry, rename=True)
        elif name in tracked:
            self._tracked.remove(name)

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        for names in (self._tracked, self._persistent):
            if name in names:
                names.remove(name)

    def add_param(self, name: str, shape: Any = None, dtype: Any = None, initializer: Any = None) -> None:
        """Register a new parameter as the attribute `name`.

        Args:
            name: of the attribute.
            shape: of the array; None where it is not known yet.
            dtype: of the array; the initializer's, else `config.dtype`, unless given.
            initializer: see Parameter.

        Raises:
            ValueError: there is such an attribute already.

        Example:
            >>> link = Link()
            >>> link.add_param("W", (2, 3), initializer=0.0)
            >>> link.W.shape
            (2, 3)
        """
        self._check_free("add_param", name)
        param = Parameter(NaN() if initializer is None else initializer, shape, dtype=dtype)
        with self.init_scope():
            setattr(self, name, param)

    def add_persistent(self, name: str, value: Any) -> None:
        """Set the attribute `name` to `value`, and save and load it with the link.

        Args:
            name: of the attribute.
            value: an array, number, string or None; arrays move with `to_device`.

        Raises:
            ValueError: there is such an attribute already.
            TypeError: the value can stand in no file.

        Example:
            >>> link = Link()
            >>> link.add_persistent("N", 0)
            >>> list(link.namedpersistents())
            [('/N', 0)]
        """
        self._check_free("add_persistent", name)
        if not _can_persist(value):
            raise TypeError(_cannot_persist("add_persistent", self, name, value))
        object.__setattr__(self, name, value)
        self._persistent.append(name)

    def register_persistent(self, name: str) -> None:
        """Save and load the attribute `name`, which exists already, with the link.

        Raises:
            ValueError: there is no such attribute, or it is a parameter or link.
            TypeError: its value can stand in no file.
        """
        if not hasattr(self, name):
            raise ValueError(
                f"{type(self).__name__}.register_persistent: there is no attribute {name!r}; "
                f"set it first, or use add_persistent({name!r}, value)"
            )
        value = getattr(self, name)
        if name in self._tracked or not _can_persist(value):
            raise TypeError(_cannot_persist("register_persistent", self, name, value))
        if name not in self._persistent:
            self._check_name(name)
            self._persistent.append(name)

    def _check_free(self, method: str, name: str) -> None:
        if name in self.__dict__:
            raise ValueError(
                f"{type(self).__name__}.{method}: there is an attribute {name!r} already; delete it first, or choose another name"
            )
        self._check_name(name)

    def _check_name(self, name: str) -> None:
        if not isinstance(name, str) or not name or "/" in name:
            raise ValueError(
                f"{type(self).__name__}: {name!r} cannot name a parameter or link; expected a string without '/'"
            )
        if hasattr(Link, name) or callable(getattr(type(self), name, None)):
            raise ValueError(
                f"{type(self).__name__}: {name!r} is an attribute of the class, a parameter or link of that name would hide it; "
                "choose another name"
            )

    # ----------------------------------------------------------------------- walks

    def _entries(self) -> Iterator[tuple[str, Parameter | Link]]:
        """Registered parameters and child links, each by its path from here."""
        for name in self._tracked:
            value = self.__dict__[name]
            if isinstance(value, Parameter | Link):
                yield name, value
            else:
                yield from _leaves(name, value)

    def _adopt(self, name: str, entry: Parameter | Link, rename: bool = False) -> None:
        """Let `entry` know where it is, for error messages."""
        owner = entry._owner
        if owner is None or owner() is not self:
            entry.__dict__["_owner"] = weakref.ref(self)
        if rename or entry.name is None:
            entry.name = name

    def _collect(
        self, prefix: str, params: list[tuple[str, Parameter]], links: list[tuple[str, Link]], seen: set[int]
    ) -> None:
        """Append all parameters and links below to the lists, each once."""
        children = []
        for name, entry in self._entries():
            if id(entry) not in seen:
                seen.add(id(entry))
                self._adopt(name, entry)
                path = f"{prefix}/{name}"
                if isinstance(entry, Parameter):
                    params.append((path, entry))
                else:
                    children.append((path, entry))
        for path, child in children:
            links.append((path, child))
            child._collect(path, params, links, seen)

    def _all(self) -> tuple[list[tuple[str, Parameter]], list[tuple[str, Link]]]:
        params: list[tuple[str, Parameter]] = []
        links: list[tuple[str, Link]] = []
        self._collect("", params, links, {id(self)})
        return params, links

    def namedparams(self, include_uninit: bool = True) -> Iterator[tuple[str, Parameter]]:
        """The parameters here and below with their paths, such as ("/l1/W", W).

        Args:
            include_uninit: whether to include those without a shape.
        """
        return iter([(path, p) for path, p in self._all()[0] if include_uninit or p.is_initialized])

    def params(self, include_uninit: bool = True) -> Iterator[Parameter]:
        """The parameters here and below, in the order of `namedparams`."""
        return iter([p for _, p in self._all()[0] if include_uninit or p.is_initialized])

    def namedlinks(self, skipself: bool = False) -> Iterator[tuple[str, Link]]:
        """This link under "/", unless `skipself`, and the links below with their paths, such as ("/l1", l1)."""
        here: list[tuple[str, Link]] = [] if skipself else [("/", self)]
        return iter(here + self._all()[1])

    def links(self, skipself: bool = False) -> Iterator[Link]:
        """This link, unless `skipself`, and those below, in the order of `namedlinks`."""
        return iter([link for _, link in self.namedlinks(skipself)])

    def children(self) -> Iterator[Link]:
        """The links right below this one."""
        children = {id(entry): entry for _, entry in self._entries() if isinstance(entry, Link)}
        return iter(children.values())

    def namedpersistents(self) -> Iterator[tuple[str, Any]]:
        """The persistent values here and below with their paths, such as ("/bn/avg_mean", array)."""
        return iter(
            [
                (f"{path.rstrip('/')}/{name}", getattr(link, name))
                for path, link in self.namedlinks()
                for name in link._persistent
            ]
        )

    def count_params(self) -> int:
        """The number of elements of all parameters together.

        Raises:
            ValueError: a parameter has no shape yet; names each one.

        Example:
            >>> Link(W=(2, 3), b=(2,)).count_params()
            8
        """
        if waiting := [path for path, p in self.namedparams() if not p.is_initialized]:
            raise ValueError(
                f"{type(self).__name__}.count_params: no shape yet for {', '.join(waiting)}: call the model once on an input"
            )
        return sum(p.size for p in self.params())

    # -------------------------------------------------------------------- gradients

    def cleargrads(self) -> None:
        """Forget all gradients."""
        for p in self.params():
            p.cleargrad()

    def zerograds(self) -> None:
        """Set all gradients to zeros, of the parameters that have a shape; `cleargrads` does the same for less."""
        for p in self.params(include_uninit=False):
            p.zerograd()

    def addgrads(self, link: Link) -> None:
        """Add the gradients of the parameters of `link` to those of the same paths here.

        Raises:
            ValueError: a parameter is missing in `link`, or has another shape there; nothing is added then.
        """
        pairs = [(mine, theirs) for mine, theirs in self._paired("addgrads", link) if theirs.grad is not None]
        for mine, theirs in pairs:
            mine.addgrad(theirs)

    def copyparams(self, link: Link, copy_persistent: bool = True) -> None:
        """Copy the values of the parameters of `link` into those of the same paths here; it may have more.

        Args:
            link: where to copy from, on any device.
            copy_persistent: copy the persistent values too.

        Raises:
            ValueError: a parameter or persistent value is missing in `link`, or has another shape there; nothing is copied then.
        """
        pairs = self._paired("copyparams", link)
        values = self._paired_persistents(link) if copy_persistent else []
        for mine, theirs in pairs:
            if mine.is_initialized:
                mine.copydata(theirs)
            elif theirs.is_initialized:
                mine.array = xparray.asarray(xparray.to_device(theirs.array, mine.device), copy=True)
        for owner, name, theirs in values:
            mine = getattr(owner, name)
            if is_array(mine) and is_array(theirs):
                mine[...] = xparray.to_device(theirs, xparray.device_of(mine))
            else:
                object.__setattr__(owner, name, xparray.asarray(theirs, copy=True) if is_array(theirs) else theirs)

    def _paired(self, method: str, link: Link) -> list[tuple[Parameter, Parameter]]:
        theirs = dict(link.namedparams())
        pairs, problems = [], []
        for path, p in self.namedparams():
            other = theirs.get(path)
            if other is None:
                problems.append(f"{path} is missing")
            elif p.is_initialized and not other.is_initialized:
                problems.append(f"{path} has no shape yet")
            elif p.is_initialized and p.shape != other.shape:
                problems.append(f"{path} is {other.shape}, {p.shape} expected")
            else:
                pairs.append((p, other))
        _raise_mismatch(method, self, link, problems)
        return pairs

    def _paired_persistents(self, link: Link) -> list[tuple[Link, str, Any]]:
        theirs = dict(link.namedpersistents())
        found, problems = [], []
        for path, owner in self.namedlinks():
            for name in owner._persistent:
                full = f"{path.rstrip('/')}/{name}"
                mine, other = getattr(owner, name), theirs.get(full)
                if full not in theirs:
                    problems.append(f"{full} is missing")
                elif is_array(mine) and is_array(other) and tuple(mine.shape) != tuple(other.shape):
                    problems.append(f"{full} is {tuple(other.shape)}, {tuple(mine.shape)} expected")
                else:
                    found.append((owner, name, other))
        _raise_mismatch("copyparams", self, link, problems)
        return found

    # ----------------------------------------------------------------------- update

    def enable_update(self) -> None:
        """Let the optimizer change the parameters here and below again."""
        self._switch_update(True)

    def disable_update(self) -> None:
        """Keep the optimizer that was set up with this model from changing the parameters here and below."""
        self._switch_update(False)

    def _switch_update(self, enabled: bool) -> None:
        for p in self.params():
            if p.update_rule is not None:
                p.update_rule.enabled = enabled

    @property
    def update_enabled(self) -> bool:
        """Whether an optimizer changes one of the parameters here and below."""
        return any(p.update_rule is not None and p.update_rule.enabled for p in self.params())

    # ---------------------------------------------------------------------- devices

    @property
    def device(self) -> Device:
        """The device of the first parameter, else of the first persistent array, else the one moved to last."""
        for _, entry in self._entries():
            if isinstance(entry, Parameter):
                return entry.device
        for p in self.params():
            return p.device
        for _, value in self.namedpersistents():
            if is_array(value):
                return xparray.device_of(value)
        return self._device

    @property
    def xp(self) -> Any:
        """The namespace of the arrays on `device`: `numpy` for NumPy's."""
        return xparray.array_namespace(xparray.empty(0, device=self.device))

    def to_device(self, device: str | Device) -> Self:
        """Move parameters with their gradients, and persistent arrays, here and below, to `device`.

        Returns:
            The link itself.

        Raises:
            ValueError: there is no such device; nothing is moved then.

        Example:
            >>> str(Link(W=(2, 3)).to_device("numba").device)
            'numba'
        """
        device = Device.parse(device)
        xparray.empty(0, device=device)  # raises for a device that does not exist
        for p in self.params():
            p.move_to(device)
        for link in self.links():
            object.__setattr__(link, "_device", device)
            for name in link._persistent:
                value = getattr(link, name)
                if is_array(value):
                    object.__setattr__(link, name, xparray.to_device(value, device))
        return self

    # ----------------------------------------------------------------------- copies

    def copy(self, mode: CopyMode = "share") -> Self:
        """A copy of the link and those below, with parameters of their own: no gradients, no update rules.

        Args:
            mode: "share" for parameters with gradients of their own on the same arrays (a parameter without a shape gets its
                array together with the original); "copy" for copies of everything; "init" for copies whose parameters
                are filled anew by their initializers, where they have one.

        Raises:
            ValueError: `mode` is none of these.

        Example:
            >>> a = Link(W=(2,))
            >>> a.copy().W.array is a.W.array, a.copy("copy").W.array is a.W.array
            (True, False)
        """
        if mode == "share":
            copied = self._shared({})
        elif mode in ("copy", "init"):
            copied = copy.deepcopy(self)
        else:
            raise ValueError(f"{type(self).__name__}.copy: mode is {mode!r}; expected 'share', 'copy' or 'init'")
        if mode == "init":
            for p in copied.params(include_uninit=False):
                if p.initializer is not None:
                    p.initialize(p.shape)
        copied.name = None
        return copied

    def repeat(self, n_repeat: int, mode: CopyMode = "init") -> Sequential:
        """A Sequential of `n_repeat` copies of this link.

        Args:
            n_repeat: how many.
            mode: of each copy, see `copy`.

        Raises:
            ValueError: `n_repeat` is negative, or `mode` is no mode.

        Example:
            >>> len(Link(W=(2,)).repeat(3))
            3
        """
        from catena.nn._chain import Sequential

        if n_repeat < 0:
            raise ValueError(f"{type(self).__name__}.repeat: n_repeat is {n_repeat}; expected a number from 0")
        return Sequential(*(self.copy(mode) for _ in range(n_repeat)))

    def _shared(self, memo: dict[int, Any]) -> Self:
        if id(self) in memo:
            return memo[id(self)]
        copied = type(self).__new__(type(self))
        memo[id(self)] = copied
        copied.__setstate__(self._shared_state(memo))
        return copied

    def _shared_state(self, memo: dict[int, Any]) -> dict[str, Any]:
        state = self.__getstate__()
        return {**state, **{name: share(state[name], memo) for name in self._tracked}}

    def __getstate__(self) -> dict[str, Any]:
        state = {k: v for k, v in self.__dict__.items() if k not in ("_owner", "_within_init_scope")}
        return {**state, "_tracked": list(self._tracked), "_persistent": list(self._persistent)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for name, entry in self._entries():
            self._adopt(name, entry)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        # Not every library's arrays know how to be deep-copied.
        for name in self._persistent:
            value = getattr(self, name)
            if is_array(value) and id(value) not in memo:
                memo[id(value)] = xparray.asarray(value, copy=True)
        copied = type(self).__new__(type(self))
        memo[id(self)] = copied
        copied.__setstate__(copy.deepcopy(self.__getstate__(), memo))
        return copied

    # ------------------------------------------------------------------------ files

    def serialize(self, serializer: Serializer) -> None:
        """Write parameters, persistent values and child links to `serializer`, or read them back, each by its name."""
        children = []
        for name, entry in self._entries():
            if isinstance(entry, Parameter):
                array = serializer(name, entry.array)
                if serializer.reading:
                    entry.receive(array)
            else:
                children.append((name, entry))
        for name in self._persistent:
            value = getattr(self, name)
            read = serializer(name, value)
            if serializer.reading:
                new = value is None and is_array(read)
                object.__setattr__(self, name, xparray.to_device(read, self.device) if new else read)
        for name, child in children:
            child.serialize(serializer[name])


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Parameter | Link]]:
    """The parameters and links in nested lists, tuples and dicts, with their paths."""
    if isinstance(value, Parameter | Link):
        yield path, value
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield from _leaves(f"{path}/{i}", item)
    elif isinstance(value, dict):
        for key, item in value.items():
            for inner, entry in _leaves(f"{path}/{key}", item):
                if not isinstance(key, str | int) or "/" in str(key) or key == "":
                    raise ValueError(
                        f"Link: {path} holds a link or parameter under the key {key!r}; "
                        "expected a string without '/', or an integer, since names in files are made of it"
                    )
                yield inner, entry


def _is_empty_container(value: Any) -> bool:
    """Whether links may yet come into it; a container of other things is not registered, lest each walk go through it."""
    return isinstance(value, list | dict) and not value


def share(value: T, memo: dict[int, Any]) -> T:
    """`value` with its parameters and links replaced by copies that share their arrays; containers of them are new."""
    if isinstance(value, Link):
        return value._shared(memo)
    if isinstance(value, Parameter):
        if id(value) not in memo:
            memo[id(value)] = copy.copy(value)
        return memo[id(value)]
    if not isinstance(value, list | tuple | dict) or not (_is_empty_container(value) or any(_leaves("", value))):
        return value
    if isinstance(value, tuple):
        parts = [share(item, memo) for item in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    copied: Any = copy.copy(value)
    for key, item in list(value.items() if isinstance(value, dict) else enumerate(value)):
        copied[key] = share(item, memo)
    return copied


def _can_persist(value: Any) -> bool:
    return value is None or is_array(value) or isinstance(value, bool | int | float | complex | str | np.generic)


def _cannot_persist(method: str, link: Link, name: str, value: Any) -> str:
    fix = "pass its array, v.array" if isinstance(value, Variable) else "keep it as a plain attribute"
    return (
        f"{type(link).__name__}.{method}: {name!r} is {value!r:.60} ({type(value).__name__}); "
        f"expected an array, number, string or None; {fix}"
    )


def _raise_mismatch(method: str, link: Link, other: Link, problems: Iterable[str]) -> None:
    if listed := "; ".join(problems):
        raise ValueError(
            f"{type(link).__name__}.{method}: {type(other).__name__} does not match, nothing was changed: {listed}"
        )
