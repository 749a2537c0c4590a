"""Curves of a run."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from catena.nn.serializers._files import replacing
from catena.training._json import serialize_json
from catena.training.extensions._averaging import Averaging, warn_of_unknown

if TYPE_CHECKING:
    from catena.nn.serializers import Serializer
    from catena.training._trainer import Trainer


class PlotReport(Averaging):
    """Draws the means of what is reported in each interval as curves in an image file.

    It needs matplotlib (`pip install catena-training[plot]`); without, a run that has this extension does not start.
    No window is opened, and no setting of matplotlib is changed.

    Args:
        y_keys: the names of the values to draw.
        x_key: "iteration", "epoch", or the name of a value that is reported.
        trigger: when an interval ends, which gives each curve a point.
        postprocess: called as `postprocess(figure, axes, means)` before the picture is written.
        filename: the file's name in the trainer's folder; its suffix is the format, PNG where it has none.
        marker: of the points, as matplotlib names it; None for none.
        grid: whether to draw a grid.

    Raises:
        ImportError: at the start of the run, where matplotlib is not installed.
        ValueError: at the start of the run, where matplotlib does not write the format.

    Example:
        >>> plot = PlotReport(["main/loss", "validation/main/loss"], "epoch", filename="loss.png")
    """

    def __init__(
        self,
        y_keys: Iterable[str],
        x_key: str = "iteration",
        trigger: Any = (1, "epoch"),
        postprocess: Callable[[Any, Any, dict[str, Any]], Any] | None = None,
        filename: str = "plot.png",
        marker: str | None = "x",
        grid: bool = True,
    ) -> None:
        self._y_keys = (y_keys,) if isinstance(y_keys, str) else tuple(y_keys)
        self._x_key = x_key
        super().__init__((*self._y_keys, x_key), trigger)
        self._postprocess = postprocess
        self._filename = filename
        self._marker = marker
        self._grid = grid
        self._data: dict[str, list[list[float]]] = {key: [] for key in self._y_keys}
        self._reported: set[str] = set()

    @staticmethod
    def available() -> bool:
        """Whether matplotlib is installed."""
        return importlib.util.find_spec("matplotlib") is not None

    def initialize(self, trainer: Trainer) -> None:
        """Check that matplotlib is there and writes the file's format."""
        if not self.available():
            raise ImportError("PlotReport: matplotlib is not installed; pip install catena-training[plot]")
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        known = sorted(FigureCanvasAgg.get_supported_filetypes())
        if self._format not in known:
            raise ValueError(
                f"PlotReport: filename is {self._filename!r}, whose format matplotlib does not write; it writes "
                f"{', '.join(known)}; give another suffix, such as 'plot.png'"
            )

    @property
    def _format(self) -> str:
        return os.path.splitext(self._filename)[1].removeprefix(".").lower() or "png"

    def _use(self, means: dict[str, Any], trainer: Trainer) -> None:
        self._reported = {*trainer.observation, "epoch", "iteration"}
        if self._x_key not in means:
            return
        for key in self._y_keys:
            if key in means:
                self._data[key].append([means[self._x_key], means[key]])
        if any(self._data.values()):
            self._draw(os.path.join(trainer.out, self._filename), means)

    def finalize(self) -> None:
        """Warn of names under which nothing was reported."""
        if self._reported:
            never = [key for key in self._y_keys if not self._data[key]]
            warn_of_unknown("PlotReport", [self._x_key] if self._x_key not in self._reported else never, self._reported)

    def serialize(self, serializer: Serializer) -> None:
        """Write or read the points so far and what has been taken in for the next."""
        super().serialize(serializer)
        data = serialize_json(serializer, f"_plot_{self._filename}", self._data)
        self._data = {key: data.get(key, []) for key in self._y_keys}

    def _draw(self, path: str, means: dict[str, Any]) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator

        figure = Figure()
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        axes.set_xlabel(self._x_key)
        if self._x_key in ("epoch", "iteration"):
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(self._grid)
        for key in self._y_keys:
            if self._data[key]:
                axes.plot(*zip(*self._data[key], strict=True), marker=self._marker, label=key)
        if self._postprocess is not None:
            self._postprocess(figure, axes, means)
        legend = axes.legend(bbox_to_anchor=(1.05, 1), loc="upper left", borderaxespad=0.0)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with replacing(path, durable=False) as temporary, open(temporary, "wb") as file:
            figure.savefig(file, format=self._format, bbox_extra_artists=(legend,), bbox_inches="tight")
