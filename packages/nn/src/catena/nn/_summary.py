"""Links as text: one line, or a tree with shapes and numbers of parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from catena.autograd import config
from catena.nn._arrays import dtype_of
from catena.nn._parameter import Parameter

if TYPE_CHECKING:
    from catena.nn._link import Link


class _Row(NamedTuple):
    """A line of the tree: how it hangs in it, the link's name and class, its own parameters, and how many numbers are in it."""

    branch: str
    name: str
    kind: str
    params: str
    size: int | None


def summary(link: Link) -> str:
    """The tree under `link`, a line a link."""
    rows = [
        (f"{row.branch}{row.name}{': ' * bool(row.name)}{row.kind}", row.params, _counted(row.size))
        for row in _rows(link)
    ]
    titles, params, counts = (max(len(row[i]) for row in rows) for i in range(3))
    lines = [f"{title:{titles}}  {own:{params}}    {count:>{counts}}" for title, own, count in rows]
    lines[0] += f" parameters{_waiting(link)}"
    return "\n".join(line.rstrip() for line in lines)


def rich_tree(link: Link) -> Any:
    """The same tree for the library rich, which has to be there."""
    from rich.text import Text
    from rich.tree import Tree

    def label(row: _Row) -> Text:
        text = Text(f"{row.name}: " if row.name else "", "bold")
        text.append(row.kind, "cyan").append(f"  {row.params}" if row.params else "")
        return text.append("" if row.size is None else f"  {row.size:,}", "green")

    # A branch is drawn with three characters a level, so its length says how deep it is.
    found: list[Tree] = []
    for row in _rows(link):
        depth = len(row.branch) // 3
        del found[depth:]
        found.append(found[-1].add(label(row)) if found else Tree(label(row)))
    return found[0]


def _waiting(link: Link) -> str:
    n = sum(not p.is_initialized for p in link.params())
    return f", and {n} without a shape yet" if n else ""


def short(link: Link) -> str:
    """`link` in a line: its class, and what it holds by name."""
    if "_tracked" not in link.__dict__:  # seen from within its __init__
        return f"{_kind(link)}(...)"
    parts = [
        f"{name}={entry.shape if entry.is_initialized else None}"
        if isinstance(entry, Parameter)
        else f"{name}={_kind(entry)}"
        for name, entry in link._entries()
    ]
    return f"{_kind(link)}({', '.join(parts)})"


def _rows(link: Link) -> Iterator[_Row]:
    several = len({p.device for p in link.params()}) > 1
    return _below(link, "", "", "", several, {id(link)})


def _below(link: Link, name: str, branch: str, indent: str, several: bool, seen: set[int]) -> Iterator[_Row]:
    """The rows of `link`, which hangs on `branch`, and of those under it; `seen` are the links shown before."""
    own = {name: entry for name, entry in link._entries() if isinstance(entry, Parameter)}
    texts = [f"{name} {_described(p)}" for name, p in own.items()]
    if several and own:
        texts.append(f"on {next(iter(own.values())).device}")
    kind = " + ".join([_kind(link), *link.local_link_hooks])
    yield _Row(branch, name, kind, ", ".join(texts), sum(p.size for p in link.params(include_uninit=False)))
    children = [(name, child) for name, child in link._shown() if not isinstance(child, Parameter)]
    for i, (key, child) in enumerate(children):
        branch, further = ("├─ ", "│  ") if i < len(children) - 1 else ("└─ ", "   ")
        if not hasattr(child, "_shown"):
            yield _Row(indent + branch, key, _kind(child), "", None)
        elif id(child) in seen:
            yield _Row(indent + branch, key, _kind(child), "(shown above)", None)
        else:
            seen.add(id(child))
            yield from _below(child, key, indent + branch, indent + further, several, seen)


def _described(p: Parameter) -> str:
    if not p.is_initialized:
        return "(no shape yet)"
    dtype = dtype_of(p.array)
    frozen = p.update_rule is not None and not p.update_rule.enabled
    return f"{p.shape}{'' if dtype == config.dtype else f' {dtype}'}{' frozen' if frozen else ''}"


def _kind(x: Any) -> str:
    """The name of a link's class, or of another callable."""
    return type(x).__name__ if hasattr(x, "_shown") else str(getattr(x, "__name__", type(x).__name__))


def _counted(size: int | None) -> str:
    return "" if size is None else f"{size:,}"
