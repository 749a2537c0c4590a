"""Looking at a graph: its nodes in order, a drawing of it for Graphviz, and the same as text.

    from catena.autograd.graph import build_computational_graph

    g = build_computational_graph([loss])
    print(g.tree())
    Path("graph.dot").write_text(g.dump())

A node knows its op, its parents and the shape of its result; of a leaf also the dtype, the device and the name. Inputs that need no
gradient are not part of the graph.
"""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from catena.autograd._node import Node, Pick
from catena.autograd._variable import Variable
from xparray._dispatch import dtype_name

__all__ = ["ComputationalGraph", "build_computational_graph", "walk"]

Style = Mapping[str, str] | Literal["default"]

_VARIABLE_STYLE = {"shape": "ellipse", "style": "filled", "fillcolor": "#eeeeee"}
_FUNCTION_STYLE = {"shape": "box", "style": "filled,rounded", "fillcolor": "#9ecae1"}

# Beyond this indentation a branch of the text is written at the left margin, where the text goes on.
_WIDEST = 60


def walk(outputs: Sequence[Variable]) -> list[Node]:
    """All nodes behind `outputs`, each once: leaves, then results in the order of recording.

    Example:
        >>> x = Variable(2.0)
        >>> [node.op.name if node.op else "leaf" for node in walk([(x + 1) * x])]
        ['leaf', 'add', 'multiply']
    """
    seen = {v.node for v in outputs if v.node is not None}
    waiting = list(seen)
    while waiting:
        new = [p for p in waiting.pop().parents if p is not None and p not in seen]
        seen.update(new)
        waiting.extend(new)
    # A leaf that was updated has a later number than what was recorded with it before.
    return sorted(seen, key=lambda node: (node.op is not None, node.seq))


def build_computational_graph(
    outputs: Variable | Sequence[Variable],
    remove_split: bool = True,
    variable_style: Style = "default",
    function_style: Style = "default",
    rankdir: str = "TB",
    remove_variable: bool = False,
    show_name: bool = True,
) -> ComputationalGraph:
    """The graph behind `outputs`, to be drawn.

    Args:
        outputs: a Variable or several.
        remove_split: True; a result that is used several times is one node.
        variable_style: Graphviz attributes of nodes for arrays, such as {"shape": "octagon"}.
        function_style: Graphviz attributes of nodes for ops.
        rankdir: where the graph grows to: "TB" (down), "BT", "LR" or "RL".
        remove_variable: draw ops alone.
        show_name: show the names of Variables.

    Raises:
        TypeError: an output is no Variable.
        ValueError: an output needs no gradient, so that there is no graph behind it; or an argument has another value.

    Example:
        >>> x = Variable(2.0, name="x")
        >>> print(build_computational_graph(x * x + 1).dump())
        digraph graphname {
          rankdir="TB";
          node0 [label="x: (), float64", shape="ellipse", style="filled", fillcolor="#eeeeee"];
          node1 [label="multiply", shape="box", style="filled,rounded", fillcolor="#9ecae1"];
          node2 [label="()", shape="ellipse", style="filled", fillcolor="#eeeeee"];
          node3 [label="add", shape="box", style="filled,rounded", fillcolor="#9ecae1"];
          node4 [label="(), float64", shape="ellipse", style="filled", fillcolor="#eeeeee"];
          node0 -> node1;
          node0 -> node1;
          node1 -> node2;
          node2 -> node3;
          node3 -> node4;
        }
    """
    if not remove_split:
        raise ValueError("build_computational_graph: remove_split is False; expected True: nothing splits here")
    return ComputationalGraph(outputs, variable_style, function_style, rankdir, remove_variable, show_name)


class ComputationalGraph:
    """A drawing of the graph behind some Variables; the arguments are those of `build_computational_graph`.

    Attributes:
        nodes: what is drawn: label, and whether it is an op.
        edges: pairs of places in `nodes`, from what is read to what reads it.
    """

    def __init__(
        self,
        outputs: Variable | Sequence[Variable],
        variable_style: Style = "default",
        function_style: Style = "default",
        rankdir: str = "TB",
        remove_variable: bool = False,
        show_name: bool = True,
    ) -> None:
        if rankdir not in ("TB", "BT", "LR", "RL"):
            raise ValueError(f"ComputationalGraph: rankdir is {rankdir!r}; expected TB, BT, LR or RL")
        self.variable_style = _VARIABLE_STYLE if variable_style == "default" else variable_style
        self.function_style = _FUNCTION_STYLE if function_style == "default" else function_style
        self.rankdir = rankdir
        self.remove_variable = remove_variable
        self.show_name = show_name
        self._outputs = self._checked([outputs] if isinstance(outputs, Variable) else outputs)
        self._walked = walk(list(self._outputs.values()))
        self.nodes: list[tuple[str, bool]] = []
        self.edges: list[tuple[int, int]] = []
        self._place()

    def dump(self, format: str = "dot") -> str:
        """The drawing as text: "dot", Graphviz's language, or "svg", drawn by Graphviz.

        Raises:
            ValueError: another format.
            FileNotFoundError: for "svg", where Graphviz is not installed.
        """
        if format not in ("dot", "svg"):
            raise ValueError(f"ComputationalGraph.dump: format is {format!r}; expected 'dot' or 'svg'")
        return self._dot() if format == "dot" else _drawn(self._dot())

    def tree(self) -> str:
        """The graph as lines of text: under each result what it was made from, one input below it or several as branches.

        What is used several times has a number: it is written out once, elsewhere its number stands for it.

        Example:
            >>> x, y = Variable(2.0, name="x"), Variable(3.0, name="y")
            >>> h = x * y
            >>> print(build_computational_graph([h - y]).tree())
            (), float64 = subtract
            ├─ () = multiply
            │  ├─ x: (), float64
            │  └─ #1 y: (), float64
            └─ #1
        """
        uses = Counter(list(self._outputs))
        for node in self._walked:
            uses.update(p for p in node.parents if p is not None)
        numbers: dict[Node, int] = {}
        shown: set[Node] = set()
        lines = []
        waiting = [
            (node, "", "") for node in reversed(self._outputs)
        ]  # with what stands before it, and before its inputs
        later: deque[Node] = deque()
        while waiting or later:
            node, before, inside = waiting.pop() if waiting else (later.popleft(), "", "")
            parents = [p for p in node.parents if p is not None]
            is_too_far = len(before) > _WIDEST and parents and node not in numbers
            if uses[node] > 1 or is_too_far:
                numbers.setdefault(node, len(numbers) + 1)
            if is_too_far:
                later.append(node)
            number = f"#{numbers[node]}" if node in numbers else ""
            if node in shown or (len(before) > _WIDEST and parents):
                lines.append(before + number)
                continue
            shown.add(node)
            lines.append(before + f"{number} {self._line(node)}".lstrip())
            if len(parents) == 1:
                waiting.append((parents[0], inside, inside))
            else:
                branches = [(p, inside + "├─ ", inside + "│  ") for p in parents[:-1]]
                branches += [(p, inside + "└─ ", inside + "   ") for p in parents[-1:]]
                waiting.extend(reversed(branches))
        return "\n".join(lines)

    def _line(self, node: Node) -> str:
        """The result, and the op that made it, on one line."""
        if node.shape is None:  # of several outputs
            return node.op.name if node.op else "cut"
        label = self._label(node).replace("\n", "\\n")
        if node.op is None:
            return label
        return f"{label} = output {node.op.index}" if isinstance(node.op, Pick) else f"{label} = {node.op.name}"

    def _label(self, node: Node) -> str:
        """Name, shape, dtype and device, as far as they are known."""
        v: Any = self._outputs.get(node)
        if v is None and node.op is None and node.owner is not None:
            v = node.owner()
        parts = [str(tuple(node.shape))]
        known: Any = v if v is not None else node if node.op is None else None
        if known is not None and known.dtype is not None:
            parts.append(dtype_name(known.dtype))
            if known.device.backend != "numpy":
                parts.append(str(known.device))
        named = f"{v.name}: " if self.show_name and v is not None and v.name else ""
        return named + ", ".join(parts)

    def _place(self) -> None:
        """Fill `nodes` and `edges`."""
        places: dict[Node, int] = {}  # where a node's result is drawn; with ops alone, where its op is
        for node in self._walked:
            sources = [places[p] for p in node.parents if p in places]
            is_pick = isinstance(node.op, Pick)
            if node.op is not None and not is_pick:
                self.nodes.append((node.op.name, True))
                places[node] = len(self.nodes) - 1
                self.edges += [(source, places[node]) for source in sources]
                sources = [places[node]]
            if self.remove_variable and is_pick and sources:
                places[node] = sources[0]
            elif not self.remove_variable and node.shape is not None:
                self.nodes.append((self._label(node), False))
                places[node] = len(self.nodes) - 1
                self.edges += [(source, places[node]) for source in sources]

    def _dot(self) -> str:
        lines = ["digraph graphname {", f"  rankdir={_quoted(self.rankdir)};"]
        for i, (label, is_function) in enumerate(self.nodes):
            style = self.function_style if is_function else self.variable_style
            attributes = ", ".join(f"{key}={_quoted(value)}" for key, value in {"label": label, **style}.items())
            lines.append(f"  node{i} [{attributes}];")
        lines += [f"  node{a} -> node{b};" for a, b in self.edges]
        return "\n".join([*lines, "}"])

    @staticmethod
    def _checked(outputs: Sequence[Variable]) -> dict[Node, Variable]:
        found = {}
        for i, v in enumerate(outputs):
            if not isinstance(v, Variable):
                raise TypeError(f"ComputationalGraph: output {i} is of type {type(v).__name__}; expected a Variable")
            if v.node is None:
                raise ValueError(
                    f"ComputationalGraph: output {i} (shape {v.shape}) needs no gradient: there is no graph behind it; "
                    "was it made within no_backprop_mode?"
                )
            found[v.node] = v
        return found


def _quoted(text: str) -> str:
    """A string of the DOT language."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _drawn(dot: str) -> str:
    program = shutil.which("dot")
    if program is None:
        raise FileNotFoundError(
            "ComputationalGraph.dump: format 'svg' is drawn by Graphviz, whose program dot is not installed; install it "
            "(apt install graphviz, brew install graphviz), or take format 'dot' and draw it elsewhere"
        )
    done = subprocess.run([program, "-Tsvg"], input=dot, capture_output=True, text=True, encoding="utf-8", check=False)
    if done.returncode:
        raise RuntimeError(f"ComputationalGraph.dump: {program} failed ({done.returncode}): {done.stderr.strip()}")
    return done.stdout
