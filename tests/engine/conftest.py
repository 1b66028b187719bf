"""One cloud and one workbench for all tests of this folder; each test has resource groups and stacks of its own."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.cloud import Cloud
from tests.engine.harness import Stack, Workbench, workbench
from tests.workspace import PROJECT


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A running sandbox."""
    cloud = Cloud(tmp_path_factory.mktemp("engine-cloud"))
    cloud.start()
    yield cloud
    cloud.stop()


@pytest.fixture(scope="session")
def bench(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbench]:
    """The project's program in the real engine."""
    with workbench(tmp_path_factory.mktemp("bench"), cloud) as bench:
        yield bench


Numbered = Callable[[str], str]
MakeStack = Callable[..., Stack]


@pytest.fixture(scope="session")
def numbered() -> Numbered:
    """Makes names that nobody else has."""
    numbers = itertools.count(1)
    return lambda name: f"{name}-{next(numbers)}"


@pytest.fixture
def make_stack(bench: Workbench, numbered: Numbered) -> MakeStack:
    """Makes a stack of the test's own: `make_stack(**settings)`; in a resource group of its own unless one is given."""

    def make(**settings: Any) -> Stack:
        name = numbered("stack")
        return bench.stack(name, **{"resourceGroup": name, **settings})

    return make


def broken_program(folder: Path, takes: str) -> Path:
    """The project's program with a broken rule of ownership: it takes `everything` or `nothing` for its own."""
    folder.mkdir()
    broken = (
        "from components.adoption import MISSING, Presence\n"
        "from stack import placement\n\n"
        "def presence(self, field, found):\n"
        f"    return MISSING if found is None else Presence(found.id, owned={takes == 'everything'})\n\n"
        "placement._Decisions.presence = presence\n"
    )
    (folder / "__main__.py").write_text(broken + (PROJECT / "__main__.py").read_text())
    (folder / "Pulumi.yaml").write_text((PROJECT / "Pulumi.yaml").read_text())
    return folder
