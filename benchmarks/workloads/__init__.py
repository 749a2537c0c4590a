"""The workloads by name; a new one is a file here and a line below."""

from __future__ import annotations

from benchmarks.workload import Workload
from benchmarks.workloads import (
    character_lstm,
    convnet,
    elementwise_chain,
    mlp_adam,
    mlp_sgd,
    polynomial,
    scalar_chain,
    squeezenet,
    transformer,
    two_layer,
)

WORKLOADS: dict[str, Workload] = {
    workload.name: workload
    for workload in (
        *(mlp_sgd.WORKLOAD, two_layer.WORKLOAD, mlp_adam.WORKLOAD, convnet.WORKLOAD),
        *squeezenet.WORKLOADS,
        *character_lstm.WORKLOADS,
        *elementwise_chain.WORKLOADS,
        *(polynomial.WORKLOAD, scalar_chain.WORKLOAD, transformer.WORKLOAD),
    )
}
