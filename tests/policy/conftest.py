"""One sandbox for all tests of this folder that need an engine."""

from collections.abc import Iterator

import pytest

from sandbox import control


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Environment of a running sandbox."""
    state = tmp_path_factory.mktemp("sandbox")
    control.start(state, images={})
    yield control.environment(state)
    control.stop(state, timeout_seconds=10)
