"""Links made of links: by name, by number, and one after the other."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, MutableSequence
from typing import Any

from catena.nn._containers import replaced, share
from catena.nn._link import Link
from catena.nn._parameter import Parameter


class Chain(Link):
    """A link made of others, each under a name.

    Args:
        links: child links by name; a subclass may as well set them as attributes inside `init_scope()`.

    Raises:
        TypeError: an argument is no link.
        ValueError: a name cannot be used.

    Example:
        >>> chain = Chain(l1=Link(W=(2, 3)), l2=Link(W=(1, 2)))
        >>> chain["l1"] is chain.l1
        True
        >>> [name for name, _ in chain.namedparams()]
        ['/l1/W', '/l2/W']
    """

    def __init__(self, **links: Link) -> None:
        super().__init__()
        for name, link in links.items():
            self.add_link(name, link)

    def add_link(self, name: str, link: Link) -> None:
        """Register a child link as the attribute `name`.

        Raises:
            TypeError: `link` is no link.
            ValueError: there is such an attribute already, or `name` cannot be used.
        """
        _check_link(type(self).__name__, name, link)
        self._check_free("add_link", name)
        with self.init_scope():
            setattr(self, name, link)

    def __getitem__(self, name: str) -> Link:
        """The child link of that name; one in a list or dict is called `<attribute>/<index or key>`."""
        children = {path: entry for path, entry in self._entries() if isinstance(entry, Link)}
        if name not in children:
            known = ", ".join(map(repr, children)) or "none"
            raise KeyError(f"{type(self).__name__} has no child link {name!r}; there are: {known}")
        return children[name]


class ChainList(Link, MutableSequence[Any]):
    """A link made of others in a row, named by their numbers; it can do what a list can.

    Args:
        links: child links.

    Raises:
        TypeError: an argument is no link.

    Example:
        >>> chain = ChainList(Link(W=(2, 3)), Link(W=(1, 2)))
        >>> len(chain), [name for name, _ in chain.namedparams()]
        (2, ['/0/W', '/1/W'])
    """

    def __init__(self, *links: Any) -> None:
        super().__init__()
        self._items: list[Any] = []
        self.extend(links)

    def _check_item(self, item: Any) -> None:
        _check_link(type(self).__name__, "an item", item)

    def _entries(self) -> Iterator[tuple[str, Parameter | Link]]:
        yield from super()._entries()
        for i, link in enumerate(self._numbered()):
            yield str(i), link

    def _numbered(self) -> Iterator[Link]:
        return (item for item in self._items if isinstance(item, Link))

    def _place(self, index: slice, items: list[Any]) -> None:
        for item in items:
            self._check_item(item)
        self._items[index] = items
        for i, link in enumerate(self._numbered()):
            self._adopt(str(i), link, rename=True)

    def add_link(self, link: Link) -> None:
        """Append a child link.

        Raises:
            TypeError: `link` is no link.
        """
        _check_link(type(self).__name__, "link", link)
        self.append(link)

    def insert(self, index: int, value: Any) -> None:
        """Put an item before the one at `index`; those after it get the next numbers."""
        self._place(slice(index, index), [value])

    def extend(self, values: Iterable[Any]) -> None:
        """Append the items, all or, if one of them cannot be, none."""
        self._place(slice(len(self), len(self)), list(values))

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: Any) -> Any:
        """The item at an index; a list of those in a slice."""
        return self._items[index]

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            self._place(index, list(value))
        else:
            place = range(len(self))[index]  # raises where there is no such item
            self._place(slice(place, place + 1), [value])

    def __delitem__(self, index: Any) -> None:
        del self._items[index]
        self._place(slice(0, 0), [])

    def _replace_members(self, places: dict[int, Link]) -> None:
        super()._replace_members(places)
        self._place(slice(None), replaced(self._items, places))

    def _shared_state(self, memo: dict[int, Any]) -> dict[str, Any]:
        return {**super()._shared_state(memo), "_items": [share(item, memo) for item in self._items]}

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_items": list(self._items)}


class Sequential(ChainList):
    """Layers called one after the other, each with the result of the one before: links or any callables.

    A layer that returns a tuple hands on several arguments. Names, in files too, count the links alone: the second Linear
    of `Sequential(Linear, relu, Linear)` is "1".

    Args:
        layers: callables, links among them.

    Raises:
        TypeError: a layer cannot be called.

    Example:
        >>> net = Sequential(lambda x: x + 1, lambda x: 2 * x)
        >>> net(3)
        8
        >>> (net + Sequential(abs))(-5)
        8
    """

    def __init__(self, *layers: Callable[..., Any]) -> None:
        super().__init__(*layers)

    def _check_item(self, item: Any) -> None:
        if not callable(item):
            raise TypeError(
                f"Sequential: a layer is {item!r:.60} ({type(item).__name__}); expected a link or another callable"
            )

    def forward(self, *x: Any) -> Any:
        """Call each layer with the result of the one before, the first with `x`."""
        result: Any = x[0] if len(x) == 1 else x
        for layer in self._items:
            result = layer(*result) if isinstance(result, tuple) else layer(result)
        return result

    def _shown(self) -> Iterator[tuple[str, Any]]:
        yield from Link._entries(self)
        numbers = itertools.count()
        for layer in self._items:
            yield (str(next(numbers)), layer) if isinstance(layer, Link) else ("", layer)

    def __getitem__(self, index: Any) -> Any:
        """The layer at an index; a Sequential of those in a slice."""
        return Sequential(*self._items[index]) if isinstance(index, slice) else self._items[index]

    def __add__(self, other: Sequential) -> Sequential:
        if not isinstance(other, Sequential):
            return NotImplemented
        return Sequential(*self, *other)

    def remove_by_layer_type(self, type_name: str) -> None:
        """Remove each layer whose class (for a link) or name (for a function) is `type_name`."""
        self[:] = [layer for layer in self._items if _type_name(layer) != type_name]

    def count_by_layer_type(self, type_name: str) -> int:
        """The number of layers whose class (for a link) or name (for a function) is `type_name`."""
        return sum(_type_name(layer) == type_name for layer in self._items)

    def flatten(self) -> Sequential:
        """A Sequential of the same layers, with those of Sequentials among them in their place."""
        return Sequential(
            *(part for layer in self._items for part in (layer.flatten() if isinstance(layer, Sequential) else [layer]))
        )


def _type_name(layer: Callable[..., Any]) -> str:
    return type(layer).__name__ if isinstance(layer, Link) else str(getattr(layer, "__name__", type(layer).__name__))


def _check_link(owner: str, place: str, link: Any) -> None:
    if not isinstance(link, Link):
        raise TypeError(f"{owner}: {place} is {link!r:.60} ({type(link).__name__}); expected a Link")
