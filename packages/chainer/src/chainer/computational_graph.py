"""Drawings of the graph."""

from __future__ import annotations

from catena.autograd.graph import ComputationalGraph, build_computational_graph

__all__ = ["ComputationalGraph", "build_computational_graph"]
