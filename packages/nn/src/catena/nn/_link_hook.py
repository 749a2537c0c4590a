"""Link hooks: code of one's own that runs before and after the calls of links.

    with TimerHook() as timer:
        model(x)
    timer.print_report()

    layer = L.Linear(10, 5).add_hook(SpectralNormalization())

A hook works on all links that a `with` block calls, or on one link to which it was added. Without hooks nothing is paid for them.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any, NamedTuple, Self, cast

if TYPE_CHECKING:
    from catena.nn._link import Link

# The hooks of the `with` blocks around the running code, by name; None outside of any.
LINK_HOOKS: ContextVar[dict[str, LinkHook] | None] = ContextVar("catena.link_hooks", default=None)


class LinkCall(NamedTuple):
    """A call of a link, as hooks see it.

    Attributes:
        link: what is called.
        forward_name: the method that runs, "forward".
        args: the arguments by position.
        kwargs: the arguments by keyword.
        out: the result; None before there is one.
    """

    link: Link
    forward_name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    out: Any = None


class LinkHook:
    """What to do around calls of links; override the methods that are wanted.

    Hooks of `with` blocks begin before those added to the link, the outermost first, and end in the opposite order. One added to
    the link takes the place of one of the same name around it. A link that defines `__call__` itself is not seen.

    Attributes:
        name: two hooks of one name cannot work in the same place.

    Example:
        >>> import numpy as np
        >>> import catena.nn.links as L
        >>> class Shapes(LinkHook):
        ...     name = "Shapes"
        ...     def forward_postprocess(self, args):
        ...         print(args.link.name, args.args[0].shape, "->", args.out.shape)
        >>> from catena.nn import Sequential
        >>> with Shapes():
        ...     y = Sequential(L.Linear(3, 4), L.Linear(4, 2))(np.ones((5, 3), "float32"))
        0 (5, 3) -> (5, 4)
        1 (5, 4) -> (5, 2)
        None (5, 3) -> (5, 2)
    """

    name = "LinkHook"
    _tokens: list[Token[dict[str, LinkHook] | None]] | None = None

    def __enter__(self) -> Self:
        hooks = LINK_HOOKS.get() or {}
        if self.name in hooks:
            raise KeyError(
                f"hook {self.name!r}: one of this name is at work here already; give one of them another name"
            )
        self.added(None)
        self._tokens = [*(self._tokens or []), LINK_HOOKS.set({**hooks, self.name: self})]
        return self

    def __exit__(self, *_: object) -> None:
        assert self._tokens
        LINK_HOOKS.reset(self._tokens.pop())
        self.deleted(None)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_tokens"}

    def added(self, link: Link | None) -> None:
        """Called when the hook begins to work: on `link`, or within a block where that is None."""

    def deleted(self, link: Link | None) -> None:
        """Called when it ends."""

    def renewed(self, link: Link) -> None:
        """Called when the parameters of `link`, a copy, have been filled anew by their initializers."""

    def forward_preprocess(self, args: LinkCall) -> None:
        """Called before the forward."""

    def forward_postprocess(self, args: LinkCall) -> None:
        """Called after the forward, with its result in `args.out`."""

    def forward_failed(self, args: LinkCall) -> None:
        """Called in the place of `forward_postprocess` where the call ends with an error, for hooks that have to clean up."""


class Hooked:
    """The part of Link that has hooks of its own."""

    _link_hooks: dict[str, LinkHook] | None = None

    @property
    def local_link_hooks(self) -> dict[str, LinkHook]:
        """The hooks that were added to this link, by name."""
        return dict(self._link_hooks or {})

    def add_hook(self, hook: LinkHook, name: str | None = None) -> Self:
        """Let `hook` work on the calls of this link.

        Args:
            hook: what to do around calls.
            name: in the place of the hook's own.

        Returns:
            The link itself.

        Raises:
            TypeError: it is no LinkHook.
            KeyError: there is a hook of this name.

        Example:
            >>> from catena.nn.link_hooks import TimerHook
            >>> from catena.nn import Link
            >>> list(Link().add_hook(TimerHook()).local_link_hooks)
            ['TimerHook']
        """
        where = f"{type(self).__name__}.add_hook"
        if not isinstance(hook, LinkHook):
            raise TypeError(
                f"{where}: got {hook!r:.60} ({type(hook).__name__}); expected a LinkHook, such as link_hooks.TimerHook()"
            )
        name = hook.name if name is None else name
        if name in (self._link_hooks or {}):
            raise KeyError(f"{where}: there is a hook {name!r} already; give another name: add_hook(hook, name=...)")
        hook.added(cast("Link", self))
        object.__setattr__(self, "_link_hooks", {**(self._link_hooks or {}), name: hook})
        return self

    def delete_hook(self, name: str) -> None:
        """End what the hook `name` does here.

        Raises:
            KeyError: there is none of this name.
        """
        hooks = self.local_link_hooks
        if name not in hooks:
            known = ", ".join(map(repr, hooks)) or "none"
            raise KeyError(f"{type(self).__name__}.delete_hook: there is no hook {name!r}; there are: {known}")
        hook = hooks.pop(name)
        object.__setattr__(self, "_link_hooks", hooks or None)
        hook.deleted(cast("Link", self))


def call_with_hooks(link: Link, forward: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call `forward` within the hooks at work on `link`."""
    hooks = {**(LINK_HOOKS.get() or {}), **(link._link_hooks or {})}
    call = LinkCall(link, "forward", args, kwargs)
    begun: list[LinkHook] = []
    try:
        for hook in hooks.values():
            hook.forward_preprocess(call)
            begun.append(hook)
        out = forward(*args, **kwargs)
        call = call._replace(out=out)
        while begun:
            # The last to begin is the first to end: each finds the link as it left it.
            begun.pop().forward_postprocess(call)
        return out
    finally:
        for hook in reversed(begun):
            hook.forward_failed(call)
