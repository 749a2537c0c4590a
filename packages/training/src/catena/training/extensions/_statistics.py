"""Statistics of parameters and of their gradients: reported, or drawn over the run."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

import catena.nn as nn
import xparray as xp
from catena.autograd import Variable
from catena.nn.serializers._files import replacing
from catena.training._extension import PRIORITY_WRITER, Extension
from catena.training._json import serialize_json
from catena.training.extensions._plot_report import PlotReport
from catena.training.triggers import get_trigger

if TYPE_CHECKING:
    from catena.nn.serializers import Serializer
    from catena.training._trainer import Trainer

HostArray = np.ndarray[Any, Any]
Statistic = Callable[[HostArray], Any]

SIGMAS = (0.13, 2.28, 15.87, 50, 84.13, 97.72, 99.87)
"""The percentiles of a normal distribution at its mean and at one, two and three standard deviations from it."""


def _on_host(array: Any) -> HostArray:
    return np.asarray(xp.to_device(array, "numpy")).ravel()


class ParameterStatistics(Extension):
    """Reports statistics of the parameters of links and of their gradients, as means over each interval.

    The mean of the array of the parameter `l1/W` is reported as 'l1/W/data/mean', that of its gradient as 'l1/W/grad/mean'; a
    statistic of several numbers as '.../percentile/0', '.../percentile/1', ... A gradient that is not there is left out.

    Args:
        links: a link or several.
        statistics: functions of a flat NumPy array by name; `default_statistics` unless given.
        report_params: whether to look at the parameters.
        report_grads: whether to look at the gradients.
        prefix: comes before each name, with a "/".
        trigger: when an interval ends. The extension itself runs in every iteration.
        skip_nan_params: whether arrays with NaN in them give NaN without a look at each statistic.

    Raises:
        TypeError: `links` holds something else than links, or a statistic cannot be called.

    Example:
        >>> import catena.nn.links as L
        >>> extension = ParameterStatistics(L.Linear(2, 3), {"norm": lambda x: float((x * x).sum() ** 0.5)})
    """

    priority = PRIORITY_WRITER
    report_key_template = "{prefix}{link_name}{param_name}/{attr_name}/{function_name}"
    default_statistics: Mapping[str, Statistic] = {
        "mean": np.mean,
        "std": np.std,
        "min": np.min,
        "max": np.max,
        "zeros": lambda x: np.count_nonzero(x == 0),
        "percentile": lambda x: np.percentile(x, SIGMAS),
    }

    def __init__(
        self,
        links: nn.Link | Iterable[nn.Link],
        statistics: Mapping[str, Statistic] | str | None = "default",
        report_params: bool = True,
        report_grads: bool = True,
        prefix: str | None = None,
        trigger: Any = (1, "epoch"),
        skip_nan_params: bool = False,
    ) -> None:
        # A ChainList is an iterable of links, and a link itself.
        self._links = [links] if isinstance(links, nn.Link) else list(links)
        for link in self._links:
            if not isinstance(link, nn.Link):
                raise TypeError(f"ParameterStatistics: links holds {link!r:.60}; expected links, such as model.l1")
        if isinstance(statistics, str):
            if statistics != "default":
                raise TypeError(
                    f"ParameterStatistics: statistics is {statistics!r}; expected 'default' or functions by name"
                )
            statistics = self.default_statistics
        self._statistics: dict[str, Statistic] = {}
        for name, function in (statistics or {}).items():
            self.register_statistics(name, function)
        self._attrs = ["array"] * report_params + ["grad"] * report_grads
        self._prefix = f"{prefix}/" if prefix else ""
        self._trigger: Any = get_trigger(trigger)
        self._summary = nn.DictSummary()
        self._skip_nan_params = skip_nan_params

    @property
    def default_name(self) -> str:
        """'parameter_statistics'."""
        return "parameter_statistics"

    def register_statistics(self, name: str, function: Statistic) -> None:
        """Add a statistic: a function of a flat NumPy array that gives a number or several."""
        if not callable(function):
            raise TypeError(
                f"ParameterStatistics: the statistic {name!r} is {function!r}; expected a function of an array"
            )
        self._statistics[name] = function

    def __call__(self, trainer: Trainer) -> None:
        """Look at the arrays, and report the means if it is time."""
        found: dict[str, Any] = {}
        for link in self._links:
            for path, param in link.namedparams():
                for attr in self._attrs:
                    value = getattr(param, attr) if param.is_initialized else None
                    if value is not None:
                        names = (link.name, path) if link.name else ("", path.lstrip("/"))
                        found |= self._of_array(*names, "data" if attr == "array" else attr, _on_host(value))
        self._summary.add(found)
        if self._trigger(trainer):
            nn.report(self._summary.compute_mean())
            self._summary = nn.DictSummary()

    def _of_array(self, link_name: str, param_name: str, attr_name: str, array: HostArray) -> dict[str, Any]:
        skipped = self._skip_nan_params and bool(np.isnan(array).any())
        found: dict[str, Any] = {}
        for name, function in self._statistics.items():
            key = self.report_key_template.format(
                prefix=self._prefix,
                link_name=link_name,
                param_name=param_name,
                attr_name=attr_name,
                function_name=name,
            )
            value = math.nan if skipped else function(array)
            if np.size(value) > 1:
                found |= {f"{key}/{i}": v for i, v in enumerate(np.ravel(value))}
            else:
                found[key] = value
        return found

    def serialize(self, serializer: Serializer) -> None:
        """Write or read what has been taken in for the next means."""
        if hasattr(self._trigger, "serialize"):
            self._trigger.serialize(serializer["_trigger"])
        self._summary.serialize(serializer["_summary"])


class VariableStatisticsPlot(Extension):
    """Draws mean, standard deviation and percentiles of variables and of their gradients over the run.

    All elements of all variables together are one sample in each iteration. When `max_sample_size` samples are kept, every second
    one is dropped, and from then on half as many are taken: they stay spread evenly over the run, without a random number.

    It needs matplotlib (`pip install catena-training[plot]`); without, a run that has this extension does not start.

    Args:
        targets: Variables, parameters or links, or lists of these.
        max_sample_size: how many samples are kept at most.
        report_data: whether to draw the values.
        report_grad: whether to draw the gradients.
        plot_mean: whether to draw the mean.
        plot_std: whether to draw the standard deviation, as bars at the mean.
        percentile_sigmas: the percentiles to draw, in order; none where empty.
        trigger: when the file is written. The extension itself runs in every iteration.
        filename: the file's name in the trainer's folder; "statistics.png" unless given.
        figsize: width and height in inches; chosen unless given.
        marker: of the points, as matplotlib names it.
        grid: whether to draw a grid.

    Raises:
        ValueError: there is no variable, or nothing to draw.
        ImportError: at the start of the run, where matplotlib is not installed.

    Example:
        >>> import catena.nn.links as L
        >>> plot = VariableStatisticsPlot(L.Linear(2, 3), filename="weights.png")
    """

    def __init__(
        self,
        targets: Any,
        max_sample_size: int = 1000,
        report_data: bool = True,
        report_grad: bool = True,
        plot_mean: bool = True,
        plot_std: bool = True,
        percentile_sigmas: Iterable[float] = (0, *SIGMAS, 100),
        trigger: Any = (1, "epoch"),
        filename: str | None = None,
        figsize: tuple[float, float] | None = None,
        marker: str | None = None,
        grid: bool = True,
    ) -> None:
        self._variables = _variables_in(targets)
        if not self._variables:
            raise ValueError(
                "VariableStatisticsPlot: targets holds no variable; give a link, a parameter or a Variable"
            )
        self._columns = ["array"] * report_data + ["grad"] * report_grad
        self._sigmas = tuple(percentile_sigmas)
        if not self._columns or not (plot_mean or plot_std or self._sigmas):
            raise ValueError("VariableStatisticsPlot: every report_ or every plot_ is off; turn one of each on")
        if max_sample_size < 2:
            raise ValueError(f"VariableStatisticsPlot: max_sample_size is {max_sample_size}; expected at least 2")
        self._plot_mean, self._plot_std = plot_mean, plot_std
        self._max_sample_size = max_sample_size
        self._trigger: Any = get_trigger(trigger)
        self._filename = "statistics.png" if filename is None else filename
        self._figsize = figsize
        self._marker = marker
        self._grid = grid
        # An iteration; and for each column mean, standard deviation and percentiles.
        self._samples: list[list[Any]] = []
        self._calls = 0
        self._every = 1

    @staticmethod
    def available() -> bool:
        """Whether matplotlib is installed."""
        return PlotReport.available()

    def initialize(self, trainer: Trainer) -> None:
        """Check that matplotlib is there."""
        if not self.available():
            raise ImportError("VariableStatisticsPlot: matplotlib is not installed; pip install catena-training[plot]")

    def __call__(self, trainer: Trainer) -> None:
        """Take a sample, and draw if it is time."""
        if self._calls % self._every == 0:
            self._samples.append([trainer.updater.iteration, *map(self._sample, self._columns)])
            if len(self._samples) >= self._max_sample_size:
                self._samples = self._samples[::2]
                self._every *= 2
        self._calls += 1
        if self._trigger(trainer):
            self._draw(os.path.join(trainer.out, self._filename))

    def _sample(self, column: str) -> list[float]:
        arrays = [getattr(v, column) for v in self._variables if getattr(v, "is_initialized", True)]
        flat = [_on_host(array) for array in arrays if array is not None]
        if not flat:
            return [math.nan] * (2 + len(self._sigmas))
        values = np.concatenate(flat)
        return [float(values.mean()), float(values.std()), *np.percentile(values, self._sigmas).tolist()]

    def serialize(self, serializer: Serializer) -> None:
        """Write or read the samples so far."""
        if hasattr(self._trigger, "serialize"):
            self._trigger.serialize(serializer["_trigger"])
        self._samples = serialize_json(serializer, "_samples", self._samples)
        self._calls = int(serializer("_calls", self._calls))
        self._every = int(serializer("_every", self._every))

    def _draw(self, path: str) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        rows = int(self._plot_mean or self._plot_std) + bool(self._sigmas)
        figure = Figure(figsize=self._figsize or (6.4 * len(self._columns), 3.6 * rows), layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.subplots(rows, len(self._columns), squeeze=False)
        iterations = [sample[0] for sample in self._samples]
        for i, column in enumerate(self._columns):
            values = np.array([sample[i + 1] for sample in self._samples])
            axes[0, i].set_title("data" if column == "array" else column)
            if self._plot_mean or self._plot_std:
                self._draw_moments(axes[0, i], iterations, values)
            if self._sigmas:
                self._draw_percentiles(axes[-1, i], iterations, values[:, 2:])
            axes[-1, i].set_xlabel("iteration")
        for each in axes.ravel():
            each.legend()
            each.grid(self._grid)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with replacing(path, durable=False) as temporary, open(temporary, "wb") as file:
            figure.savefig(file, format=os.path.splitext(path)[1].removeprefix(".") or "png")

    def _draw_moments(self, axes: Any, iterations: list[int], values: HostArray) -> None:
        if self._plot_mean and self._plot_std:
            axes.errorbar(
                iterations, values[:, 0], values[:, 1], ecolor="#1f77b433", marker=self._marker, label="mean, std"
            )
        elif self._plot_mean:
            axes.plot(iterations, values[:, 0], marker=self._marker, label="mean")
        else:
            axes.plot(iterations, values[:, 1], marker=self._marker, label="std")

    def _draw_percentiles(self, axes: Any, iterations: list[int], values: HostArray) -> None:
        """Bands from each percentile to its counterpart, the darker the nearer to the middle one, which is a line."""
        n = len(self._sigmas)
        for i in range(n // 2):
            label = f"percentiles {', '.join(f'{p:g}' for p in self._sigmas)}" if i == 0 else None
            axes.fill_between(
                iterations, values[:, i], values[:, n - 1 - i], color="#1f77b4", alpha=0.2, linewidth=0, label=label
            )
        if n % 2:
            axes.plot(
                iterations, values[:, n // 2], color="#1f77b4", marker=self._marker, label=f"{self._sigmas[n // 2]:g} %"
            )


def _variables_in(targets: Any) -> list[Any]:
    if isinstance(targets, nn.Link):
        return list(targets.params())
    if isinstance(targets, Variable):
        return [targets]
    if isinstance(targets, (list, tuple)):
        return [variable for target in targets for variable in _variables_in(target)]
    raise TypeError(
        f"VariableStatisticsPlot: targets holds {targets!r:.60} ({type(targets).__name__}); expected Variables, parameters "
        "or links"
    )
