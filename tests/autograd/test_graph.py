"""Graphs as DOT, as SVG and as lines of text."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import catena.autograd as ag
import xparray as xp
from catena.autograd import Variable
from catena.autograd import functions as F
from catena.autograd.graph import ComputationalGraph, build_computational_graph, walk


def two_layers() -> tuple[Variable, list[Variable]]:
    x, w = Variable(np.ones((2, 3), "float32"), name="x"), Variable(np.ones((3, 4), "float32"), name="W")
    h = F.tanh(x @ w)
    loss = (h * h).sum()
    loss.name = "loss"
    return loss, [x, w]  # a leaf's name is known as long as its Variable lives


def parsed(dot: str) -> tuple[list[str], list[tuple[str, str]]]:
    """Labels of the nodes, and edges between labels."""
    labels = dict(re.findall(r'^  (\w+) \[label="((?:[^"\\]|\\.)*)"', dot, re.MULTILINE))
    edges = re.findall(r"^  (\w+) -> (\w+);$", dot, re.MULTILINE)
    return list(labels.values()), [(labels[a], labels[b]) for a, b in edges]


def test_nodes_and_edges() -> None:
    loss, _leaves = two_layers()
    dot = build_computational_graph([loss]).dump()
    assert dot.startswith('digraph graphname {\n  rankdir="TB";\n') and dot.endswith("\n}")
    labels, edges = parsed(dot)
    assert labels == [
        "x: (2, 3), float32",
        "W: (3, 4), float32",
        "matmul",
        "(2, 4)",
        "tanh",
        "(2, 4)",
        "multiply",
        "(2, 4)",
        "sum",
        "loss: (), float32",
    ]
    assert edges == [
        ("x: (2, 3), float32", "matmul"),
        ("W: (3, 4), float32", "matmul"),
        ("matmul", "(2, 4)"),
        ("(2, 4)", "tanh"),
        ("tanh", "(2, 4)"),
        ("(2, 4)", "multiply"),
        ("(2, 4)", "multiply"),
        ("multiply", "(2, 4)"),
        ("(2, 4)", "sum"),
        ("sum", "loss: (), float32"),
    ]
    assert dot == build_computational_graph(loss).dump()  # the same each time


def test_ops_alone() -> None:
    loss, _leaves = two_layers()
    labels, edges = parsed(build_computational_graph([loss], remove_variable=True).dump())
    assert labels == ["matmul", "tanh", "multiply", "sum"]
    assert edges == [("matmul", "tanh"), ("tanh", "multiply"), ("tanh", "multiply"), ("multiply", "sum")]


def test_styles_direction_and_names() -> None:
    loss, _leaves = two_layers()
    dot = build_computational_graph(
        [loss], True, {"shape": "octagon"}, {"shape": "record", "color": 'a"b'}, "LR", show_name=False
    ).dump()
    assert 'rankdir="LR"' in dot
    assert dot.count('shape="octagon"') == 6
    assert dot.count('[label="tanh", shape="record", color="a\\"b"]') == 1
    assert "loss" not in dot and '[label="(2, 3), float32"' in dot
    assert dot.count("style=") == 0
    assert 'style="filled"' in build_computational_graph([loss]).dump()


def test_names_are_escaped() -> None:
    name = 'a "b" \\n {c|<d>}\nend'
    x = Variable(np.ones(2), name=name)
    g = build_computational_graph(x * 2)
    assert 'label="a \\"b\\" \\\\n {c|<d>}\\nend: (2,), float64"' in g.dump()
    assert len(g.dump().splitlines()) == 8
    assert g.tree() == '(2,), float64 = multiply\na "b" \\n {c|<d>}\\nend: (2,), float64'


def test_the_name_of_a_leaf_that_died_is_unknown() -> None:
    y = Variable(np.ones(2), name="x") * 2
    assert parsed(build_computational_graph(y).dump())[0][0] == "(2,), float64"


@pytest.mark.parametrize("device", ["numba", "strict:device1"])
def test_devices_are_shown(device: str) -> None:
    x = Variable(xp.to_device(np.ones(2), device), name="x")
    assert build_computational_graph(x * 2).tree() == f"(2,), float64, {device} = multiply\nx: (2,), float64, {device}"


def test_several_outputs_of_one_op() -> None:
    x = Variable(np.ones((2, 4)), name="x")
    a, b = F.split_axis(x, 2, axis=1)
    y = (a * b).sum()
    labels, edges = parsed(build_computational_graph([y]).dump())
    assert labels == [
        "x: (2, 4), float64",
        "split_axis",
        "(2, 2)",
        "(2, 2)",
        "multiply",
        "(2, 2)",
        "sum",
        "(), float64",
    ]
    assert edges.count(("split_axis", "(2, 2)")) == 2
    labels, edges = parsed(build_computational_graph([y], remove_variable=True).dump())
    assert edges == [("split_axis", "multiply"), ("split_axis", "multiply"), ("multiply", "sum")]
    assert build_computational_graph([y, a]).tree().splitlines() == [
        "(), float64 = sum",
        "(2, 2) = multiply",
        "├─ #1 (2, 2), float64 = output 0",
        "│  #2 split_axis",
        "│  x: (2, 4), float64",
        "└─ (2, 2) = output 1",
        "   #2",
        "#1",
    ]


def test_several_results_share_what_is_behind_them() -> None:
    x = Variable(2.0, name="x")
    h = x * 3
    a, b = F.exp(h), F.sin(h)
    labels, _ = parsed(build_computational_graph([a, b]).dump())
    assert labels.count("multiply") == 1
    assert build_computational_graph([a, b]).tree().splitlines() == [
        "(), float64 = exp",
        "#1 () = multiply",
        "x: (), float64",
        "(), float64 = sin",
        "#1",
    ]


def test_functions_in_class_form_and_checkpoints() -> None:
    class Halves(ag.Function):
        def forward(self, inputs: Any) -> Any:
            return inputs[0] / 2, inputs[0] / 2

    a, b = Halves()(Variable(np.ones(2)))
    y = ag.checkpoint(F.exp)(a * b)
    labels, _ = parsed(build_computational_graph(y).dump())
    assert labels == ["(2,), float64", "Halves", "(2,)", "(2,)", "multiply", "(2,)", "exp", "(2,), float64"]


def test_of_a_gradient() -> None:
    x = Variable(2.0, name="x")
    g = ag.grad(x**3, x, create_graph=True)
    labels, _ = parsed(build_computational_graph(g).dump())
    assert labels[0] == "x: (), float64"
    assert "multiply" in labels


def test_the_graph_ends_where_it_was_cut() -> None:
    x = Variable(np.ones(2), name="x")
    h = x * 2
    y = F.exp(h)
    h.unchain()
    assert build_computational_graph(y).tree() == "(2,), float64 = exp\n(2,), float64"
    h = x * 2
    y = F.exp(h)
    h.unchain_backward()
    assert build_computational_graph(y).tree() == "(2,), float64 = exp\n(2,), float64"
    a, b = F.split_axis(x * 2, 2)
    a.unchain_backward()
    assert build_computational_graph(b).tree() == "(1,), float64 = output 1\ncut"
    assert parsed(build_computational_graph(b).dump()) == (["(1,), float64"], [])
    assert parsed(build_computational_graph(b * 2, remove_variable=True).dump()) == (["multiply"], [])


def test_inputs_without_gradient_are_not_shown() -> None:
    x, mask = Variable(np.ones(2), name="x"), Variable(np.ones(2), requires_grad=False, name="mask")
    assert build_computational_graph(x * mask + 1).tree() == "(2,), float64 = add\n(2,) = multiply\nx: (2,), float64"


def test_walk_is_in_the_order_of_recording() -> None:
    x, w = Variable(2.0), Variable(3.0)
    a = x * w
    b = F.exp(a)
    c = a + b
    w.mark_updated()
    assert walk([c]) == [x.node, w.node, a.node, b.node, c.node]
    assert walk([b, c, b]) == walk([c])
    assert walk([Variable(1.0, requires_grad=False)]) == []


def test_a_chain_of_100_000_nodes() -> None:
    x = y = Variable(np.ones(1), name="x")
    for _ in range(100_000):
        y = y + 1
    g = build_computational_graph(y)
    assert len(walk([y])) == 100_001
    assert len(g.nodes) == 200_001
    lines = g.tree().splitlines()
    assert (len(lines), lines[0], lines[1], lines[-1]) == (
        100_001,
        "(1,), float64 = add",
        "(1,) = add",
        "x: (1,), float64",
    )
    assert x.grad is None


@pytest.mark.parametrize("shared", [True, False])
def test_deep_branches_are_written_at_the_margin(shared: bool) -> None:
    depth = 2000
    y = Variable(np.ones(1))
    for _ in range(depth):
        other = y if shared else Variable(np.ones(1))
        y = (y * 0.5) * (other * 0.5)
    lines = build_computational_graph(y).tree().splitlines()
    assert max(map(len, lines)) < 100
    assert sum("=" in line for line in lines) == 3 * depth  # each result once
    assert sum("float64" in line and "=" not in line for line in lines) == (1 if shared else depth + 1)
    mentioned = re.findall(r"#(\d+)", "\n".join(lines))
    defined = re.findall(r"#(\d+) \(", "\n".join(lines))
    assert set(mentioned) == set(defined)
    assert len(defined) == len(set(defined))


# -------------------------------------------------------------------------------------------------------------------------- SVG


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz's program dot is not installed")
def test_svg_by_graphviz() -> None:
    loss, _leaves = two_layers()
    svg = build_computational_graph(loss).dump("svg")
    assert "<svg" in svg and "loss: (), float32" in svg


@pytest.mark.skipif(sys.platform == "win32", reason="the stand-in for dot is a script with a #! line")
def test_svg_is_what_dot_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in for dot, which shows what it was given."""
    program = tmp_path / "dot"
    program.write_text(
        f"#!{sys.executable}\nimport sys\ntext = sys.stdin.buffer.read().decode('utf-8')\n"
        "sys.stdout.buffer.write((' '.join(sys.argv[1:]) + '|' + text).encode('utf-8'))\n"
        "if 'wrong' in text: sys.exit('syntax error in line 3')\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    x = Variable(1.0, name="größe")
    g = build_computational_graph(x * 2)
    assert g.dump("svg") == "-Tsvg|" + g.dump()
    with pytest.raises(RuntimeError, match=r"ComputationalGraph.dump: .*dot failed \(1\): syntax error in line 3"):
        build_computational_graph(x * 2, rankdir="LR", function_style={"shape": "wrong"}).dump("svg")


def test_svg_without_graphviz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(
        FileNotFoundError,
        match=r"ComputationalGraph.dump: format 'svg' is drawn by Graphviz, whose program dot is not installed; install it "
        r"\(apt install graphviz, brew install graphviz\), or take format 'dot' and draw it elsewhere",
    ):
        build_computational_graph(Variable(1.0) * 2).dump("svg")


# ----------------------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda y: build_computational_graph([y, y.array]),
            TypeError,
            "ComputationalGraph: output 1 is of type ndarray; expected a Variable",
        ),
        (
            lambda y: build_computational_graph([Variable(np.ones(2), requires_grad=False)]),
            ValueError,
            r"ComputationalGraph: output 0 \(shape \(2,\)\) needs no gradient: there is no graph behind it; was it made within no_backprop",
        ),
        (
            lambda y: build_computational_graph([y], False),
            ValueError,
            "build_computational_graph: remove_split is False; expected True",
        ),
        (
            lambda y: ComputationalGraph([y], rankdir="up"),
            ValueError,
            "ComputationalGraph: rankdir is 'up'; expected TB, BT, LR or RL",
        ),
        (
            lambda y: ComputationalGraph([y]).dump("png"),
            ValueError,
            "ComputationalGraph.dump: format is 'png'; expected 'dot' or 'svg'",
        ),
    ],
)
def test_errors(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        call(Variable(1.0) * 2)
