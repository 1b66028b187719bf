"""A request that waits is answered by what its model is when its turn comes: all of one version."""

import asyncio
from contextlib import AsyncExitStack, aclosing
from pathlib import Path

import pytest

from inference_app.admission import Admission
from inference_app.catalogue import Catalogue
from inference_app.deadlines import Deadlines
from inference_app.engines.contract import Text, Turn
from inference_app.engines.scripted import ScriptedEngine
from inference_app.errors import InvalidRequestError, ModelNotFoundError, NotReadyError
from inference_app.metrics import Metrics
from inference_app.service import InferenceService, Wish
from inference_app.share import Share
from tests.inference_app.shares import ADAPTER_FOLDER, BASE, LONG_AGO, make_adapter, make_share, settle

WISH = Wish((Turn("user", "hello"),))


async def said(service: InferenceService, model: str | None) -> str:
    async with aclosing(service.answer(service.catalogue.model(model), [WISH])) as parts:
        return "".join([event.content async for _, event in parts if isinstance(event, Text)])


async def serving(root: Path, held: AsyncExitStack) -> InferenceService:
    """A service with one place, which follows the share closely."""
    catalogue = Catalogue(Share(root), None, lambda base: ScriptedEngine(64))
    watching = asyncio.create_task(catalogue.watch(0.01))
    held.callback(watching.cancel)
    while catalogue.waiting_for is not None:
        await asyncio.sleep(0.01)
    return InferenceService(catalogue, Admission(1, 4), Deadlines(60), Metrics())


async def test_template_and_adapter_change_together_while_a_request_waits(tmp_path: Path) -> None:
    folder = make_adapter(make_share(tmp_path) / ADAPTER_FOLDER, name="tone", prompt_template="old {}")
    async with AsyncExitStack() as held:
        service = await serving(tmp_path, held)
        assert await said(service, "tone") == "tone: old hello"
        async with service.admission.place(BASE):
            waiting = asyncio.create_task(said(service, "tone"))
            await asyncio.sleep(0)
            make_adapter(folder, name="tone", prompt_template="new {}")
            settle(folder, LONG_AGO + 1)
            while service.catalogue.model("tone").description.prompt_template != "new {}":
                await asyncio.sleep(0.01)
        assert await waiting == "tone: new hello"


async def test_an_adapter_that_goes_while_a_request_waits_is_not_replaced_by_the_base(tmp_path: Path) -> None:
    folder = make_adapter(make_share(tmp_path) / ADAPTER_FOLDER, name="tone")
    async with AsyncExitStack() as held:
        service = await serving(tmp_path, held)
        async with service.admission.place(BASE):
            waiting = asyncio.create_task(said(service, "tone"))
            await asyncio.sleep(0)
            for file in folder.iterdir():
                file.unlink()
            while len(service.catalogue.models) > 1:
                await asyncio.sleep(0.01)
        with pytest.raises(ModelNotFoundError):
            await waiting


async def test_without_a_name_nobody_guesses(tmp_path: Path) -> None:
    make_share(tmp_path)
    async with AsyncExitStack() as held:
        service = await serving(tmp_path, held)
        assert service.catalogue.model(None).id == BASE
        make_adapter(tmp_path / "models/one")
        while len(service.catalogue.models) < 2:
            await asyncio.sleep(0.01)
        assert service.catalogue.model(None).id == "one"
        make_adapter(tmp_path / "models/two")
        while len(service.catalogue.models) < 3:
            await asyncio.sleep(0.01)
        with pytest.raises(InvalidRequestError, match="model is missing; choose one of"):
            service.catalogue.model(None)


async def test_stopping_ends_what_runs_and_what_waits(tmp_path: Path) -> None:
    make_share(tmp_path)
    async with AsyncExitStack() as held:
        service = await serving(tmp_path, held)
        async with service.admission.place(BASE):
            waiting = asyncio.create_task(said(service, BASE))
            await asyncio.sleep(0)
            service.deadlines.stop()
            with pytest.raises(NotReadyError, match="the server stops"):
                await waiting
        with pytest.raises(NotReadyError):
            await said(service, BASE)


def test_nothing_is_served_before_there_is_a_model(tmp_path: Path) -> None:
    catalogue = Catalogue(Share(tmp_path), None, lambda base: ScriptedEngine(64))
    with pytest.raises(NotReadyError):
        catalogue.model(None)
    with pytest.raises(NotReadyError):
        _ = catalogue.engine
