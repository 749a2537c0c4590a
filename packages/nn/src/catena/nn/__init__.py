"""Neural networks on `catena.autograd`: links hold parameters, chains hold links, and calling one is running it.

import catena.nn as nn
import catena.nn.functions as F
import catena.nn.links as L
"""

from __future__ import annotations

from catena.nn import initializers, serializers
from catena.nn._chain import Chain, ChainList, Sequential
from catena.nn._link import Link
from catena.nn._link_hook import LinkHook
from catena.nn._parameter import Parameter
from catena.nn._reporter import DictSummary, Reporter, Summary, get_current_reporter, report, report_scope

__all__ = [
    "Chain",
    "ChainList",
    "DictSummary",
    "Link",
    "LinkHook",
    "Parameter",
    "Reporter",
    "Sequential",
    "Summary",
    "get_current_reporter",
    "initializers",
    "report",
    "report_scope",
    "serializers",
]
