"""One generated project on one sandbox, for every test of this folder: provisioned, its model and adapter uploaded."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from operations import config_file
from operations.endpoint import endpoint_url, wait_until_ready
from tests.daily import template
from tests.workspace import command, copy_project, environment


class Project:
    """Runs commands in the project's folder, as a person in a shell does who says yes to what is asked."""

    def __init__(self, folder: Path, bytecode: Path) -> None:
        self.folder = folder
        self.environment = {
            **{key: value for key, value in environment(folder).items() if key != "PYTHONDONTWRITEBYTECODE"},
            "PYTHONPYCACHEPREFIX": str(bytecode),
            "COLUMNS": "120",
            "BROWSER": "true",
            "XDG_CACHE_HOME": str(folder / "cache"),
        }

    def run(self, *words: str, status: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
        """`aca-inference WORDS`, with stderr after stdout; its exit status must be this one."""
        done = subprocess.run(
            command(self.folder, *words),
            cwd=self.folder,
            env={**self.environment, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert done.returncode == status, f"aca-inference {' '.join(words)}\n{done.stdout}\n{done.stderr}"
        return done

    def start(self, *words: str) -> subprocess.Popen[str]:
        """The same, without waiting for its end."""
        return subprocess.Popen(
            command(self.folder, *words),
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    @property
    def url(self) -> str:
        """Of the endpoint."""
        return endpoint_url(config_file.read(self.folder / config_file.DEFAULT_PATH).aca_app_endpoint)


@pytest.fixture(scope="session")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A generated project in which nothing has been done yet; everything is taken down in the end."""
    folder = copy_project(tmp_path_factory.mktemp("generated") / "project")
    template.lay_out(folder)
    project = Project(folder, Path(os.environ.get("PYTHONPYCACHEPREFIX", tmp_path_factory.mktemp("bytecode"))))
    yield project
    project.run("sandbox", "down")


@pytest.fixture(scope="session")
def project(generated: Project) -> Project:
    """The project once it serves."""
    generated.run("provision", "--yes")
    for folder in (template.ADAPTER_FOLDER, template.MODEL_FOLDER):
        generated.run("upload", folder, "--yes")
    wait_until_ready(generated.url, 120)
    return generated
