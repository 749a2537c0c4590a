"""`python -m catena.autograd.testing`: the gradient suite over what is installed.

python -m catena.autograd.testing                                  # every op, function and link
python -m catena.autograd.testing --op tanh --order 3 --examples 1000
python -m catena.autograd.testing --op "log*" --backend numba
python -m catena.autograd.testing --cases mypackage.cases          # one's own too: a module that calls CASES.add
"""

from __future__ import annotations

import argparse
import difflib
import sys
import time
from collections.abc import Iterable, Sequence
from importlib import import_module
from importlib.metadata import entry_points
from typing import NamedTuple

from hypothesis import settings

import xparray as xp
from catena.autograd.testing import CASES, check_op
from catena.autograd.testing._case import Row, function_name

try:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
    from rich.table import Table
except ImportError:
    sys.exit("catena.autograd.testing: rich is not installed; pip install catena-autograd[testing]")

# Distributions name the modules that enter the cases of their own functions under this group of entry points.
GROUP = "catena.autograd.cases"


class Result(NamedTuple):
    """What came of a row: how long it took, and the failure, if there was one."""

    row: Row
    seconds: float
    failure: Exception | None


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the suite with arguments of the command line; 0 where all is right, 1 where something is wrong."""
    parser = argparse.ArgumentParser("python -m catena.autograd.testing", description="Check gradients by properties.")
    parser.add_argument(
        "--op", default="*", metavar="NAME", help='functions of this name, or of a pattern such as "log*"'
    )
    parser.add_argument("--backend", action="append", metavar="NAME", help="try on this backend alone; may be repeated")
    parser.add_argument(
        "--order", type=int, metavar="N", help="of the highest derivative; each case's own unless given"
    )
    parser.add_argument("--examples", type=int, default=25, metavar="N", help="how many calls of each function (25)")
    parser.add_argument(
        "--cases", action="append", default=[], metavar="MODULE", help="a module that enters more cases"
    )
    given = parser.parse_args(arguments)
    for name in ("order", "examples"):
        if (n := getattr(given, name)) is not None and n < 1:
            parser.error(f"--{name} is {n}; expected a number from 1")
    try:
        for backend in given.backend or ():
            xp.get_backend(backend)
        for module in given.cases:
            import_module(module)
    except (ValueError, ImportError) as e:
        parser.error(str(e))
    for point in entry_points(group=GROUP):
        point.load()
    rows = list(CASES.rows(name=given.op))
    if not rows:
        names = {function_name(row.function) for row in CASES.rows()}
        near = difflib.get_close_matches(given.op, names) or sorted(names)
        parser.error(f"--op: nothing is called {given.op!r}; there is {', '.join(near)}")

    console = Console()
    results = list(_run(console, rows, given.examples, given.backend, given.order))
    _show(console, results, given.examples)
    return int(any(result.failure is not None for result in results))


def _run(
    console: Console, rows: Sequence[Row], examples: int, backends: Sequence[str] | None, order: int | None
) -> Iterable[Result]:
    """Check the rows one by one, with a bar that says how far it is."""
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=len(rows))
        for row in rows:
            progress.update(task, description=row.name)
            began, failure = time.perf_counter(), None
            try:
                check_op(row.function, row.case, examples=examples, backends=backends, order=order)
            except Exception as e:  # whatever a function raises is what is wrong with it
                failure = e
            yield Result(row, time.perf_counter() - began, failure)
            progress.advance(task)


def _show(console: Console, results: Sequence[Result], examples: int) -> None:
    """The table, and after it the text of each failure with the lines that show it again."""
    table = Table("function", "of", "seconds", "result")
    table.columns[0].overflow = table.columns[1].overflow = "fold"
    table.columns[2].justify = "right"
    for row, seconds, failure in results:
        result = "right" if failure is None else f"[red]wrong[/red]: {type(failure).__name__}"
        table.add_row(row.name, row.function.__module__.removeprefix("catena."), f"{seconds:.2f}", result)
    console.print(table)
    failures = [result for result in results if result.failure is not None]
    for row, _, failure in failures:
        console.rule(row.name)
        console.print(
            "\n".join([str(failure), "", *getattr(failure, "__notes__", ())]),
            markup=False,
            highlight=False,
            soft_wrap=True,
        )
    console.print(
        f"{len(results) - len(failures)} right, {len(failures)} wrong, {examples} examples each, "
        f"{sum(result.seconds for result in results):.1f} s"
    )


if __name__ == "__main__":
    settings.register_profile("catena", derandomize=True)  # each run draws the same calls
    settings.load_profile("catena")
    sys.exit(main())
