"""The commands `deploy` and `upload` killed (SIGKILL) at random instants, in front of an app that is asked throughout.

The app is made so that it answers with a word of its own if its code is not all of one release.
"""

import os
import random
import subprocess
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import pytest

from operations import config_file, release
from operations.file_share import ShareAddress, list_files, open_share
from tests.operations.conftest import (  # noqa: F401  fixtures
    account,
    azure,
    config,
    deployed,
    own_sandbox,
    running,
    storage,
)
from tests.operations.deployed import KEY, Deployed
from tests.workspace import PROJECT

KILLS: Final = 5
"""Of each command."""
SEED: Final = 11
MODEL_BYTES: Final = 24 * 1024 * 1024
PAUSE_SECONDS: Final = 0.05
HALF: Final = "half a release"


class Command:
    """`aca-inference WORDS` in the folder of a deployment; killed later and later, up to how long it takes."""

    def __init__(self, folder: Path, *words: str) -> None:
        self._folder, self._words = folder, words
        self._chance = random.Random(SEED)
        self.seconds = 0.0

    def finish(self) -> None:
        """Runs it to its end, and notes how long that takes."""
        began = time.monotonic()
        process = self._start()
        printed, _ = process.communicate(timeout=120)
        assert process.returncode == 0, printed
        self.seconds = time.monotonic() - began

    def kill(self) -> None:
        """Kills it at an instant of its life; the first third of that is Python's start."""
        process = self._start()
        time.sleep(
            self.seconds * self._chance.uniform(0.3, 1)
        )  # the instant is the point, there is nothing to wait for
        process.kill()
        process.communicate()

    def _start(self) -> subprocess.Popen[str]:
        program = str(PROJECT / ".venv/bin/aca-inference")
        return subprocess.Popen(
            [program, *self._words, "--yes"],
            cwd=self._folder,
            env=dict(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@pytest.fixture
def folder(deployed: Deployed, tmp_path: Path) -> Path:  # noqa: F811
    """Where commands find the deployment."""
    config_file.write(tmp_path / config_file.DEFAULT_PATH, deployed.config)
    return tmp_path


@contextmanager
def asked(deployed: Deployed) -> Generator[list[str]]:  # noqa: F811
    """What the app answers to a client that never stops."""
    told: list[str] = []
    stop = threading.Event()
    body = {"model": "tone", "messages": [{"role": "user", "content": "?"}]}

    def ask() -> None:
        with httpx.Client(headers={"Authorization": f"Bearer {KEY}"}, timeout=30) as client:
            while not stop.wait(PAUSE_SECONDS):
                try:
                    response = client.post(f"{deployed.url}/v1/chat/completions", json=body)
                    told.append(
                        response.json()["choices"][0]["message"]["content"] if response.is_success else response.text
                    )
                except httpx.HTTPError as error:
                    told.append(repr(error))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield told
    finally:
        stop.set()
        thread.join()


def edit(source: Path, version: int) -> None:
    """Two files that belong together."""
    (source / "one_of_two.py").write_text(f"NUMBER = {version}\n")
    (source / "answers.py").write_text(
        "from sample_app.one_of_two import NUMBER\n\n"
        f'ANSWER = "version {version}" if NUMBER == {version} else "{HALF}"\n'
    )


def test_a_killed_deployment_is_never_half_there_and_the_next_one_finishes_it(
    deployed: Deployed,  # noqa: F811
    folder: Path,
) -> None:
    command = Command(folder, "deploy", str(deployed.source))
    edit(deployed.source, 0)
    command.finish()
    with asked(deployed) as told:
        for version in range(1, KILLS + 1):
            edit(deployed.source, version)
            command.kill()
        command.finish()
        answered = len(told)
        while len(told) < answered + 2:
            time.sleep(PAUSE_SECONDS)
    assert told[-1] == f"version {KILLS}"
    assert set(told) <= {f"version {version}" for version in range(KILLS + 1)}
    with open_share(deployed.address) as share:
        assert {manifest.name for manifest in release.kept(share)} >= {release.describe(deployed.source).name}


def test_a_killed_upload_shows_nothing_or_all_of_it_and_the_next_one_finishes_it(
    deployed: Deployed,  # noqa: F811
    folder: Path,
) -> None:
    chance = random.Random(SEED)
    model = folder / "org/name/model.gguf"
    model.parent.mkdir(parents=True)
    model.write_bytes(b"GGUF" + chance.randbytes(MODEL_BYTES))
    (model.parent / "more.json").write_text("{}")
    timed = Command(folder, "upload", str(model.parent), "--name", "org/timed")
    timed.finish()
    for number in range(KILLS):
        name = f"org/name{number % 2}"
        command = Command(folder, "upload", str(model.parent), "--name", name)
        command.seconds = timed.seconds * (number + 1) / KILLS
        command.kill()
        there = content(deployed.address, f"model-cache/{name}")
        assert there in ({}, {"model.gguf": model.read_bytes(), "more.json": b"{}"}), list(there)
        if number % 2:
            command.finish()
            assert set(content(deployed.address, f"model-cache/{name}")) == {"model.gguf", "more.json"}
    command = Command(folder, "upload", str(model.parent), "--name", "org/name0")
    command.finish()
    assert content(deployed.address, "model-cache/org/name0")["model.gguf"] == model.read_bytes()


def content(address: ShareAddress, place: str) -> dict[str, bytes]:
    """What a replica would find in this folder of the share."""
    with open_share(address) as share:
        return {
            path.removeprefix(f"{place}/"): share.get_file_client(path).download_file().readall()
            for path in list_files(share, place)
        }
