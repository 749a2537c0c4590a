"""Values that a model reports about itself, and their summaries."""

from __future__ import annotations

from catena.nn import DictSummary, Reporter, Summary, get_current_reporter, report, report_scope

__all__ = ["DictSummary", "Reporter", "Summary", "get_current_reporter", "report", "report_scope"]
