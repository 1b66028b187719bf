"""llama.cpp in this process, through xllamacpp: the engine for a base model in a GGUF file.

llama.cpp takes adapters only when a model is loaded. So a changed set of adapters means a second server beside the
first (fractions of a second: the weights are mapped memory, shared by both); requests that have begun end on the first.
"""

import asyncio
import tempfile
import threading
from collections.abc import AsyncGenerator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import xllamacpp as untyped_xllamacpp

from inference_app.adapters import AdapterError
from inference_app.engines.contract import AdapterFiles, BaseFiles, Event, Finish, Generation, Sampling, Text
from inference_app.engines.gguf_header import GgufHeader, read_gguf_header
from inference_app.errors import (
    ContextOverflowError,
    EngineError,
    InferenceError,
    InvalidRequestError,
    ModelNotFoundError,
)

# A compiled module without type information.
xllamacpp: Any = untyped_xllamacpp

PROMPT_BATCH_TOKENS = 512  # a client that leaves is noticed between two batches of its prompt
WHOLE_CONTEXT = -1
# Why an adapter was refused; None: it is served.
Outcome = dict[AdapterFiles, str | None]
RANDOM_SEED = xllamacpp.LLAMA_DEFAULT_SEED


class LlamaCppEngine:
    """Serves a GGUF base model and PEFT adapters converted for it."""

    def __init__(self, base: BaseFiles, context_tokens: int, parallel: int, threads: int) -> None:
        self._base = base
        self._compute_threads = threads
        self._context_tokens = context_tokens
        self._parallel = parallel
        self._threads = ThreadPoolExecutor(parallel, thread_name_prefix="llama")
        self._work = tempfile.TemporaryDirectory(prefix="inference-")
        self._started = 0
        self._loaded: _Loaded | None = None
        self._served: frozenset[str] = frozenset()

    async def serve(self, adapters: Sequence[AdapterFiles]) -> Mapping[str, str]:
        """Loads base and adapters into a new server and lets it take over, unless the present one has them all."""
        loaded = self._loaded
        if loaded is None or any(adapter not in loaded.outcome for adapter in adapters):
            loaded = await asyncio.to_thread(self._load, adapters)
            previous, self._loaded = self._loaded, loaded
            if previous is not None:
                previous.retire()
        refused = {adapter.name: reason for adapter in adapters if (reason := loaded.outcome[adapter])}
        self._served = frozenset(adapter.name for adapter in adapters) - refused.keys()
        return refused

    async def generate(self, generation: Generation) -> AsyncGenerator[Event, None]:
        """Streams from llama.cpp's own chat completion, which applies the model's chat template."""
        loaded = self._loaded
        if loaded is None:
            raise EngineError("no model is loaded")
        if generation.adapter is not None and generation.adapter not in self._served:
            raise ModelNotFoundError(f"adapter {generation.adapter} is no longer served", param="model")
        body = _body(generation, loaded)
        loop = asyncio.get_running_loop()
        arrived: asyncio.Queue[dict[str, Any] | Exception | None] = asyncio.Queue()
        gone = threading.Event()

        def take(event: dict[str, Any]) -> bool:
            loop.call_soon_threadsafe(arrived.put_nowait, event)
            return gone.is_set()  # True stops the generation

        def work() -> None:
            try:
                if not gone.is_set():
                    loaded.server.handle_chat_completions(body, take)
            except Exception as error:  # whatever it is, the request that waits must hear of it
                loop.call_soon_threadsafe(arrived.put_nowait, error)
            finally:
                loaded.leave()
                loop.call_soon_threadsafe(arrived.put_nowait, None)

        loaded.enter()
        working = loop.run_in_executor(self._threads, work)
        try:
            reader = _Reader()
            while (event := await arrived.get()) is not None:
                for piece in reader.read(event):
                    yield piece
            yield reader.finish()
        finally:
            gone.set()
            await asyncio.shield(working)

    async def close(self) -> None:
        """Ends the server when its last request has ended."""
        loaded, self._loaded = self._loaded, None
        if loaded is not None:
            loaded.retire()
            await asyncio.to_thread(loaded.freed.wait)
        self._threads.shutdown(wait=False)
        self._work.cleanup()

    def _load(self, adapters: Sequence[AdapterFiles]) -> "_Loaded":
        model = _gguf_file(self._base.folder)
        header = read_gguf_header(model)
        files: dict[AdapterFiles, Path] = {}
        outcome: Outcome = dict.fromkeys(adapters)
        for adapter in adapters:
            try:
                files[adapter] = self._converted(adapter, header)
            except AdapterError as error:
                outcome[adapter] = str(error)
        server = self._start(model, header, list(files.values()))
        if server is None and files:
            # llama.cpp does not say which one it refuses, so each is tried alone.
            for adapter, file in list(files.items()):
                if self._start(model, header, [file]) is None:
                    del files[adapter]
                    outcome[adapter] = "llama.cpp cannot load it on this base model"
            server = self._start(model, header, list(files.values()))
        if server is None:
            raise EngineError(f"llama.cpp cannot load {model}; the file may be damaged or not complete")
        return _Loaded(server, [adapter.name for adapter in files], outcome)

    def _converted(self, adapter: AdapterFiles, header: GgufHeader) -> Path:
        # Imported here: it takes half a second, which a base without adapters need not wait for.
        from inference_app.engines.peft_to_gguf import convert_adapter

        file = Path(self._work.name, f"{adapter.fingerprint}.gguf")
        if not file.exists():
            unfinished = file.with_suffix(".part")
            convert_adapter(adapter.folder, header, unfinished)
            unfinished.rename(file)
        return file

    def _start(self, model: Path, header: GgufHeader, adapters: list[Path]) -> Any | None:
        parameters = xllamacpp.CommonParams()
        parameters.model.path = str(model)
        context = min(self._context_tokens, header.integer("context_length") or self._context_tokens)
        parameters.n_ctx = context * self._parallel
        parameters.n_parallel = self._parallel
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = self._compute_threads
        parameters.n_batch = PROMPT_BATCH_TOKENS
        # Scale 0: an adapter answers only the requests that name it.
        parameters.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(file), 0.0) for file in adapters]
        # The library also opens its own HTTP server, without a key: a socket in a private folder keeps others out.
        self._started += 1
        parameters.hostnames = [str(Path(self._work.name, f"{self._started}.sock"))]
        parameters.ui = False
        parameters.sse_ping_interval = -1  # its comment lines would be taken for answers
        parameters.cache_ram_mib = 0  # would grow to 8 GiB
        parameters.fit_params = False
        parameters.prefill_assistant = False
        parameters.force_pure_content_parser = True
        parameters.verbosity = -1  # its logs hold prompts
        with suppress(RuntimeError):
            return xllamacpp.Server(parameters)
        return None


class _Loaded:
    """A server with its adapters; freed when it is retired and nobody uses it any more."""

    def __init__(self, server: Any, names: list[str], outcome: Outcome) -> None:
        self.server = server
        self.ids = {name: index for index, name in enumerate(names)}
        self.outcome = outcome
        self.freed = threading.Event()
        self._lock = threading.Lock()
        self._users = 0
        self._retired = False

    def enter(self) -> None:
        with self._lock:
            self._users += 1

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            self._free_if_unused()

    def retire(self) -> None:
        with self._lock:
            self._retired = True
            self._free_if_unused()

    def _free_if_unused(self) -> None:
        if self._retired and not self._users:
            # In a thread of its own: the destructor waits for llama.cpp's loop to end.
            threading.Thread(target=self._free, name="llama-free").start()

    def _free(self) -> None:
        del self.server
        self.freed.set()


class _Reader:
    """Turns llama.cpp's chunks into events."""

    def __init__(self) -> None:
        self._reason: str | None = None
        self._usage: dict[str, int] = {}

    def read(self, event: dict[str, Any] | Exception) -> list[Text]:
        if isinstance(event, ValueError):  # the shape of the request
            raise InvalidRequestError(str(event)) from event
        if isinstance(event, Exception):
            raise EngineError(f"llama.cpp broke down: {event}") from event
        if "error" in event:
            raise _error(event["error"])
        self._usage = event.get("usage") or self._usage
        texts: list[Text] = []
        for choice in event.get("choices", ()):
            self._reason = choice.get("finish_reason") or self._reason
            content = choice["delta"].get("content")
            if content:
                texts.append(Text(content))
        return texts

    def finish(self) -> Finish:
        if self._reason is None:
            raise EngineError("llama.cpp ended the answer without a reason")
        reason = "length" if self._reason == "length" else "stop"
        return Finish(reason, self._usage.get("prompt_tokens", 0), self._usage.get("completion_tokens", 0))


def _gguf_file(folder: Path) -> Path:
    files = sorted(folder.glob("*.gguf"))
    if len(files) != 1:
        listed = ", ".join(file.name for file in files) or "none"
        raise EngineError(f"{folder} must hold exactly one .gguf file for llama.cpp; there is: {listed}")
    return files[0]


def _body(generation: Generation, loaded: _Loaded) -> dict[str, Any]:
    body: dict[str, Any] = {
        "messages": [{"role": turn.role, "content": turn.content} for turn in generation.messages],
        "stream": True,
        "stream_options": {"include_usage": True},
        **_sampling(generation.sampling),
    }
    # Always all of them, for the base too: without this field llama.cpp (2026.10) switches the adapters off but goes on
    # with the prompt cache that the last adapter filled, and the base answers like the adapter.
    body["lora"] = [
        {"id": index, "scale": 1.0 if name == generation.adapter else 0.0} for name, index in loaded.ids.items()
    ]
    return body


def _sampling(sampling: Sampling) -> dict[str, Any]:
    """Everything is said: llama.cpp's own defaults (top-k 40, min-p 0.05) are not OpenAI's."""
    return {
        "max_tokens": WHOLE_CONTEXT if sampling.max_tokens is None else sampling.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k or 0,
        "min_p": 0.0,
        "stop": list(sampling.stop),
        "seed": RANDOM_SEED if sampling.seed is None else sampling.seed % RANDOM_SEED,
        "presence_penalty": sampling.presence_penalty,
        "frequency_penalty": sampling.frequency_penalty,
    }


def _error(error: dict[str, Any]) -> InferenceError:
    message = str(error.get("message", "llama.cpp gave no reason"))
    if error.get("type") == "exceed_context_size_error":
        return ContextOverflowError(
            f"the prompt has {error['n_prompt_tokens']} tokens, the context only {error['n_ctx']}", param="messages"
        )
    if error.get("code") == 400:
        return InvalidRequestError(message)
    return EngineError(f"llama.cpp: {message}")
