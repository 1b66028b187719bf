"""One deployment on the sandbox for all tests of this folder: what a newcomer has after `make up`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from operations import config_file
from operations.endpoint import endpoint_url
from tests.workspace import PROJECT, copy_project, run

ADAPTER = "tone"
CONFIG_FILE = config_file.DEFAULT_PATH


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
    """URL of the running endpoint; brought up again if an earlier test took it down."""
    if (workspace / CONFIG_FILE).exists():
        url = endpoint_url(config_file.read(workspace / CONFIG_FILE).aca_app_endpoint)
        if is_ready(url):
            return url
    return endpoint_in(run(workspace, "sandbox", "up").stdout)


def is_ready(url: str) -> bool:
    """Whether the endpoint says that it is ready."""
    try:
        return httpx.get(f"{url}/health/ready", timeout=5).is_success
    except httpx.TransportError:
        return False


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
