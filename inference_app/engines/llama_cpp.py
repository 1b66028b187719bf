"""llama.cpp in this process, through xllamacpp: the engine for a base model in a GGUF file.

llama.cpp takes adapters only when a model is loaded. So a changed set of adapters means a second server beside the
first (fractions of a second: the weights are mapped memory, shared by both); requests that have begun end on the first.
"""

import asyncio
import tempfile
import threading
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from inference_app.adapters import AdapterError
from inference_app.engines.adapter_files import refuse_if_changed
from inference_app.engines.contract import AdapterFiles, BaseFiles, Event, Generation, Prompt
from inference_app.engines.gguf_header import GgufHeader, read_gguf_header
from inference_app.engines.json_schema import check_schema
from inference_app.engines.llama_server import LlamaServer, ServerSettings, read_ahead, start_server
from inference_app.engines.llama_wire import AnswerReader, completion_body, raise_error
from inference_app.errors import EngineError, ModelNotFoundError

CHAT_TEMPLATE = "chat_template.jinja"


class LlamaCppEngine:
    """Serves a GGUF base model and PEFT adapters converted for it."""

    unsupported: frozenset[str] = frozenset()
    failed = False
    mixes_models = False  # llama.cpp puts only answers by the same adapters into one batch

    def __init__(self, base: BaseFiles, context_tokens: int, parallel: int, threads: int) -> None:
        self._base = base
        self._settings = ServerSettings(context_tokens, parallel, threads)
        self._threads = ThreadPoolExecutor(parallel, thread_name_prefix="llama")
        self._work = tempfile.TemporaryDirectory(prefix="inference-")
        self._started = 0
        self._server: LlamaServer | None = None
        self._served: frozenset[str] = frozenset()

    @property
    def context_tokens(self) -> int:
        """As set, but never above what the model was made for."""
        return self._current().context_tokens

    async def serve(self, adapters: Sequence[AdapterFiles]) -> Mapping[str, str]:
        """Loads base and adapters into a new server and lets it take over, unless the present one has them all."""
        server = self._server
        if server is None or any(adapter not in server.outcome for adapter in adapters):
            server = await asyncio.to_thread(self._load, adapters)
            previous, self._server = self._server, server
            if previous is not None:
                previous.retire()
        refused = {adapter.name: reason for adapter in adapters if (reason := server.outcome[adapter])}
        self._served = frozenset(adapter.name for adapter in adapters) - refused.keys()
        return refused

    async def generate(self, generation: Generation) -> AsyncGenerator[Event, None]:
        """Streams a completion of the prompt; a conversation is first put into the model's own chat template."""
        server, sampling = self._current(), generation.sampling
        if generation.adapter is not None and generation.adapter not in self._served:
            raise ModelNotFoundError(f"adapter {generation.adapter} is no longer served", param="model")
        if sampling.json_schema is not None:
            check_schema(sampling.json_schema)
        scales = {number: 1.0 if name == generation.adapter else 0.0 for name, number in server.ids.items()}
        loop = asyncio.get_running_loop()
        arrived: asyncio.Queue[dict[str, Any] | Exception | None] = asyncio.Queue()
        gone = threading.Event()

        def take(chunk: dict[str, Any]) -> bool:
            loop.call_soon_threadsafe(arrived.put_nowait, chunk)
            return gone.is_set()  # True stops the generation

        def work(body: dict[str, Any]) -> None:
            try:
                if not gone.is_set():
                    server.complete(body, take)
            except Exception as error:  # whatever it is, the request that waits must hear of it
                loop.call_soon_threadsafe(arrived.put_nowait, error)
            finally:
                loop.call_soon_threadsafe(arrived.put_nowait, None)

        server.enter()
        try:
            body = completion_body(await _text(server, generation.prompt), sampling, scales)
            working = loop.run_in_executor(self._threads, work, body)
            try:
                reader = AnswerReader(sampling.top_logprobs)
                while (chunk := await arrived.get()) is not None:
                    for piece in reader.read(chunk):
                        yield piece
                yield reader.finish()
            finally:
                gone.set()
                await asyncio.shield(working)
        finally:
            server.leave()

    async def tokenize(self, prompt: Prompt) -> list[int]:
        """As llama.cpp reads it, with the model's own special tokens."""
        server = self._current()
        server.enter()
        try:
            body = {"content": await _text(server, prompt), "add_special": True, "parse_special": True}
            answer = await server.ask("/tokenize", body)
        finally:
            server.leave()
        raise_error(answer)
        return answer["tokens"]

    async def close(self) -> None:
        """Ends the server when its last request has ended."""
        server, self._server = self._server, None
        if server is not None:
            server.retire()
            await asyncio.to_thread(server.freed.wait)
        self._threads.shutdown(wait=False)
        self._work.cleanup()

    def _current(self) -> LlamaServer:
        if self._server is None:
            raise EngineError("no model is loaded")
        return self._server

    def _load(self, adapters: Sequence[AdapterFiles]) -> LlamaServer:
        model = _gguf_file(self._base.folder)
        header = read_gguf_header(model)
        own_limit = header.integer("context_length") or self._settings.context_tokens
        settings = ServerSettings(
            min(self._settings.context_tokens, own_limit),
            self._settings.parallel,
            self._settings.threads,
            _chat_template(self._base.folder),
        )
        files: dict[AdapterFiles, Path] = {}
        outcome: dict[AdapterFiles, str | None] = dict.fromkeys(adapters)
        for adapter in adapters:
            try:
                files[adapter] = self._converted(adapter, header)
            except AdapterError as error:
                outcome[adapter] = str(error)
        if self._server is None:
            read_ahead(model)
        server = self._start(model, list(files.values()), settings)
        if server is None and files:
            # llama.cpp does not say which one it refuses, so each is tried alone.
            for adapter, file in list(files.items()):
                if self._start(model, [file], settings) is None:
                    del files[adapter]
                    outcome[adapter] = "llama.cpp cannot load it on this base model"
            server = self._start(model, list(files.values()), settings)
        if server is None:
            raise EngineError(f"llama.cpp cannot load {model}; the file may be damaged or not complete")
        self._forget_all_but(files.values())
        return LlamaServer(server, [adapter.name for adapter in files], outcome, settings.context_tokens)

    def _converted(self, adapter: AdapterFiles, header: GgufHeader) -> Path:
        # Imported here: it takes half a second, which a base without adapters need not wait for.
        from inference_app.engines.peft_to_gguf import convert_adapter

        file = Path(self._work.name, f"{adapter.fingerprint}.gguf")
        if not file.exists():
            unfinished = file.with_suffix(".part")
            try:
                convert_adapter(adapter.folder, header, unfinished)
            except AdapterError:
                unfinished.unlink(missing_ok=True)
                refuse_if_changed(adapter)
                raise
            refuse_if_changed(adapter)
            unfinished.rename(file)
        return file

    def _forget_all_but(self, used: Collection[Path]) -> None:
        """Removes conversions of adapters that have changed or gone; what is loaded no longer needs its file."""
        for file in set(Path(self._work.name).glob("*.gguf")) - set(used):
            file.unlink()

    def _start(self, model: Path, adapters: list[Path], settings: ServerSettings) -> Any | None:
        self._started += 1
        return start_server(model, adapters, Path(self._work.name, f"{self._started}.sock"), settings)


async def _text(server: LlamaServer, prompt: Prompt) -> str:
    if isinstance(prompt, str):
        return prompt
    messages = [{"role": turn.role, "content": turn.content} for turn in prompt]
    answer = await server.ask("/apply-template", {"messages": messages})
    raise_error(answer)
    return answer["prompt"]


def _chat_template(folder: Path) -> str:
    """A template beside the model counts more than the one inside: whoever put it there wants it."""
    file = folder / CHAT_TEMPLATE
    try:
        return file.read_text(encoding="utf-8") if file.exists() else ""
    except (OSError, ValueError) as error:
        raise EngineError(f"{file} cannot be read: {error}") from error


def _gguf_file(folder: Path) -> Path:
    files = sorted(folder.glob("*.gguf"))
    if len(files) != 1:
        listed = ", ".join(file.name for file in files) or "none"
        raise EngineError(f"{folder} must hold exactly one .gguf file for llama.cpp; there is: {listed}")
    return files[0]
