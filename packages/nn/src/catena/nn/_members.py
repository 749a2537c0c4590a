"""What a link consists of: how parameters, links and persistent values are registered, and the walks through them."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from catena.autograd import Variable
from catena.nn._arrays import is_array
from catena.nn._parameter import Parameter
from catena.nn.initializers import NaN

if TYPE_CHECKING:
    from catena.nn._link import Link


class _Uninitialized:
    """Stands on the class for what `Link.__init__` sets on the object, to say so where that was not called."""

    def __get__(self, link: Link | None, cls: type[Link]) -> Any:
        if link is None:
            return self
        raise RuntimeError(f"{cls.__name__}: Link.__init__ was not called; begin its __init__ with super().__init__()")


class Members:
    """The half of Link that knows its parameters, persistent values and links, and where each of them is."""

    name: str | None = None
    _within_init_scope = False
    _owner: weakref.ref[Link] | None = None
    _tracked = cast("list[str]", _Uninitialized())
    _persistent = cast("list[str]", _Uninitialized())

    def __init__(self) -> None:
        self._tracked = []
        self._persistent = []

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
        entries = list(leaves(name, value))
        holds = bool(entries) or is_empty_container(value)
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
        >>> from catena.nn import Link
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
        >>> from catena.nn import Link
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
        from catena.nn._link import Link

        if hasattr(Link, name) or callable(getattr(type(self), name, None)):
            raise ValueError(
                f"{type(self).__name__}: {name!r} is an attribute of the class, a parameter or link of that name would hide it; "
                "choose another name"
            )

    # ----------------------------------------------------------------------- walks

    def _entries(self) -> Iterator[tuple[str, Parameter | Link]]:
        """Registered parameters and child links, each by its path from here."""
        for name in self._tracked:
            value: Any = self.__dict__[name]
            if isinstance(value, _ENTRIES):
                yield name, value
            else:
                yield from leaves(name, value)

    def _shown(self) -> Iterator[tuple[str, Any]]:
        """What the summary shows: the entries, in a Sequential its functions too."""
        return self._entries()

    def _adopt(self, name: str, entry: Parameter | Link, rename: bool = False) -> None:
        """Let `entry` know where it is, for error messages."""
        owner = entry._owner
        if owner is None or owner() is not self:
            entry.__dict__["_owner"] = weakref.ref(cast("Link", self))
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
                owner = entry._owner
                if owner is None or owner() is not self or entry.name is None:  # at the first walk
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
        here = [] if skipself else [("/", cast("Link", self))]
        return iter(here + self._all()[1])

    def links(self, skipself: bool = False) -> Iterator[Link]:
        """This link, unless `skipself`, and those below, in the order of `namedlinks`."""
        return iter([link for _, link in self.namedlinks(skipself)])

    def children(self) -> Iterator[Link]:
        """The links right below this one."""
        children = {id(entry): entry for _, entry in self._entries() if not isinstance(entry, Parameter)}
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


_ENTRIES: tuple[type[Any], ...] = (Parameter, Members)  # a tuple, as every step of an optimizer asks


def leaves(path: str, value: Any) -> Iterator[tuple[str, Parameter | Link]]:
    """The parameters and links in nested lists, tuples and dicts, with their paths."""
    if isinstance(value, _ENTRIES):
        yield path, cast("Parameter | Link", value)
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield from leaves(f"{path}/{i}", item)
    elif isinstance(value, dict):
        for key, item in value.items():
            for inner, entry in leaves(f"{path}/{key}", item):
                if not isinstance(key, str | int) or "/" in str(key) or key == "":
                    raise ValueError(
                        f"Link: {path} holds a link or parameter under the key {key!r}; "
                        "expected a string without '/', or an integer, since names in files are made of it"
                    )
                yield inner, entry


def is_empty_container(value: Any) -> bool:
    """Whether links may yet come into it; a container of other things is not registered, lest each walk go through it."""
    return isinstance(value, list | dict) and not value


def _can_persist(value: Any) -> bool:
    return value is None or is_array(value) or isinstance(value, bool | int | float | complex | str | np.generic)


def _cannot_persist(method: str, link: Members, name: str, value: Any) -> str:
    fix = "pass its array, v.array" if isinstance(value, Variable) else "keep it as a plain attribute"
    return (
        f"{type(link).__name__}.{method}: {name!r} is {value!r:.60} ({type(value).__name__}); "
        f"expected an array, number, string or None; {fix}"
    )
