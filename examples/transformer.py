"""Train a small transformer to add.

    python examples/transformer.py

It reads `347+592=` and writes the sum, one character after another, as a language model does: each place of a text sees
the places before it (causal attention) and says what comes next. It writes the ones first, as one adds by hand, since a carry goes
to the left; what is printed is turned round again. The problems are made here, a small part of the million that there are, and
those of the test are not among those that it learns from.
"""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any

import numpy as np

import catena.autograd as ag
import catena.nn as nn
import catena.nn.functions as F
import catena.nn.links as L
from catena.training import StandardUpdater, Trainer, extensions, set_seed
from catena.training.datasets import TupleDataset
from catena.training.iterators import SerialIterator
from catena.training.optimizers import Adam

CHARACTERS = "0123456789+="
N_DIGITS = 3  # of each number; the sum has one more
N_ASKED = 2 * N_DIGITS + 2

Array = np.ndarray[Any, Any]


class Transformer(nn.Chain):
    """Characters so far, `(batch, length)`, to scores of the next one at each place, `(batch, n_characters, length)`."""

    def __init__(self, n_layers: int = 2, size: int = 64, n_heads: int = 4) -> None:
        super().__init__()
        with self.init_scope():
            self.embed = L.EmbedID(len(CHARACTERS), size)
            # rotary: where a character stands is told by turning queries and keys, so nothing is added to the embedding.
            layers = (L.TransformerEncoderLayer(size, n_heads, dropout=0.0, rotary=True) for _ in range(n_layers))
            self.layers = nn.ChainList(*layers)
            self.norm = L.LayerNormalization(size)
            self.out = L.Linear(size, len(CHARACTERS))

    def forward(self, x: Array) -> Any:
        """Scores; those at a place depend on the characters up to it alone."""
        h = self.embed(x)
        for layer in self.layers:
            h = layer(h, causal=True)
        return F.swapaxes(self.out(self.norm(h), n_batch_axes=2), 1, 2)


def make_problems(n: int, rng: np.random.Generator) -> Array:
    """`n` different problems with their answers, `347+592=9390` as numbers of characters, `(n, 12)`."""
    pairs = rng.choice(10 ** (2 * N_DIGITS), n, replace=False)
    texts = []
    for a, b in zip(*divmod(pairs, 10**N_DIGITS), strict=True):
        answer = f"{a + b:0{N_DIGITS + 1}}"[::-1]
        texts.append(f"{a:0{N_DIGITS}}+{b:0{N_DIGITS}}={answer}")
    return np.array([[CHARACTERS.index(character) for character in text] for text in texts], dtype=np.int32)


def as_dataset(problems: Array) -> TupleDataset:
    """Examples: all characters but the last, and what comes next, -1 where that is part of the question."""
    x, t = problems[:, :-1], problems[:, 1:].copy()
    t[:, : N_ASKED - 1] = -1
    return TupleDataset(x, t)


def solve(model: Transformer, asked: Array) -> Array:
    """Write the likeliest character, look at the text with it, and so on: `(n, 8)` becomes `(n, 12)`."""
    text = asked
    with ag.using_config("train", False), ag.no_backprop_mode():
        for _ in range(N_DIGITS + 1):
            following = model(text).array[:, :, -1].argmax(axis=1)
            text = np.concatenate([text, following[:, np.newaxis].astype(text.dtype)], axis=1)
    return text


def as_text(problem: Array) -> str:
    """A problem for people: without the zeros in front, the answer's thousands first."""
    text = "".join(CHARACTERS[i] for i in problem)
    a, b, answer = text[:N_DIGITS], text[N_DIGITS + 1 : N_ASKED - 1], text[N_ASKED:][::-1]
    return f"{a.lstrip('0') or '0':>3} + {b.lstrip('0') or '0':>3} = {answer.lstrip('0') or '0':>4}"


def main() -> None:
    """Train as the command line says, then show sums."""
    parser = argparse.ArgumentParser(description="Train a small transformer to add.")
    parser.add_argument("--epoch", type=int, default=12, help="how many times to go over the problems (12)")
    parser.add_argument("--batchsize", type=int, default=128, help="problems in a minibatch (128)")
    parser.add_argument("--problems", type=int, default=10000, help="how many problems to learn from (10000)")
    parser.add_argument("--out", default="result_transformer", help="folder for what is written (result_transformer)")
    parser.add_argument("--resume", action="store_true", help="go on from the newest snapshot in that folder")
    parser.add_argument("--seed", type=int, default=0, help="one number behind all randomness (0)")
    args = parser.parse_args()

    set_seed(args.seed)

    problems = make_problems(args.problems + 1000, np.random.default_rng(args.seed))
    train, test = problems[:-1000], problems[-1000:]
    train_iter = SerialIterator(as_dataset(train), args.batchsize)
    test_iter = SerialIterator(as_dataset(test), 500, repeat=False, shuffle=False)

    # What stands in the question is no mistake: both functions leave out the places whose t is -1.
    model = L.Classifier(Transformer(), accfun=partial(F.accuracy, ignore_label=-1))
    optimizer = Adam(alpha=3e-3).setup(model)
    trainer = Trainer(StandardUpdater(train_iter, optimizer), (args.epoch, "epoch"), out=args.out)

    trainer.extend(extensions.Evaluator(test_iter, model))
    trainer.extend(extensions.LogReport())
    values = ["main/loss", "validation/main/loss", "main/accuracy", "validation/main/accuracy"]
    trainer.extend(extensions.PrintReport(["epoch", *values, "elapsed_time"]))
    trainer.extend(extensions.ProgressBar())
    trainer.extend(extensions.snapshot(n_retains=1, autoload=args.resume))

    trainer.run()

    solved = solve(model.predictor, test[:, :N_ASKED])
    right = (solved == test).all(axis=1)
    for problem, is_right in zip(solved[:12], right, strict=False):
        print(as_text(problem), "" if is_right else "  wrong")
    print(
        f"{right.mean():.1%} of {len(test)} sums that it had never seen are right. The log and a snapshot: {args.out}/"
    )


if __name__ == "__main__":
    main()
