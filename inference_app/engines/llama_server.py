"""One llama.cpp server in this process: base model and adapters, loaded once, freed when nobody uses them any more."""

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import xllamacpp as untyped_xllamacpp

from inference_app.engines.contract import AdapterFiles

# A compiled module without type information.
xllamacpp: Any = untyped_xllamacpp

# A client that leaves is noticed between two batches of its prompt, and other answers go on meanwhile. 16 tokens a
# thread read as fast as 512 (within 10 %, SmolLM2-135M on one thread) and take a tenth of a second.
PROMPT_BATCH_TOKENS_PER_THREAD = 16
ASK_SECONDS = 60.0
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
        transport = httpx.AsyncHTTPTransport(uds=self._socket, verify=False)  # no TLS on a socket of our own
        async with httpx.AsyncClient(transport=transport, timeout=ASK_SECONDS, trust_env=False) as client:
            return (await client.post(f"http://llama{path}", json=body)).json()

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
