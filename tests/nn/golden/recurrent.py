"""Makes `recurrent.json` with Chainer 7.8.1 itself: what its recurrent functions and links give for given numbers.

Run with Python 3.11, NumPy 1.23.5, `setuptools<70` and chainer==7.8.1.
"""

import json
from pathlib import Path

import chainer
import chainer.functions as F
import chainer.links as L
import numpy as np
from chainer.serializers import DictionarySerializer

RNG = np.random.RandomState(0)


def numbers(*shape):
    return RNG.randn(*shape).round(2)


def lists(x):
    if isinstance(x, (list, tuple)):
        return [lists(part) for part in x]
    return None if x is None else getattr(x, "array", x).tolist()


def of_link(name, arguments, *calls):
    """The keys of the file, and the results of calls in a row."""
    link = getattr(L, name)(*arguments)
    for _, p in sorted(link.namedparams()):
        p.array = numbers(*p.shape)
    made = DictionarySerializer()
    made.save(link)
    results = [lists(link(*call)) for call in calls]
    file = {key: lists(value) for key, value in sorted(made.target.items())}
    return {"link": name, "arguments": arguments, "file": file, "calls": lists(calls), "results": results}


def of_function(name, *inputs):
    return {"function": name, "inputs": lists(inputs), "results": lists(getattr(F, name)(*inputs))}


def x(n=2):
    return numbers(n, 3)


def h():
    return numbers(2, 2)


def sequences():
    return [x(2), x(3), x(1)]


def main():
    chainer.global_config.dtype = np.float64
    chainer.global_config.train = False
    links = [
        of_link("LSTM", [3, 2], [x()], [x()], [x(1)]),
        of_link("StatelessLSTM", [3, 2], [h(), h(), x()], [None, None, x()]),
        of_link("StatefulPeepholeLSTM", [3, 2], [x()], [x()]),
        of_link("StatefulZoneoutLSTM", [3, 2, 0.0, 0.0], [x()], [x()]),
        of_link("GRU", [3, 2], [x()], [x()]),
        of_link("StatefulGRU", [3, 2], [x()], [x()]),
        of_link("StatelessGRU", [3, 2], [h(), x()]),
        of_link("StatefulMGU", [3, 2], [x()], [x()]),
        of_link("StatelessMGU", [3, 2], [h(), x()]),
        of_link("ChildSumTreeLSTM", [3, 2], [h(), h(), h(), h(), x()], [h(), None, None, h(), x()], [x()]),
        of_link("NaryTreeLSTM", [3, 2, 2], [h(), h(), h(), h(), x()], [h(), None, None, h(), None]),
    ]
    for kind in ("LSTM", "GRU", "RNNTanh", "RNNReLU"):
        for way, directions in (("", 1), ("Bi", 2)):
            state = [numbers(2 * directions, 3, 2) for _ in range(2 if kind == "LSTM" else 1)]
            links.append(
                of_link(
                    f"NStep{way}{kind}", [2, 3, 2, 0.5], [*state, sequences()], [*(None for _ in state), sequences()]
                )
            )
    functions = [
        of_function("lstm", numbers(3, 2), numbers(2, 8)),
        of_function("lstm", numbers(2, 2, 2), numbers(2, 8, 2)),
        of_function("slstm", numbers(2, 2), numbers(2, 2), numbers(2, 8), numbers(2, 8)),
        of_function("tree_lstm", numbers(2, 2), numbers(2, 2), numbers(2, 2), numbers(2, 12)),
    ]
    golden = {"links": links, "functions": functions}
    Path(__file__).with_suffix(".json").write_text(json.dumps(golden) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
