from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from sandbox.fleet.fleet import Fleet
from sandbox.fleet.namespaces import namespaces_available
from tests.sandbox.fleet.harness import IMAGE, PACE, PATIENCE_SECONDS, Harness, make_image

Fleets = Callable[..., AbstractAsyncContextManager[Harness]]


@pytest.fixture
def fleets(tmp_path: Path) -> Fleets:
    """Makes fleets; those of one test share a log folder and an image."""
    images = {IMAGE: make_image(tmp_path / "image")}

    @asynccontextmanager
    async def make(**options) -> AsyncIterator[Harness]:
        events = []
        fleet = Fleet(images, tmp_path / "logs", events.append, **{"pace": PACE, **options})
        await fleet.start()
        try:
            async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, trust_env=False) as client:
                yield Harness(fleet, tmp_path / "logs", client, images, events)
        finally:
            await fleet.close()

    return make


@pytest.fixture
async def harness(fleets: Fleets) -> AsyncIterator[Harness]:
    async with fleets() as made:
        yield made


needs_namespaces = pytest.mark.skipif(not namespaces_available(), reason="this machine has no namespaces")
