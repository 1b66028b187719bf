"""One deployment on the sandbox for all tests of this folder: what a newcomer has after `make up`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.workspace import PROJECT, copy_project, run

ADAPTER = "tone"


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the checkout; whatever a test left running in it is taken down at the end."""
    copy = copy_project(tmp_path_factory.mktemp("checkout"))
    yield copy
    run(copy, "sandbox", "down")


@pytest.fixture(scope="session")
def first_up(workspace: Path) -> str:
    """What the first `sandbox up` printed."""
    return run(workspace, "sandbox", "up").stdout


@pytest.fixture
def endpoint(first_up: str, workspace: Path) -> str:
    """URL of the running endpoint, as the configuration file has it (a test may have moved it)."""
    return endpoint_in(run(workspace, "sandbox", "up").stdout)


@pytest.fixture(scope="session")
def example() -> dict[str, Any]:
    """The example's question and labels."""
    return json.loads((PROJECT / "examples/tone/example.json").read_text())


@pytest.fixture(scope="session")
def heldout() -> list[dict[str, str]]:
    """Held-out sentences with their tones."""
    lines = (PROJECT / "examples/tone/data/heldout.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def endpoint_in(output: str) -> str:
    """The URL in the last line that `sandbox up` printed."""
    last = output.strip().splitlines()[-1]
    assert last.startswith("endpoint: "), output
    return last.removeprefix("endpoint: ")
