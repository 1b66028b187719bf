"""Which models answer right now, kept in step with the file share."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from inference_app.adapters import Description
from inference_app.engines.contract import BaseFiles, Engine
from inference_app.errors import InferenceError, InvalidRequestError, ModelNotFoundError, NotReadyError
from inference_app.logs import log
from inference_app.share import Found, Share, Unusable

RETRY_AFTER_SECONDS = 3
FIRST_ADAPTERS_SECONDS = 15.0  # how long readiness waits for adapters that are still being written
NOT_READY_SCAN_SECONDS = 0.5


@dataclass(frozen=True)
class Model:
    """A model that requests can name."""

    id: str
    created: int
    """Unix time at which it was first served, seconds."""
    base: str | None = None
    """The base model's id; None for the base itself."""
    description: Description = field(default_factory=Description)
    """How its maker wants it to be asked."""


class Catalogue:
    """The base model, its adapters and the engine that serves them."""

    def __init__(self, share: Share, wanted_base: str | None, create_engine: Callable[[BaseFiles], Engine]) -> None:
        self._share = share
        self._wanted_base = wanted_base
        self._create_engine = create_engine
        self._engine: Engine | None = None
        self._base: BaseFiles | None = None
        self._found = Found()
        self._models: dict[str, Model] = {}
        self._reported: str | None = None
        self._patience_ends = time.monotonic() + FIRST_ADAPTERS_SECONDS
        self.unusable: tuple[Unusable, ...] = ()
        self.waiting_for: str | None = "looking for the base model"
        """What keeps the models from being served; None once they are."""

    @property
    def engine(self) -> Engine:
        """The engine; `NotReadyError` before a base model is loaded."""
        if self._engine is None:
            raise NotReadyError(str(self.waiting_for), retry_after_seconds=RETRY_AFTER_SECONDS)
        return self._engine

    @property
    def mixes_models(self) -> bool:
        """Whether the engine draws answers by different models together without loss."""
        return self._engine is None or self._engine.mixes_models

    @property
    def models(self) -> tuple[Model, ...]:
        """The base first, then the adapters by path."""
        return tuple(self._models.values())

    def model(self, name: str | None) -> Model:
        """The model of that name; without a name the only adapter, or the base where there are no adapters.

        The original chat app had no model names and served its one adapter. A request that leaves open which of
        several is meant is refused, so that nobody takes the base's answer for an adapter's.
        """
        _ = self.engine
        if name is not None:
            return self._named(name)
        base, *adapters = self.models
        if self.unusable or len(adapters) > 1:
            listed = ", ".join(model.id for model in self.models)
            raise InvalidRequestError(
                f"model is missing; choose one of: {listed}", param="model", code="model_required"
            )
        return adapters[0] if adapters else base

    def _named(self, name: str) -> Model:
        if name in self._models:
            return self._models[name]
        for unusable in self.unusable:
            if unusable.name == name:
                raise ModelNotFoundError(
                    f"the adapter {name} ({unusable.path}) cannot be used: {unusable.reason}",
                    param="model",
                    code="adapter_unusable",
                )
        listed = ", ".join(self._models)
        raise ModelNotFoundError(f"there is no model {name[:128]!r}; there are: {listed}", param="model")

    async def watch(self, scan_seconds: float) -> None:
        """Follows the share until cancelled. A failed look changes nothing that is served."""
        while True:
            try:
                await self._look()
            except (InferenceError, OSError) as error:
                self._report(str(error))
            except Exception:  # one bad look must not end the watch
                log("looking at the share failed", level=40, exc_info=True)
            await asyncio.sleep(scan_seconds if self._engine else min(scan_seconds, NOT_READY_SCAN_SECONDS))

    async def _look(self) -> None:
        base = await asyncio.to_thread(self._share.base, self._wanted_base)
        found = await asyncio.to_thread(self._share.adapters, base.id)
        if self._engine is not None and self._engine.failed:
            await self._give_up()
        if self._engine is None and found.unsettled and time.monotonic() < self._patience_ends:
            raise NotReadyError(f"waiting for adapters that are being written: {', '.join(found.unsettled)}")
        if self._engine is None or base != self._base:
            await self._change_base(base, found)
        elif (found.adapters, found.unusable) != (self._found.adapters, self._found.unusable):
            self._publish(base, found, await self._serve(self._engine, found))

    async def _give_up(self) -> None:
        """Frees an engine that has broken down for good; readiness is off until a new one serves."""
        broken, self._engine = self._engine, None
        self.waiting_for = "the engine has broken down and is started anew"
        log("engine broke down", level=40)
        if broken is not None:
            await broken.close()

    async def _change_base(self, base: BaseFiles, found: Found) -> None:
        if self._engine is None:
            self.waiting_for = f"loading {base.id}"
        log("loading", model=base.id)
        engine = self._create_engine(base)
        try:
            refused = await self._serve(engine, found)
        except BaseException:
            await engine.close()
            raise
        previous, self._engine = self._engine, engine
        self._publish(base, found, refused)
        if previous is not None:
            await previous.close()

    async def _serve(self, engine: Engine, found: Found) -> Mapping[str, str]:
        began = time.monotonic()
        refused = await engine.serve([adapter.files for adapter in found.adapters])
        log("models loaded", seconds=round(time.monotonic() - began, 3), adapters=len(found.adapters) - len(refused))
        return refused

    def _publish(self, base: BaseFiles, found: Found, refused: Mapping[str, str]) -> None:
        now = int(time.time())
        created = {model.id: model.created for model in self.models}
        models = {base.id: Model(base.id, created.get(base.id, now))}
        unusable = list(found.unusable)
        for adapter in found.adapters:
            name = adapter.files.name
            if name in refused:
                unusable.append(Unusable(name, adapter.path, refused[name]))
            else:
                models[name] = Model(name, created.get(name, now), base.id, adapter.description)
        for item in unusable:
            if item not in self.unusable:
                log("adapter cannot be used", level=30, adapter=item.name, path=item.path, reason=item.reason)
        self._base, self._found, self._models, self.unusable = base, found, models, tuple(unusable)
        self.waiting_for = self._reported = None
        log("serving", models=list(models))

    def _report(self, reason: str) -> None:
        """Says once what is waited for; what is already served goes on."""
        if reason != self._reported:
            log("not ready" if self._engine is None else "still serving what was there", level=30, reason=reason)
            self._reported = reason
        if self._engine is None:
            self.waiting_for = reason

    async def close(self) -> None:
        """Frees the engine."""
        if self._engine is not None:
            await self._engine.close()
