"""What a Trainer can be extended with: evaluation, logs, tables, plots, progress, snapshots."""

from catena.training._extension import Extension, make_extension
from catena.training.extensions._evaluator import Evaluator
from catena.training.extensions._log_report import LogReport
from catena.training.extensions._plot_report import PlotReport
from catena.training.extensions._print_report import PrintReport
from catena.training.extensions._progress_bar import ProgressBar
from catena.training.extensions._snapshot import snapshot, snapshot_object

__all__ = [
    "Evaluator",
    "Extension",
    "LogReport",
    "PlotReport",
    "PrintReport",
    "ProgressBar",
    "make_extension",
    "snapshot",
    "snapshot_object",
]
