"""A running vLLM: how it is started and ended, and its own forms of what requests ask for."""

import importlib
import multiprocessing
import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import psutil

from inference_app.adapters import ADAPTER_CONFIG, AdapterError, read_json
from inference_app.engines.chat_tokens import ChatTokens
from inference_app.engines.contract import AdapterFiles, BaseFiles, Sampling, TokenLogprob
from inference_app.engines.safetensors_base import Tensor, own_context_tokens, read_base
from inference_app.errors import EngineError

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


class VllmCore:
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


def largest_rank(adapters: Sequence[AdapterFiles]) -> int:
    """Of the adapters that can be read; what is wrong with others is told when they are added."""
    found = [USUAL_RANK]
    for adapter in adapters:
        with suppress(AdapterError):
            rank = read_json(adapter.folder / ADAPTER_CONFIG).get("r")
            found += [rank] if type(rank) is int and rank <= RANKS[-1] else []
    return max(found)


def start(base: BaseFiles, settings: VllmSettings, rank: int, given_up: threading.Event) -> VllmCore:
    """Takes minutes for a large model, or until it is given up. `EngineError` says what vLLM said."""
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
        raise EngineError(f"vLLM cannot load {base.folder}: {cause(error)}") from error
    finally:
        started.set()
    return VllmCore(llm, tokens, tensors, context_tokens, most_rank)


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


def cause(error: BaseException) -> str:
    """What vLLM says, without the advice around it."""
    return str(error).split("', please check", 1)[0].rpartition("failed with error '")[2] or type(error).__name__
