"""Where tables and progress bars go: a terminal through rich, or plain lines."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def terminal() -> Console | None:
    """Rich's shared console if standard output is a terminal and rich is installed, else None.

    All extensions share that one console: it is how a table's rows appear above a live progress bar.
    """
    stream = getattr(sys.stdout, "rich_proxied_file", sys.stdout)  # a live display of rich puts itself before stdout
    if stream is None or not stream.isatty() or os.environ.get("TERM") == "dumb":
        return None
    try:
        from rich import get_console
    except ImportError:
        return None
    return get_console()
