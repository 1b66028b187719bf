"""transformers and PEFT in this process: the engine for adapters that no other engine can apply, by any method of PEFT.

One answer at a time: PEFT switches adapters by changing the model. On a GPU the base is held in 4 bits, as the
original chat app held it. All work on the model is done by one thread, so nothing changes under a running answer.
"""

import asyncio
import itertools
import threading
from collections.abc import AsyncGenerator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from inference_app.adapters import AdapterError
from inference_app.engines.contract import AdapterFiles, BaseFiles, Event, Generation, Prompt
from inference_app.engines.peft_model import PeftModel
from inference_app.errors import EngineError, InferenceError, ModelNotFoundError


@dataclass
class _Served:
    """A version of an adapter in memory, under a name of its own, and how many use it or wait for it."""

    files: AdapterFiles
    name: str
    users: int = 0
    retired: bool = False


class PeftEngine:
    """Serves a base model in safetensors and PEFT adapters of one method."""

    unsupported: frozenset[str] = frozenset({"response_format"})
    failed = False
    mixes_models = True

    def __init__(self, base: BaseFiles, context_tokens: int, threads: int) -> None:
        self._base = base
        self._wanted_context = context_tokens
        self._thread_count = threads
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="peft")
        self._numbers = itertools.count(1)
        self._model: PeftModel | None = None
        self._served: dict[str, _Served] = {}
        self._refused: dict[AdapterFiles, str] = {}

    @property
    def context_tokens(self) -> int:
        """As set, but never above what the model was made for."""
        return self._current().context_tokens

    async def serve(self, adapters: Sequence[AdapterFiles]) -> Mapping[str, str]:
        """Loads the base if need be, then the adapters that are new, between two answers."""
        model = self._model
        if model is None:
            model = await self._work(PeftModel.load, self._base, self._wanted_context, self._thread_count)
            self._model = model
        served: dict[str, _Served] = {}
        for files in adapters:
            known = self._served.get(files.name)
            if known is not None and known.files == files:
                served[files.name] = known
            elif files not in self._refused:
                entry = _Served(files, f"version_{next(self._numbers)}")
                try:
                    await self._work(model.add, entry.files, entry.name)
                    served[files.name] = entry
                except AdapterError as error:
                    self._refused[files] = str(error)
        previous, self._served = self._served, served
        self._refused = {files: reason for files, reason in self._refused.items() if files in adapters}
        for old in previous.values():
            if served.get(old.files.name) is not old:
                old.retired = True
                await self._remove_unused(old)
        return {files.name: reason for files, reason in self._refused.items()}

    async def generate(self, generation: Generation) -> AsyncGenerator[Event, None]:
        """Streams one answer when those before it have ended."""
        # Imported here: it needs torch, which is in memory only when the model is.
        from inference_app.engines.peft_answer import draw

        model = self._current()
        tokens = await asyncio.to_thread(model.tokens.read_within, generation.prompt, model.context_tokens)
        served = self._adapter(generation.adapter)
        loop = asyncio.get_running_loop()
        arrived: asyncio.Queue[Event | Exception | None] = asyncio.Queue()
        gone = threading.Event()

        def tell(event: Event | Exception | None) -> None:
            loop.call_soon_threadsafe(arrived.put_nowait, event)

        def work() -> None:
            try:
                with model.answering(served.name if served else None, gone):
                    draw(model.model, model.tokens, tokens, generation.sampling, model.context_tokens, gone, tell)
            except InferenceError as error:
                tell(error)
            except Exception as error:  # whatever it is, the request that waits must hear of it
                failure = EngineError(f"transformers broke down: {type(error).__name__}")
                failure.__cause__ = error
                tell(failure)
            finally:
                tell(None)

        if served is not None:
            served.users += 1
        working = self._worker.submit(work)
        try:
            while (event := await arrived.get()) is not None:
                if isinstance(event, Exception):
                    raise event
                yield event
        finally:
            gone.set()
            if not working.cancel():
                await asyncio.shield(asyncio.wrap_future(working))
            if served is not None:
                served.users -= 1
                await asyncio.shield(self._remove_unused(served))

    async def tokenize(self, prompt: Prompt) -> list[int]:
        """As the model's own tokenizer reads it."""
        return await asyncio.to_thread(self._current().tokens.read, prompt)

    async def close(self) -> None:
        """Frees the model when the last answer has ended."""
        await asyncio.to_thread(self._worker.shutdown, wait=True)
        self._model = None

    async def _work(self, task: Any, *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._worker, task, *arguments)

    def _current(self) -> PeftModel:
        if self._model is None:
            raise EngineError("no model is loaded")
        return self._model

    def _adapter(self, name: str | None) -> _Served | None:
        if name is None:
            return None
        if name not in self._served:
            raise ModelNotFoundError(f"adapter {name} is no longer served", param="model")
        return self._served[name]

    async def _remove_unused(self, served: _Served) -> None:
        if served.retired and not served.users and self._model is not None:
            await self._work(self._model.remove, served.name)
