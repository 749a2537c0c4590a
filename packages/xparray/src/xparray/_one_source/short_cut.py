"""The way of a call that costs least: a function written for one kind of arguments, for arrays of one shape.

On small arrays a call costs more in Python's statements than in the loop. numba's own test of the arguments' types stands in for
tests of dtype, order and alignment; the loop tells whether arrays of one axis have one length.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from xparray import _threads
from xparray._memory import empty
from xparray._one_source.fusion import Layout
from xparray._one_source.program import Program, Steps
from xparray.backends.numba import NumbaArray

# Shares of a loop begin at multiples of this, so that vectors of elements are the same whatever the shares.
GRAIN = 64

Call = Callable[[tuple[Any, ...], Any], Any]


def write_short_cut(
    program: Program,
    steps: Steps,
    layout: Layout,
    run: Callable[..., bool],
    types: Sequence[type],
    kinds: Sequence[type],
    *,
    has_out: bool,
    otherwise: Callable[[tuple[Any, ...], Any, tuple[Any, ...]], Any],
    forget: Callable[[], None],
) -> Call:
    """The function `call(args, out)` that gives the results, or None for arguments of another kind.

    Args:
        program: what is computed.
        steps: the same for the arguments' dtypes.
        layout: which results are written over which arguments.
        run: the loop.
        types: those of all arguments.
        kinds: those of the program's numbers.
        has_out: whether the results have arrays to go to.
        otherwise: what gives the results from `args`, `out` and the program's numbers, where the loop refuses the arrays.
        forget: called where numba refuses them, which takes long.
    """
    arguments = [f"a{i}" for i in range(len(types))]
    reads = [f"a{j}" for j in steps.loads]
    outs = [f"o{k}" for k in range(len(steps.outputs))]
    fresh = [(o, y.dtype) for o, y, alias in zip(outs, steps.outputs, layout.aliases, strict=True) if alias is None]
    aliased = {o: f"a{alias}" for o, alias in zip(outs, layout.aliases, strict=True) if alias is not None}
    names: dict[str, Any] = {
        "run": run,
        "otherwise": otherwise,
        "forget": forget,
        "numbers": program.numbers,
        "share": _threads.share,
        "empty": empty,
        "plain": np.asarray,
        "ndarray": np.ndarray,
        "NumbaArray": NumbaArray,
        **{f"t{i}": t for i, t in enumerate(types)},
        **{f"d_{o}": dtype for o, dtype in fresh},
    }
    unlike = [f"type({a}) is not t{i}" for i, a in enumerate(arguments)]
    lines = [f"{', '.join(arguments)}, = args", f"if {' or '.join(unlike)}:", "    return None"]
    if has_out:
        lines += _given(outs, aliased, is_tuple=program.is_tuple)
    first, *others = reads
    lines += [f"n = {first}.size", f"shape = {first}.shape"]
    flat = {a: f"plain({a})" if types[int(a[1:])] is NumbaArray else a for a in reads}
    flat |= {o: o for o, _ in fresh}
    lines += [f"{o} = empty(shape, d_{o})" for o, _ in fresh if not has_out]
    shaped = [*others, *(o for o, _ in fresh if has_out)]
    dense = [*aliased.values(), *(o for o, _ in fresh if has_out)]
    lines += ["if len(shape) == 1:", *(f"    f_{a} = {code}" for a, code in flat.items()), "else:"]
    if shaped:
        lines += [f"    if {' or '.join(f'{a}.shape != shape' for a in shaped)}:", "        return None"]
    if dense:
        lines += [f"    if not ({' and '.join(f'{a}.flags.c_contiguous' for a in dense)}):", "        return None"]
    lines += [f"    f_{a} = {code}.ravel()" for a, code in flat.items()]
    numbers = _numbers(steps, kinds)
    if program.names:
        unlike_kinds = [f"type(n{i}) is not {kind.__name__}" for i, kind in enumerate(kinds)]
        lines += [
            f"values = numbers({', '.join(arguments)})",
            f"{', '.join(f'n{i}' for i in range(len(kinds)))}, = values",
            f"if {' or '.join([*unlike_kinds, *_beyond(steps)])}:",
            "    return otherwise(args, out, values)",
        ]
    arrays = [f"f_{a}" for a in reads] + [f"f_{o}" for o, _ in fresh]
    given = ", ".join([*arrays, *numbers])
    # Of many elements the loop does none at first: it only tells whether it takes these arrays.
    lines += ["try:", f"    done = run({given}, 0, n if n < {_threads.LEAST} else 0)"]
    lines += ["except TypeError:", "    forget()", "    done = False", "if not done:"]
    lines += [f"    return otherwise(args, out, {'values' if program.names else '()'})"]
    lines += [f"if n >= {_threads.LEAST}:", f"    share(run, n, {given}, grain={GRAIN})"]
    if not has_out and NumbaArray in types:
        lines += [f"{o} = {o}.view(NumbaArray)" for o in outs]
    lines.append(f"return {', '.join(outs)}{',' if program.is_tuple else ''}")
    text = "\n    ".join(["def call(args, out):", *lines])
    exec(text, names)
    call: Call = names["call"]
    return call


def _given(outs: Sequence[str], aliased: dict[str, str], *, is_tuple: bool) -> list[str]:
    """The statements that name the arrays of `out`."""
    lines = ["o0 = out"]
    if is_tuple:
        lines = [
            f"if type(out) is not tuple or len(out) != {len(outs)}:",
            "    return None",
            f"{', '.join(outs)}, = out",
        ]
    same = [f"{o} is not {aliased[o]}" if o in aliased else f"type({o}) is not ndarray" for o in outs]
    return [*lines, f"if {' or '.join(same)}:", "    return None"]


def _beyond(steps: Steps) -> list[str]:
    """The conditions under which a number does not fit the integers that it is to be."""
    limits = [(c.index, np.iinfo(c.dtype)) for c in steps.constants if c.dtype.kind in "iu"]
    return [f"not {limit.min} <= n{index} <= {limit.max}" for index, limit in limits]


def _numbers(steps: Steps, kinds: Sequence[type]) -> list[str]:
    """The program's numbers as the loop takes them."""
    carriers = [(c.index, float if c.dtype.kind == "f" else int) for c in steps.constants]
    return [f"n{i}" if kinds[i] is carrier else f"{carrier.__name__}(n{i})" for i, carrier in carriers]
