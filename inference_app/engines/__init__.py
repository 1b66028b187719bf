"""Engines: each family in a file of its own, all behind `contract.Engine`."""

from typing import Literal

from inference_app.engines.contract import BaseFiles, Engine
from inference_app.engines.processors import compute_threads

EngineName = Literal["llama_cpp", "scripted"]


def create_engine(
    name: EngineName, base: BaseFiles, *, context_tokens: int, parallel: int, threads: int | None
) -> Engine:
    """An engine for this base; nothing is loaded yet. Threads: None for as many as make sense."""
    if name == "scripted":
        from inference_app.engines.scripted import ScriptedEngine

        return ScriptedEngine(context_tokens)
    # Imported here, so that only the engine in use has to be installed.
    from inference_app.engines.llama_cpp import LlamaCppEngine

    return LlamaCppEngine(base, context_tokens, parallel, threads or compute_threads())
