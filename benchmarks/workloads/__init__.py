"""The workloads by name; a new one is a file here and a line below."""

from __future__ import annotations

from benchmarks.workload import Workload
from benchmarks.workloads import mlp_adam, mlp_sgd, polynomial, scalar_chain, two_layer

WORKLOADS: dict[str, Workload] = {
    module.WORKLOAD.name: module.WORKLOAD for module in (mlp_sgd, two_layer, mlp_adam, polynomial, scalar_chain)
}
