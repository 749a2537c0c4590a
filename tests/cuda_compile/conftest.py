"""A table of what was compiled, at the end of the run."""

from __future__ import annotations

from typing import Any


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = terminalreporter.stats.get("passed", [])
    rows = [value for report in reports for name, value in report.user_properties if name == "kernel"]
    if not rows:
        return
    terminalreporter.section("CUDA kernels: bytes of code by architecture")
    for name, dtype, sizes in rows:
        columns = "  ".join(f"sm_{arch} {size:6}" for arch, size in sizes.items())
        terminalreporter.write_line(f"{name:64} {dtype:8}  {columns}")
    count = sum(len(sizes) for _, _, sizes in rows)
    terminalreporter.write_line(f"{len(rows)} kernels, {count} compilations")
