"""One cloud and one workbench for all tests of this folder; each test has resource groups and stacks of its own."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.engine.cloud import Cloud
from tests.engine.harness import Stack, Workbench, workbench


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
