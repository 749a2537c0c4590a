"""The computational graph of a run: drawn once, and cut."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import catena.autograd as ag
from catena.autograd.graph import build_computational_graph
from catena.nn.serializers._files import replacing
from catena.training._extension import Extension

if TYPE_CHECKING:
    from catena.nn.serializers import Serializer
    from catena.training._trainer import Trainer


class DumpGraph(Extension):
    """Draws the graph behind a reported value, once, in the first iteration.

    The file is in Graphviz's language; where its program `dot` is installed, a picture (PNG) stands beside it. It runs once even if
    the run is resumed.

    Args:
        root_name: the name of the reported value, such as "main/loss".
        filename: the file's name in the trainer's folder; "cg.dot" unless given.
        variable_style: Graphviz attributes of nodes for arrays, such as {"shape": "octagon"}.
        function_style: Graphviz attributes of nodes for ops.

    Raises:
        ValueError: when it is called, if nothing was reported under the name.
        TypeError: when it is called, if what was reported is no Variable.

    Example:
        >>> DumpGraph("main/loss", filename="graph.dot").default_name
        'dump_graph'
    """

    def __init__(
        self,
        root_name: str,
        filename: str | None = None,
        variable_style: dict[str, str] | None = None,
        function_style: dict[str, str] | None = None,
    ) -> None:
        self._root_name = root_name
        self._filename = "cg.dot" if filename is None else filename
        self._variable_style = variable_style
        self._function_style = function_style
        self._original_flag: bool | None = None
        self._flag_called = False

    @property
    def default_name(self) -> str:
        """'dump_graph'."""
        return "dump_graph"

    def trigger(self, trainer: Trainer) -> bool:
        """True once."""
        fires, self._flag_called = not self._flag_called, True
        return fires

    def initialize(self, trainer: Trainer) -> None:
        """Let reports keep their graphs until the graph is drawn."""
        if not self._flag_called:
            self._original_flag = ag.config.keep_graph_on_report
            ag.config.keep_graph_on_report = True

    def __call__(self, trainer: Trainer) -> None:
        """Draw."""
        self.finalize()
        if self._root_name not in trainer.observation:
            there = ", ".join(map(repr, sorted(trainer.observation))) or "none"
            raise ValueError(f"DumpGraph: nothing was reported under {self._root_name!r}; there were: {there}")
        root = trainer.observation[self._root_name]
        if not isinstance(root, ag.Variable):
            raise TypeError(
                f"DumpGraph: what was reported as {self._root_name!r} is {type(root).__name__}, behind which there is no "
                "graph; report the Variable itself"
            )
        graph = build_computational_graph(
            root,
            variable_style=self._variable_style or "default",
            function_style=self._function_style or "default",
        )
        path = os.path.join(trainer.out, self._filename)
        with replacing(path, durable=False) as temporary, open(temporary, "w", encoding="utf-8") as file:
            file.write(graph.dump())
        dot = shutil.which("dot")
        if dot is not None:
            subprocess.run([dot, "-Tpng", path, "-o", os.path.splitext(path)[0] + ".png"], check=True)

    def finalize(self) -> None:
        """Set `config.keep_graph_on_report` back."""
        if self._original_flag is not None:
            ag.config.keep_graph_on_report, self._original_flag = self._original_flag, None

    def serialize(self, serializer: Serializer) -> None:
        """Write or read whether the graph was drawn."""
        self._flag_called = bool(serializer("_flag_called", self._flag_called))


class unchain_variables(Extension):
    """Cuts the graphs behind reported Variables at the end of an iteration, where `config.keep_graph_on_report` is set.

    Their memory is then free before the next minibatch is computed.

    Example:
        >>> unchain_variables().priority
        0
    """

    priority = 0

    def __init__(self) -> None:
        self._kept = False

    def initialize(self, trainer: Trainer) -> None:
        """Note the setting."""
        self._kept = bool(ag.config.keep_graph_on_report)

    def trigger(self, trainer: Trainer) -> bool:
        """Whether graphs were kept in this iteration."""
        kept, self._kept = self._kept, bool(ag.config.keep_graph_on_report)
        return kept

    def __call__(self, trainer: Trainer) -> None:
        """Cut the graphs."""
        values: list[Any] = list(trainer.observation.values())
        for value in values:
            if isinstance(value, ag.Variable):
                value.unchain_backward()
