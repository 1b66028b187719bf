"""vLLM in this process (its engine core runs in processes of its own): the engine for a GPU.

Adapters come and go while it runs. A new version of an adapter is a new one to vLLM, under a new number: so nothing
that vLLM has kept of the old one (weights, prompt cache) can get into an answer of the new one, and requests that have
begun end on the old one.
"""

import asyncio
import itertools
import shutil
import tempfile
import threading
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

from inference_app.adapters import ADAPTER_CONFIG, AdapterError, read_json
from inference_app.engines.adapter_files import copy_adapter
from inference_app.engines.contract import AdapterFiles, BaseFiles, Event, Finish, Generation, Prompt, Text
from inference_app.engines.json_schema import check_schema
from inference_app.engines.lora_checks import refuse_features
from inference_app.engines.safetensors_base import check_lora
from inference_app.engines.vllm_core import VllmCore, VllmSettings, cause, largest_rank, start
from inference_app.errors import EngineError, InvalidRequestError, ModelNotFoundError


class _Served:
    """A version of an adapter inside vLLM, and how many use it."""

    def __init__(self, files: AdapterFiles, request: Any) -> None:
        self.files = files
        self.request = request
        self.users = 0
        self.retired = False


class VllmEngine:
    """Serves a base model in safetensors and PEFT LoRA adapters, many answers at a time."""

    unsupported: frozenset[str] = frozenset()
    mixes_models = True

    def __init__(self, base: BaseFiles, settings: VllmSettings) -> None:
        self._base = base
        self._settings = settings
        self._work = tempfile.TemporaryDirectory(prefix="inference-")
        self._numbers = itertools.count(1)
        self._requests = itertools.count(1)
        self._loaded: VllmCore | None = None
        self._given_up = threading.Event()
        self._served: dict[str, _Served] = {}
        self._refused: dict[AdapterFiles, str] = {}

    @property
    def context_tokens(self) -> int:
        """As set, but never above what the model was made for."""
        return self._current().context_tokens

    @property
    def failed(self) -> bool:
        """Whether vLLM's core has died: it cannot be revived, only replaced."""
        return self._loaded is not None and bool(self._loaded.llm.errored)

    async def serve(self, adapters: Sequence[AdapterFiles]) -> Mapping[str, str]:
        """Starts vLLM if need be, then adds and removes adapters one by one while it runs."""
        loaded = self._loaded
        if loaded is None:
            rank = self._settings.adapter_rank or await asyncio.to_thread(largest_rank, adapters)
            loaded = self._loaded = await asyncio.to_thread(start, self._base, self._settings, rank, self._given_up)
        served: dict[str, _Served] = {}
        fresh: list[_Served] = []
        try:
            for files in adapters:
                known = self._served.get(files.name)
                if known is not None and known.files == files:
                    served[files.name] = known
                elif files not in self._refused:
                    try:
                        served[files.name] = await self._add(loaded, files)
                        fresh.append(served[files.name])
                    except AdapterError as error:
                        self._refused[files] = str(error)
        except BaseException:
            for added in fresh:
                await self._retire(added)
            raise
        previous, self._served = self._served, served
        self._refused = {files: reason for files, reason in self._refused.items() if files in adapters}
        for old in previous.values():
            if served.get(old.files.name) is not old:
                await self._retire(old)
        return {files.name: reason for files, reason in self._refused.items()}

    async def generate(self, generation: Generation) -> AsyncGenerator[Event, None]:
        """Streams what vLLM draws; closing it takes the request out of vLLM's batch."""
        loaded, sampling = self._current(), generation.sampling
        if sampling.json_schema is not None:
            check_schema(sampling.json_schema)
        tokens = await asyncio.to_thread(loaded.tokens.read_within, generation.prompt, loaded.context_tokens)
        served = self._adapter(generation.adapter)
        if served is not None:
            served.users += 1
        try:
            outputs = loaded.llm.generate(
                {"prompt_token_ids": tokens},
                loaded.parameters(sampling, len(tokens)),
                f"answer-{next(self._requests)}",
                lora_request=served.request if served else None,
            )
            drawn, reason = 0, None
            async with aclosing(outputs):
                async for output in outputs:
                    answer = output.outputs[0]
                    drawn += len(answer.token_ids)
                    reason = answer.finish_reason or reason
                    logprobs = loaded.logprobs(answer, sampling.top_logprobs)
                    if answer.text or logprobs:
                        yield Text(answer.text, logprobs)
            if reason not in ("stop", "length"):
                raise EngineError(f"vLLM ended the answer with {reason}")
            yield Finish(reason, len(tokens), drawn)
        except (loaded.refusal, ValueError) as error:  # what vLLM says of a request that it cannot take
            raise InvalidRequestError(str(error)) from error
        except (loaded.dead, loaded.broken) as error:
            raise EngineError("vLLM broke down while answering") from error
        finally:
            if served is not None:
                served.users -= 1
                if served.retired and not served.users:
                    await asyncio.shield(self._remove(served))

    async def tokenize(self, prompt: Prompt) -> list[int]:
        """As the model's own tokenizer reads it."""
        return await asyncio.to_thread(self._current().tokens.read, prompt)

    async def close(self) -> None:
        """Ends vLLM's processes once nobody is being answered any more; ends the start if it is still going on."""
        loaded, self._loaded = self._loaded, None
        self._given_up.set()
        if loaded is not None:
            while loaded.llm.get_num_unfinished_requests() and not loaded.llm.errored:  # noqa: ASYNC110 - vLLM has no event for it
                await asyncio.sleep(0.05)
            await asyncio.to_thread(loaded.llm.shutdown)
        self._work.cleanup()

    def _current(self) -> VllmCore:
        if self._loaded is None:
            raise EngineError("no model is loaded")
        return self._loaded

    def _adapter(self, name: str | None) -> _Served | None:
        if name is None:
            return None
        if name not in self._served:
            raise ModelNotFoundError(f"adapter {name} is no longer served", param="model")
        return self._served[name]

    async def _add(self, loaded: VllmCore, files: AdapterFiles) -> _Served:
        number = next(self._numbers)
        # vLLM reads it again when it has had to drop it: from a copy, which no share changes.
        folder = Path(self._work.name, str(number))
        await asyncio.to_thread(copy_adapter, files, folder)
        request = loaded.adapter_request(f"{files.name}@{number}", number, str(folder))
        try:
            await asyncio.to_thread(self._check, loaded, folder)
            await loaded.llm.add_lora(request)
        except BaseException as error:
            await asyncio.to_thread(shutil.rmtree, folder)
            if isinstance(error, loaded.dead):
                raise EngineError("vLLM broke down while an adapter was added") from error
            if not isinstance(error, Exception) or isinstance(error, AdapterError):
                raise
            # vLLM tells of a refusal by a plain Exception.
            raise AdapterError(f"vLLM cannot load it: {cause(error)}") from error
        return _Served(files, request)

    def _check(self, loaded: VllmCore, folder: Path) -> None:
        config = read_json(folder / ADAPTER_CONFIG)
        refuse_features(config, "cannot be served by vLLM", able=("rank_pattern", "alpha_pattern"))
        check_lora(folder, config, loaded.tensors, loaded.most_rank)

    async def _retire(self, served: _Served) -> None:
        served.retired = True
        if not served.users:
            await self._remove(served)

    async def _remove(self, served: _Served) -> None:
        loaded = self._loaded
        if loaded is None or loaded.llm.errored:
            return
        await loaded.llm.remove_lora(served.request.lora_int_id)
        await asyncio.to_thread(shutil.rmtree, served.request.lora_path)
