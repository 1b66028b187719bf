"""vLLM in this process (its engine core runs in processes of its own): the engine for a GPU.

Adapters come and go while it runs. A new version of an adapter is a new one to vLLM, under a new number: so nothing
that vLLM has kept of the old one (weights, prompt cache) can get into an answer of the new one, and requests that have
begun end on the old one.
"""

import asyncio
import importlib
import itertools
import multiprocessing
import os
import shutil
import tempfile
import threading
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from inference_app.adapters import ADAPTER_CONFIG, AdapterError, read_json
from inference_app.engines.adapter_files import copy_adapter
from inference_app.engines.chat_tokens import ChatTokens
from inference_app.engines.contract import (
    AdapterFiles,
    BaseFiles,
    Event,
    Finish,
    Generation,
    Prompt,
    Sampling,
    Text,
    TokenLogprob,
)
from inference_app.engines.json_schema import check_schema
from inference_app.engines.lora_checks import refuse_features
from inference_app.engines.safetensors_base import Tensor, check_lora, own_context_tokens, read_base
from inference_app.errors import EngineError, InvalidRequestError, ModelNotFoundError

RANKS: Final = (8, 16, 32, 64, 128, 256, 320, 512)
"""What vLLM can be told to make room for."""
USUAL_RANK: Final = 16  # room that is there at least
BATCH_ADAPTERS: Final = 4
"""Adapters that can be in one batch; each takes its room on the GPU, used or not."""
KEPT_ADAPTERS: Final = 32
"""Adapters kept in main memory; one more is read again from its copy when it is asked."""
MAX_LOGPROBS: Final = 20
NO_SUCH_SEED: Final = 2**63
QUIET: Final = {
    "HF_HUB_OFFLINE": "1",
    "VLLM_NO_USAGE_STATS": "1",
    # Its own lines would stand between ours, and at a breakdown it prints the prompts that were in work.
    "VLLM_LOGGING_LEVEL": "CRITICAL",
}


@dataclass(frozen=True)
class VllmSettings:
    """What a person decides."""

    context_tokens: int
    parallel: int
    tensor_parallel_size: int
    """GPUs that share the model."""
    adapter_rank: int | None
    """Largest rank of adapters; None for that of those at the start. Room for it costs speed, used or not."""


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
        self._loaded: _Loaded | None = None
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
            rank = self._settings.adapter_rank or await asyncio.to_thread(_largest_rank, adapters)
            loaded = self._loaded = await asyncio.to_thread(_load, self._base, self._settings, rank, self._given_up)
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

    def _current(self) -> "_Loaded":
        if self._loaded is None:
            raise EngineError("no model is loaded")
        return self._loaded

    def _adapter(self, name: str | None) -> _Served | None:
        if name is None:
            return None
        if name not in self._served:
            raise ModelNotFoundError(f"adapter {name} is no longer served", param="model")
        return self._served[name]

    async def _add(self, loaded: "_Loaded", files: AdapterFiles) -> _Served:
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
            raise AdapterError(f"vLLM cannot load it: {_cause(error)}") from error
        return _Served(files, request)

    def _check(self, loaded: "_Loaded", folder: Path) -> None:
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


class _Loaded:
    """A running vLLM, and what its modules are needed for."""

    def __init__(
        self, llm: Any, tokens: ChatTokens, tensors: Mapping[str, Tensor], context_tokens: int, most_rank: int
    ) -> None:
        self.llm = llm
        self.tokens = tokens
        self.tensors = tensors
        self.context_tokens = context_tokens
        self.most_rank = most_rank
        self.adapter_request: Any = importlib.import_module("vllm.lora.request").LoRARequest
        exceptions = importlib.import_module("vllm.v1.engine.exceptions")
        self.dead: type[Exception] = exceptions.EngineDeadError
        self.broken: type[Exception] = exceptions.EngineGenerateError
        self.refusal: type[Exception] = importlib.import_module("vllm.exceptions").VLLMClientError
        self._sampling: Any = importlib.import_module("vllm.sampling_params")

    def parameters(self, sampling: Sampling, prompt_tokens: int) -> Any:
        """vLLM's own form of how an answer is drawn; it gives each piece as soon as it is there."""
        room = self.context_tokens - prompt_tokens
        structured = None
        if sampling.json_schema is not None:
            structured = self._sampling.StructuredOutputsParams(json=dict(sampling.json_schema))
        return self._sampling.SamplingParams(
            max_tokens=room if sampling.max_tokens is None else min(sampling.max_tokens, room),
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            top_k=sampling.top_k or 0,
            stop=list(sampling.stop),
            seed=None if sampling.seed is None else sampling.seed % NO_SUCH_SEED,
            presence_penalty=sampling.presence_penalty,
            frequency_penalty=sampling.frequency_penalty,
            logprobs=sampling.top_logprobs,
            structured_outputs=structured,
            output_kind=self._sampling.RequestOutputKind.DELTA,
        )

    def logprobs(self, answer: Any, wanted: int | None) -> tuple[TokenLogprob, ...]:
        """Of the tokens in this piece; vLLM tells the drawn token's, and beside it the most likely ones'."""
        if wanted is None or not answer.logprobs:
            return ()
        # The token that ends an answer is no part of it.
        ended = answer.finish_reason == "stop" and answer.stop_reason is None
        numbers = answer.token_ids[:-1] if ended else answer.token_ids
        return tuple(
            TokenLogprob(
                *self.tokens.token(drawn),
                found[drawn].logprob,
                tuple(
                    TokenLogprob(*self.tokens.token(number), entry.logprob)
                    for number, entry in sorted(found.items(), key=lambda item: item[1].rank)[:wanted]
                ),
            )
            for drawn, found in zip(numbers, answer.logprobs, strict=False)
        )


def _largest_rank(adapters: Sequence[AdapterFiles]) -> int:
    """Of the adapters that can be read; what is wrong with others is told when they are added."""
    found = [USUAL_RANK]
    for adapter in adapters:
        with suppress(AdapterError):
            rank = read_json(adapter.folder / ADAPTER_CONFIG).get("r")
            found += [rank] if type(rank) is int and rank <= RANKS[-1] else []
    return max(found)


def _load(base: BaseFiles, settings: VllmSettings, rank: int, given_up: threading.Event) -> _Loaded:
    """Minutes for a large model, or until it is given up. `EngineError` says what vLLM said."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    tensors = read_base(base.folder)
    own_limit = own_context_tokens(base.folder) or settings.context_tokens
    context_tokens = min(settings.context_tokens, own_limit)
    try:
        arguments = importlib.import_module("vllm.engine.arg_utils")
        engine = importlib.import_module("vllm.v1.engine.async_llm")
        platform = importlib.import_module("vllm.platforms").current_platform
    except ImportError as error:
        raise EngineError(f"vLLM is not installed here: install the extra vllm ({error})") from error
    tokens = ChatTokens.load(base.folder)
    most_rank = next(room for room in RANKS if room >= rank)
    threading.Thread(target=_end_start, args=[given_up, started := threading.Event()], daemon=True).start()
    try:
        llm = engine.AsyncLLM.from_engine_args(
            arguments.AsyncEngineArgs(
                model=str(base.folder),
                max_model_len=context_tokens,
                max_num_seqs=settings.parallel,
                tensor_parallel_size=settings.tensor_parallel_size,
                enable_lora=True,
                max_loras=BATCH_ADAPTERS,
                max_cpu_loras=KEPT_ADAPTERS,
                max_lora_rank=most_rank,
                max_logprobs=MAX_LOGPROBS,
                # What requests leave out is this app's to fill in, not the model folder's.
                generation_config="vllm",
                # Without a GPU there are no graphs to capture, and compiling takes longer than it gives back.
                enforce_eager=bool(platform.is_cpu()),
                enable_log_requests=False,
                disable_log_stats=True,
            )
        )
    except Exception as error:  # whatever it is, the person who reads the readiness must hear of it
        raise EngineError(f"vLLM cannot load {base.folder}: {_cause(error)}") from error
    finally:
        started.set()
    return _Loaded(llm, tokens, tensors, context_tokens, most_rank)


def _end_start(given_up: threading.Event, started: threading.Event) -> None:
    """A start cannot be cancelled, and would keep the whole app from stopping: without its core, it fails at once."""
    while not started.wait(0.2):
        if given_up.is_set():
            for child in multiprocessing.active_children():
                with suppress(psutil.NoSuchProcess):
                    _kill(psutil.Process(child.pid))


def _kill(core: psutil.Process) -> None:
    """With what it began: it asks a process of its own what kind of model this is."""
    core.suspend()  # or it could begin another one meanwhile
    for process in (*core.children(recursive=True), core):
        with suppress(psutil.NoSuchProcess):
            process.kill()


def _cause(error: BaseException) -> str:
    """What vLLM says, without the advice around it."""
    return str(error).split("', please check", 1)[0].rpartition("failed with error '")[2] or type(error).__name__
