"""Train a network to write, one character after another.

    python examples/char_lstm.py                   read Python's language reference, then write some more of it
    python examples/char_lstm.py --text FILE       read that file instead

An LSTM sees a character, says how likely each one is to come next, and remembers what helps. The text is far too long to
keep the graph of all of it, so the graph is cut every so often (truncated backpropagation through time): the numbers that
the LSTM remembers go on, how they came about is forgotten.

The text comes with Python (it is what `help("lambda")` prints), so nothing is downloaded. What was written at the end goes to
result_lstm/sample.txt too, beside the model and the log.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from pydoc_data.topics import topics
from typing import Any

import numpy as np

import catena.autograd as ag
import catena.nn as nn
import catena.nn.functions as F
import catena.nn.links as L
from catena.training import set_seed
from catena.training.optimizers import Adam, GradientClipping

Array = np.ndarray[Any, Any]


class Writer(nn.Chain):
    """One character of each text in, `(n,)`, scores of the next ones out, `(n, n_characters)`."""

    def __init__(self, n_characters: int, n_units: int) -> None:
        super().__init__()
        with self.init_scope():
            self.embed = L.EmbedID(n_characters, 64)
            self.lstm = L.LSTM(64, n_units)  # keeps its state from call to call
            self.out = L.Linear(n_units, n_characters)

    def forward(self, x: Array) -> Any:
        """One step of all texts; what happened before is in the state of the LSTM."""
        return self.out(self.lstm(self.embed(x)))


def pieces(text: Array, n_texts: int, length: int) -> Iterator[tuple[Array, Array]]:
    """Cut one long text into `n_texts` that are read side by side, `length` characters at a time.

    A piece is two arrays `(length, n_texts)`: characters, and those that come next. Each goes on where the one before ended.
    """
    n = (len(text) - 1) // n_texts
    x, t = (part[: n * n_texts].reshape(n_texts, n).T for part in (text[:-1], text[1:]))
    for i in range(0, n, length):
        yield x[i : i + length], t[i : i + length]


def loss_of(model: Writer, x: Array, t: Array) -> Any:
    """The mean over a piece of -log(probability of the character that came), in nats."""
    return sum(F.softmax_cross_entropy(model(now), following) for now, following in zip(x, t, strict=True)) / len(x)


def train(model: Writer, optimizer: Any, text: Array, n_texts: int, length: int) -> float:
    """Go over the text once; the mean loss of its pieces."""
    model.lstm.reset_state()
    losses = []
    for x, t in pieces(text, n_texts, length):
        loss = loss_of(model, x, t)
        model.cleargrads()
        loss.backward()
        loss.unchain_backward()  # the state stays, its history goes: the next backward ends here
        optimizer.update()
        losses.append(loss.item())
    return float(np.mean(losses))


def evaluate(model: Writer, text: Array, n_texts: int, length: int) -> float:
    """The mean loss on text that the model is not trained on."""
    model.lstm.reset_state()
    with ag.using_config("train", False), ag.no_backprop_mode():
        return float(np.mean([loss_of(model, x, t).item() for x, t in pieces(text, n_texts, length)]))


def write(model: Writer, characters: str, start: str, length: int, temperature: float, rng: Any) -> str:
    """`start` and `length` characters more, each drawn as the model says; at low temperatures the likely ones come more often."""
    model.lstm.reset_state()
    written = start
    with ag.using_config("train", False), ag.no_backprop_mode():
        for character in start[:-1]:
            model(np.array([characters.index(character)]))
        for _ in range(length):
            scores = model(np.array([characters.index(written[-1])]))
            p = F.softmax(scores / temperature).array[0].astype(np.float64)
            written += characters[rng.choice(len(p), p=p / p.sum())]
    return written


def main() -> None:
    """Train and write as the command line says."""
    parser = argparse.ArgumentParser(description="Train a network to write, one character after another.")
    parser.add_argument("--epoch", type=int, default=6, help="how many times to read the text (6)")
    parser.add_argument("--batchsize", type=int, default=64, help="places of the text read side by side (64)")
    parser.add_argument("--bptt", type=int, default=40, help="steps through which a gradient goes back (40)")
    parser.add_argument("--unit", type=int, default=256, help="units of the LSTM (256)")
    parser.add_argument("--text", type=Path, help="a text file (Python's language reference)")
    parser.add_argument("--start", default="The ", help="how the written text begins ('The ')")
    parser.add_argument("--temperature", type=float, default=0.5, help="how boldly to write, above 0 (0.5)")
    parser.add_argument("--out", default="result_lstm", help="folder for everything that is written (result_lstm)")
    parser.add_argument("--seed", type=int, default=0, help="one number behind all randomness (0)")
    args = parser.parse_args()

    if not args.start:
        parser.error("--start is empty; give at least one character to begin with")

    set_seed(args.seed)

    text = args.text.read_text("utf-8") if args.text else "\n\n".join(topics[name] for name in sorted(topics))
    text = re.sub(" +", " ", text)  # or it would learn to indent before it learns to spell
    characters = "".join(sorted({*text, *args.start}))
    numbers = np.array([characters.index(character) for character in text], dtype=np.int32)
    n_train = len(numbers) * 9 // 10
    if len(numbers) - n_train <= args.batchsize:
        parser.error(f"a tenth of {len(text)} characters is too little for {args.batchsize} places; lower --batchsize")

    model = Writer(len(characters), args.unit)
    optimizer = Adam(alpha=3e-3).setup(model)
    optimizer.add_hook(GradientClipping(1.0))

    print(f"{len(text):,} characters, {len(characters)} different ones; the last tenth is for validation")
    print(f"{'epoch':>5} {'loss':>8} {'validation':>11} {'seconds':>8}")
    log, begun = [], time.perf_counter()
    for epoch in range(1, args.epoch + 1):
        loss = train(model, optimizer, numbers[:n_train], args.batchsize, args.bptt)
        validation = evaluate(model, numbers[n_train:], args.batchsize, args.bptt)
        log.append({"epoch": epoch, "loss": loss, "validation": validation})
        print(f"{epoch:5} {loss:8.3f} {validation:11.3f} {time.perf_counter() - begun:8.1f}", flush=True)

    sample = write(model, characters, args.start, 800, args.temperature, np.random.default_rng(args.seed))
    print(f"\n{sample}")

    out = Path(args.out)
    out.mkdir(parents=True, exist_ok=True)
    (out / "sample.txt").write_text(sample + "\n", "utf-8")
    (out / "log").write_text(json.dumps(log, indent=4))
    nn.serializers.save_npz(out / "model.npz", model)


if __name__ == "__main__":
    main()
