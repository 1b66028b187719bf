"""One generated project on one sandbox, for every test of this folder: all steps of the page are run on it, once."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daily.project import Project, new_project


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A generated project in which nothing has been done yet; everything is taken down in the end."""
    bytecode = Path(os.environ.get("PYTHONPYCACHEPREFIX", tmp_path_factory.mktemp("bytecode")))
    project = new_project(tmp_path_factory.mktemp("generated"), bytecode)
    yield project
    project.run("sandbox", "down")
