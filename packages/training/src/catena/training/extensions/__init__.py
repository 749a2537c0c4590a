"""What a Trainer can be extended with: evaluation, logs, tables, plots, progress, schedules, snapshots."""

from catena.training._extension import Extension, make_extension
from catena.training.extensions import snapshot_writers
from catena.training.extensions._evaluator import Evaluator
from catena.training.extensions._fail_on_non_number import FailOnNonNumber
from catena.training.extensions._graph import DumpGraph, unchain_variables
from catena.training.extensions._line_logs import CSVReport, JSONLinesReport
from catena.training.extensions._log_report import LogReport
from catena.training.extensions._moving_average import ExponentialMovingAverage
from catena.training.extensions._observe import MicroAverage, observe_lr, observe_value
from catena.training.extensions._plot_report import PlotReport
from catena.training.extensions._print_report import PrintReport
from catena.training.extensions._profile import ProfileReport, RunSummary
from catena.training.extensions._progress_bar import ProgressBar
from catena.training.extensions._shifts import (
    ExponentialShift,
    InverseShift,
    LinearShift,
    MultistepShift,
    PolynomialShift,
    StepShift,
    WarmupShift,
)
from catena.training.extensions._snapshot import snapshot, snapshot_object
from catena.training.extensions._statistics import ParameterStatistics, VariableStatisticsPlot
from catena.training.extensions._tensorboard import TensorBoardReport

dump_graph = DumpGraph

__all__ = [
    "CSVReport",
    "DumpGraph",
    "Evaluator",
    "ExponentialMovingAverage",
    "ExponentialShift",
    "Extension",
    "FailOnNonNumber",
    "InverseShift",
    "JSONLinesReport",
    "LinearShift",
    "LogReport",
    "MicroAverage",
    "MultistepShift",
    "ParameterStatistics",
    "PlotReport",
    "PolynomialShift",
    "PrintReport",
    "ProfileReport",
    "ProgressBar",
    "RunSummary",
    "StepShift",
    "TensorBoardReport",
    "VariableStatisticsPlot",
    "WarmupShift",
    "dump_graph",
    "make_extension",
    "observe_lr",
    "observe_value",
    "snapshot",
    "snapshot_object",
    "snapshot_writers",
    "unchain_variables",
]
