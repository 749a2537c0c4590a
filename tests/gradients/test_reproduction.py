"""The lines that a failure prints show the same failure again, in a Python of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from catena.autograd import elementwise_op
from catena.autograd.testing import Call, Case, arrays, calls, check_call, check_op
from tests.gradients.test_planted_faults import FAULTS

ROOT = Path(__file__).parents[2]

RUN_EACH = """
import sys
for lines in sys.stdin.read().split("\\f"):
    try:
        exec(lines, {})
    except Exception as e:
        print(type(e).__name__, str(e), end="\\f")
    else:
        print("nothing was wrong", end="\\f")
"""


def test_the_lines_of_every_planted_fault_show_it_again() -> None:
    failures, lines = [], []
    for faulty, case, _ in FAULTS:
        with pytest.raises(Exception) as caught:  # which exceptions, test_planted_faults.py knows
            check_op(faulty, case)
        failures.append(f"{type(caught.value).__name__} {caught.value}")
        lines.append(_lines_of(caught.value))
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", RUN_EACH],
        input="\f".join(lines),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.split("\f")[:-1] == failures


def _lines_of(e: BaseException) -> str:
    (note,) = (note for note in e.__notes__ if "check_call(" in note)
    return note


def test_a_failing_call_is_reduced_and_can_be_run_again() -> None:
    @elementwise_op
    def twice(x: Any) -> Any:
        return 2 * x

    twice.vjps(x=lambda g: g)
    case = Case(calls(arrays()))
    with pytest.raises(AssertionError) as caught:
        check_op(twice, case)
    assert _lines_of(caught.value).splitlines() == [
        "# twice is defined where it cannot be imported from",
        "import numpy as np",
        "from catena.autograd.testing import Call, Case, check_call, laid_out",
        "",
        "check_call(twice, Call(np.array(0.0, 'float32')), Case())",
    ]
    with pytest.raises(AssertionError, match="twice: the gradient in x"):
        check_call(twice, Call(np.array(0.0, "float32")), case)
