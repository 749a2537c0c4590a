"""What TensorBoardReport writes, seen as a user sees it: TensorBoard's server reads it, and its page in Chromium draws the curves."""

from __future__ import annotations

import base64
import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import catena.nn.links as L
import xparray as xp
from catena.training import Trainer, datasets, extensions, iterators, optimizers, updaters

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SECONDS = 60
"""How long to wait for the server, and for the page."""
TAGS = ["main/accuracy", "main/loss"]

pytestmark = [
    pytest.mark.skipif(importlib.util.find_spec(name) is None, reason=f"{name} is not installed")
    for name in ("tensorboard", "tensorboardX")
]


def train(out: Path) -> list[dict[str, Any]]:
    """Train a small classifier for 100 iterations, and give the log, which is what the curves must show."""
    xp.random.seed(0)
    rng = np.random.default_rng(0)
    x = rng.standard_normal((200, 2)).astype(np.float32)
    model = L.Classifier(L.Linear(2, 2, initialW=np.array([[1, -1], [-1, 1]], np.float32)))
    optimizer = optimizers.SGD(lr=0.1).setup(model)
    batches = iterators.SerialIterator(datasets.TupleDataset(x, (x[:, 0] > x[:, 1]).astype(np.int32)), 20)
    trainer = Trainer(updaters.StandardUpdater(batches, optimizer), (100, "iteration"), out)
    log = extensions.LogReport(trigger=(5, "iteration"))
    trainer.extend(log)
    trainer.extend(extensions.TensorBoardReport(TAGS, trigger=(5, "iteration")))
    trainer.run()
    return log.log


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """TensorBoard's address, while it serves the folder on loopback."""
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder), "--host", "127.0.0.1", "--port", "0"]
    said = folder / "server.txt"
    with said.open("wb") as file, group([*command, "--load_fast=false"], stdout=file, stderr=file) as process:
        end = time.monotonic() + SECONDS
        while (found := re.search(r"http://127\.0\.0\.1:\d+/", said.read_text())) is None:
            assert process.poll() is None and time.monotonic() < end, said.read_text()
            time.sleep(0.1)
        yield found[0]


@contextmanager
def group(command: list[str], **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    """A process that is ended, with all those that it started, when the block is left."""
    process = subprocess.Popen(command, start_new_session=True, **options)
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(SECONDS)


def get(address: str) -> Any:
    with urllib.request.urlopen(address, timeout=SECONDS) as answer:
        return json.load(answer)


def tags_of(address: str) -> dict[str, list[str]]:
    """The names of each run's curves, once the server has read the files."""
    end = time.monotonic() + SECONDS
    while not (runs := get(f"{address}data/plugin/scalars/tags")):
        assert time.monotonic() < end
        time.sleep(0.1)
    return {run: sorted(tags) for run, tags in runs.items()}


class Page:
    """A page in Chromium, which is told what to do through two pipes, in messages of its DevTools protocol."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = os.fdopen(commands, "wb", 0), os.fdopen(answers, "rb")
        self._number, self._session = 0, {}
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._session = {"sessionId": session}

    def call(self, method: str, **params: Any) -> Any:
        """What Chromium answers."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params, **self._session}
        self._commands.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = json.loads(self._read())
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]

    def _read(self) -> bytes:
        text = bytearray()
        while (byte := self._answers.read(1)) != b"\0":
            assert byte, "Chromium has ended"
            text += byte
        return bytes(text)

    def value(self, expression: str) -> Any:
        """The value of an expression of JavaScript on the page."""
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def close(self) -> None:
        """Close the pipes."""
        self._commands.close()
        self._answers.close()


@contextmanager
def chromium(profile: Path) -> Iterator[Page]:
    """A page of 1400 x 620; a Chromium that hangs is killed after a time, which ends the wait for its answer."""
    assert CHROMIUM is not None
    (its_commands, commands), (answers, its_answers) = os.pipe(), os.pipe()
    # Without 3-D interfaces TensorBoard draws curves as SVG, which the page can be asked for.
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-3d-apis", "--hide-scrollbars"]
    options += ["--remote-debugging-pipe", f"--user-data-dir={profile}", "--window-size=1400,620"]
    # The pipes are its files 3 and 4.
    shell = f'exec timeout --signal=KILL {2 * SECONDS} "$0" "$@" 3<&{its_commands} 4>&{its_answers}'
    command = ["bash", "-c", shell, CHROMIUM, *options]
    with group(command, pass_fds=(its_commands, its_answers), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        os.close(its_commands)
        os.close(its_answers)
        page = Page(commands, answers)
        try:
            yield page
        finally:
            page.close()


CARDS = """
[...document.querySelectorAll("scalar-card")].map(card => [
    card.querySelector("tb-truncated-path").title,
    [...card.querySelectorAll(".series-view > svg > path")].map(path => path.getAttribute("d")).join(" "),
])
"""


def points_drawn(page: Page) -> dict[str, int]:
    """How many points of each curve are drawn."""
    return {tag: path.count(",") for tag, path in page.value(CARDS) or []}


def test_the_server_reads_what_was_reported(tmp_path: Path) -> None:
    log = train(tmp_path)
    with server(tmp_path) as address:
        assert tags_of(address) == {"tensorboard": ["epoch", *TAGS]}
        for tag in TAGS:
            points = get(f"{address}data/plugin/scalars/scalars?run=tensorboard&tag={tag}")
            assert [step for _, step, _ in points] == [entry["iteration"] for entry in log] == list(range(5, 101, 5))
            np.testing.assert_allclose([value for *_, value in points], [entry[tag] for entry in log], rtol=1e-6)


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium (Debian: apt-get install chromium)")
def test_the_page_draws_the_curves(tmp_path: Path) -> None:
    train(tmp_path)
    with server(tmp_path) as address, chromium(tmp_path / "profile") as page:
        tags_of(address)
        page.call("Page.navigate", url=f"{address}?smoothing=0&tagFilter=main#timeseries")
        end = time.monotonic() + SECONDS
        while (drawn := points_drawn(page)) != dict.fromkeys(TAGS, 20):
            assert time.monotonic() < end, f"{drawn}\n{page.value('document.body.innerText')}"
            time.sleep(0.2)
        shot = base64.b64decode(page.call("Page.captureScreenshot")["data"])
    (tmp_path / "tensorboard.png").write_bytes(shot)
    assert shot.startswith(b"\x89PNG")
    assert len(shot) < 150_000
