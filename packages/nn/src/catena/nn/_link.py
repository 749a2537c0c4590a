"""Link: a part of a model that owns parameters, other values to save, and further links."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, Self

import xparray
from catena.nn._arrays import is_array
from catena.nn._containers import holders, replaced, share
from catena.nn._link_hook import LINK_HOOKS, Hooked, call_with_hooks
from catena.nn._members import Members
from catena.nn._pairing import paired_params, paired_persistents
from catena.nn._parameter import Parameter
from catena.nn._summary import rich_tree, short, summary
from xparray import Device

if TYPE_CHECKING:
    from catena.nn._chain import Sequential
    from catena.nn.serializers import Serializer

CopyMode = Literal["share", "copy", "init"]


class Link(Members, Hooked):
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
        >>> import numpy as np
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

    file_kind = "model"
    _device = Device("numpy")

    def __init__(self, **params: Any) -> None:
        super().__init__()
        for name, shape in params.items():
            self.add_param(name, shape)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call `forward` with the same arguments, within the hooks that were added to the link or are at work around the call."""
        forward = getattr(self, "forward", None)
        if forward is None:
            raise TypeError(f"{type(self).__name__} cannot be called: define forward(self, ...) in it")
        if self._link_hooks or LINK_HOOKS.get():
            return call_with_hooks(self, forward, args, kwargs)
        return forward(*args, **kwargs)

    # ------------------------------------------------------------------- as a whole

    def replace(self, pred: Callable[[Link], bool], fn: Callable[[Link], Link]) -> Link:
        """Put `fn(link)` in the place of each link here and below for which `pred(link)` is true.

        What is below such a link is not looked at, nor is what `fn` returns. A link that stands in several places is replaced by one.

        Args:
            pred: tells which links.
            fn: makes what comes in the place of one, such as a link that has it as a child.

        Returns:
            The link itself, or what came in its place.

        Raises:
            TypeError: `fn` returns no link; nothing is replaced then.

        Example:
            >>> from catena.nn import Chain
            >>> import catena.nn.links as L
            >>> net = Chain(a=L.Linear(3, 2), b=Chain(drop=L.Dropout(0.5)))
            >>> net = net.replace(lambda link: isinstance(link, L.Dropout), lambda drop: L.Dropout(0.1))
            >>> net.b.drop.ratio
            0.1
        """
        places: dict[int, Link] = {}
        for holder in list(holders(self, pred, fn, places)):
            holder._replace_members(places)
        return places.get(id(self), self)

    def _replace_members(self, places: dict[int, Link]) -> None:
        """Put links in the place of those with the given ids."""
        for name in list(self._tracked):
            setattr(self, name, replaced(self.__dict__[name], places))

    def summary(self) -> str:
        """The links here and below as a tree, with the shapes of their parameters and how many numbers these are.

        Where parameters are on several devices, each link says on which; `rich.print(link)` shows the same tree in colours.

        Example:
            >>> from catena.nn import Chain
            >>> print(Chain(l1=Link(W=(2, 3)), l2=Link(W=(1, 2), b=1)).summary())
            Chain                            9 parameters
            ├─ l1: Link  W (2, 3)            6
            └─ l2: Link  W (1, 2), b (1,)    3
        """
        return summary(self)

    def __str__(self) -> str:
        return summary(self)

    def __repr__(self) -> str:
        return short(self)

    def __rich__(self) -> Any:
        return rich_tree(self)

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
        pairs = [(mine, theirs) for mine, theirs in paired_params("addgrads", self, link) if theirs.grad is not None]
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
        pairs = paired_params("copyparams", self, link)
        values = paired_persistents("copyparams", self, link) if copy_persistent else []
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

    # ----------------------------------------------------------------------- update

    def enable_update(self, where: Callable[[str, Parameter], bool] | None = None) -> None:
        """Let the optimizer change the parameters here and below again; the opposite of `disable_update`."""
        self._switch_update("enable_update", where, True)

    def disable_update(self, where: Callable[[str, Parameter], bool] | None = None) -> None:
        """Keep the optimizer that was set up with this model from changing parameters here and below.

        Args:
            where: tells from its path, such as "/l1/W", and the parameter itself whether it is meant; all of them without.

        Raises:
            ValueError: `where` chooses no parameter.

        Example:
            >>> import catena.nn.links as L
            >>> from catena.nn import Chain
            >>> net = Chain(base=L.Linear(3, 2), head=L.Linear(2, 1))
            >>> net.disable_update(lambda path, p: path.startswith("/base/"))
        """
        self._switch_update("disable_update", where, False)

    def _switch_update(self, method: str, where: Callable[[str, Parameter], bool] | None, enabled: bool) -> None:
        everything = list(self.namedparams())
        chosen = [p for path, p in everything if where is None or where(path, p)]
        if where is not None and not chosen:
            known = ", ".join(path for path, _ in everything[:10]) or "none"
            raise ValueError(
                f"{type(self).__name__}.{method}: where chooses no parameter; the paths are {known}"
                f"{', ...' if len(everything) > 10 else ''}"
            )
        for p in chosen:
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
            TypeError: the device has no arrays of a dtype that there is; nothing is moved then.

        Example:
            >>> str(Link(W=(2, 3)).to_device("numba").device)
            'numba'
        """
        device = Device.parse(device)
        xparray.empty(0, device=device)  # raises for a device that does not exist
        found = [(link, name, getattr(link, name)) for link in self.links() for name in link._persistent]
        arrays = [(link, name, xparray.to_device(x, device)) for link, name, x in found if is_array(x)]
        moved: list[tuple[Parameter, Device]] = []
        try:
            for p in self.params():
                moved.append((p, p.device))
                p.move_to(device)
        except (TypeError, ValueError):  # of a dtype that the device does not have
            for p, before in moved:
                p.move_to(before)
            raise
        for link in self.links():
            object.__setattr__(link, "_device", device)
            link._move_state(device)
        for link, name, array in arrays:
            object.__setattr__(link, name, array)
        return self

    def _move_state(self, device: Device) -> None:
        """Move what a subclass keeps from call to call and does not save."""

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
            for link in copied.links():
                for hook in link.local_link_hooks.values():
                    hook.renewed(link)
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
