"""A sandbox in the background, as the command line starts it, with the real fleet."""

from collections.abc import Generator
from pathlib import Path

import pytest

from sandbox import control


@pytest.fixture
def state(tmp_path: Path) -> Generator[Path]:
    """A state folder; whatever runs in it is stopped at the end."""
    folder = tmp_path / "state"
    yield folder
    control.stop(folder)
