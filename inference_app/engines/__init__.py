"""Engines: each family in a file of its own, all behind `contract.Engine`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from inference_app.engines.contract import BaseFiles, Engine
from inference_app.engines.processors import compute_threads
from inference_app.errors import EngineError

EngineName = Literal["llama_cpp", "vllm", "transformers", "scripted"]
EngineChoice = Literal["auto", EngineName]
PARALLEL_CPU: Final = 4
PARALLEL_GPU: Final = 64
GPU_DEVICES: Final = ("/dev/nvidiactl", "/dev/dxg")  # of the driver; the second one on WSL


@dataclass(frozen=True)
class EngineSettings:
    """What a person decides; an engine takes what it knows."""

    name: EngineChoice
    context_tokens: int
    parallel: int | None
    """Answers at the same time; None for as many as suit the engine."""
    threads: int | None
    """None for as many as make sense."""
    tensor_parallel_size: int
    adapter_rank: int | None
    """None for that of the adapters at the start."""

    @property
    def answers_at_once(self) -> int:
        """As set; else many where a GPU draws them in one batch."""
        if self.parallel is not None:
            return self.parallel
        batches = self.name == "vllm" or (self.name == "auto" and has_gpu())
        return PARALLEL_GPU if batches else PARALLEL_CPU


def create_engine(settings: EngineSettings, base: BaseFiles) -> Engine:
    """An engine for this base; nothing is loaded yet. Raises `EngineError` when what it needs is not installed."""
    name = engine_for(base.folder) if settings.name == "auto" else settings.name
    try:
        return _create(name, settings, base)
    except ImportError as error:
        raise EngineError(f"the engine {name} is not installed here, or not wholly: {error}") from error


def _create(name: EngineName, settings: EngineSettings, base: BaseFiles) -> Engine:
    threads = settings.threads or compute_threads()
    if name == "scripted":
        from inference_app.engines.scripted import ScriptedEngine

        return ScriptedEngine(settings.context_tokens)
    if name == "transformers":
        from inference_app.engines.peft_engine import PeftEngine

        return PeftEngine(base, settings.context_tokens, threads)
    if name == "vllm":
        from inference_app.engines.vllm_core import VllmSettings
        from inference_app.engines.vllm_engine import VllmEngine

        parallel, rank = settings.answers_at_once, settings.adapter_rank
        return VllmEngine(base, VllmSettings(settings.context_tokens, parallel, settings.tensor_parallel_size, rank))
    from inference_app.engines.llama_cpp import LlamaCppEngine

    return LlamaCppEngine(base, settings.context_tokens, settings.answers_at_once, threads)


def engine_for(folder: Path) -> EngineName:
    """The engine for the files that are there: llama.cpp for GGUF; for safetensors vLLM on a GPU, else transformers."""
    if not any(folder.glob("*.safetensors")):
        return "llama_cpp"
    return "vllm" if has_gpu() else "transformers"


def has_gpu() -> bool:
    """Whether this container has been given a GPU of NVIDIA's."""
    return any(Path(device).exists() for device in GPU_DEVICES)
