"""A start that is called off."""

from pathlib import Path

import psutil

from tests.engines.conftest import START_SECONDS, make_engine_share
from tests.inference_app.serving import App, running_app


def core(app: App) -> list[psutil.Process]:
    """vLLM's process, as soon as it is there."""
    children = psutil.Process(app.process.pid).children(recursive=True)
    return [child for child in children if "EngineCore" in child.name()]


def test_a_stop_while_vllm_starts_leaves_nothing_behind(base: Path, tmp_path: Path) -> None:
    root = make_engine_share(tmp_path, base)
    with running_app(root, root / "log", ready=False, engine="vllm", context_tokens=512) as app:
        app.wait_for(lambda: core(app), START_SECONDS)
        started = psutil.Process(app.process.pid).children(recursive=True)
        app.terminate()
        assert app.wait_for_end() == 0
    _, alive = psutil.wait_procs(started, 10)
    assert not alive
