"""One llama.cpp server in this process: base model and adapters, loaded once, freed when nobody uses them any more."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import xllamacpp as untyped_xllamacpp

from inference_app.engines.contract import AdapterFiles
from inference_app.errors import EngineError

# A compiled module without type information.
xllamacpp: Any = untyped_xllamacpp

# A client that leaves is noticed between two batches of its prompt, and other answers go on meanwhile. 16 tokens a
# thread read as fast as 512 (within 10 %, SmolLM2-135M on one thread) and take a tenth of a second.
PROMPT_BATCH_TOKENS_PER_THREAD = 16
ASK_SECONDS = 60.0
READ_BYTES = 4 << 20
# Why an adapter was refused; None: it is served.
Outcome = Mapping[AdapterFiles, str | None]


@dataclass(frozen=True)
class ServerSettings:
    """What a server needs to know besides its files."""

    context_tokens: int
    parallel: int
    threads: int
    chat_template: str = ""
    """Jinja; empty for the one in the model's file."""


class LlamaServer:
    """A running server; `enter` and `leave` count who uses it."""

    def __init__(self, server: Any, adapters: Sequence[str], outcome: Outcome, context_tokens: int) -> None:
        self._server = server
        self.ids = {name: index for index, name in enumerate(adapters)}
        self.outcome = outcome
        self.context_tokens = context_tokens
        self.freed = threading.Event()
        self._lock = threading.Lock()
        self._users = 0
        self._retired = False
        self._socket = str(server.listening_address).removeprefix("unix://")

    def complete(self, body: dict[str, Any], take: Callable[[dict[str, Any]], bool]) -> None:
        """Draws an answer in the calling thread; `take` gets each chunk and returns True to stop."""
        self._server.handle_completions(body, take)

    async def ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """What the library offers only over its own HTTP server; the answer, or `{"error": ...}`."""
        return await asyncio.to_thread(self._ask, path, json.dumps(body))

    def _ask(self, path: str, body: str) -> dict[str, Any]:
        connection = _UnixConnection(self._socket)
        try:
            connection.request("POST", path, body.encode(), {"Content-Type": "application/json"})
            return json.loads(connection.getresponse().read())
        finally:
            connection.close()

    def enter(self) -> None:
        """Somebody begins to use the server."""
        with self._lock:
            self._users += 1

    def leave(self) -> None:
        """Somebody has finished using it."""
        with self._lock:
            self._users -= 1
            self._free_if_unused()

    def retire(self) -> None:
        """Nobody new will use it."""
        with self._lock:
            self._retired = True
            self._free_if_unused()

    def _free_if_unused(self) -> None:
        if self._retired and not self._users:
            # In a thread of its own: the destructor waits for llama.cpp's loop to end.
            threading.Thread(target=self._free, name="llama-free").start()

    def _free(self) -> None:
        del self._server
        self.freed.set()


class _UnixConnection(HTTPConnection):
    """HTTP over a socket in the file system. A client library would take as long to import as a small model to load."""

    def __init__(self, path: str) -> None:
        super().__init__("llama", timeout=ASK_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def read_ahead(model: Path) -> None:
    """Brings a model's file into the page cache, in pieces that let other threads run meanwhile.

    The library holds Python's interpreter lock while it loads: from a slow share that would be minutes in which
    nothing answers, not even the liveness probe.
    """
    try:
        with model.open("rb", buffering=0) as file:
            while file.read(READ_BYTES):
                pass
    except OSError as error:
        raise EngineError(f"{model} cannot be read: {error}") from error


def start_server(model: Path, adapters: Sequence[Path], socket: Path, settings: ServerSettings) -> Any | None:
    """A server of the library over these files, or None when it cannot load them; it does not say why.

    Its own HTTP server listens on `socket`, which must lie in a folder that is closed to others.
    """
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(model)
    parameters.n_ctx = settings.context_tokens * settings.parallel
    parameters.n_parallel = settings.parallel
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = settings.threads
    # Beside one token of each answer: prompts would otherwise wait while all places answer.
    parameters.n_batch = PROMPT_BATCH_TOKENS_PER_THREAD * settings.threads + settings.parallel
    # Scale 0: an adapter answers only the requests that name it.
    parameters.lora_adapters = [xllamacpp.CommonAdapterLoraInfo(str(file), 0.0) for file in adapters]
    parameters.hostnames = [str(socket)]
    parameters.chat_template = settings.chat_template
    parameters.ui = False
    parameters.sse_ping_interval = -1  # its comment lines would be taken for answers
    parameters.cache_ram_mib = 0  # would grow to 8 GiB
    parameters.fit_params = False
    parameters.prefill_assistant = False
    parameters.verbosity = -1  # its logs hold prompts
    with suppress(RuntimeError):
        return xllamacpp.Server(parameters)
    return None
