"""These tests' process is a client of their sandbox."""

from collections.abc import Generator

import pytest

from tests.sandbox.conftest import Cloud
from tests.sign_in import signed_in


@pytest.fixture(scope="module", autouse=True)
def own_sandbox(cloud: Cloud) -> Generator[None]:
    """Another sandbox of this process may have set the environment."""
    with signed_in(cloud.endpoints.environment):
        yield
