"""What the inference app costs beside the engines' own servers, and what the original's manner costs.

Each pair has the same weights, threads and slots and takes its turns in one run: streamed answers to crowds of clients.
On processors alone: vLLM is the build that `make test-engines` uses.
"""

import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.programs.crowd import (
    ADAPTER,
    ADAPTER_FOLDER,
    BASE,
    PROJECT,
    Command,
    Figures,
    app,
    ask_all,
    embedded_model,
    make_share,
    server,
)

THREADS: Final = 1
SLOTS: Final = 16
CLIENTS: Final = (1, 4, 16)
ROUNDS: Final = 2  # of minutes each: vLLM is started twice in each
LEAST_THROUGHPUT: Final = 0.97  # of the bare server's
MOST_FIRST_TOKEN: Final = 1.05  # times the bare server's
MOST_START: Final = 1.2  # times the bare server's
LEAST_MIXED: Final = 0.9  # of the throughput with one adapter alone
LEAST_OVER_ORIGINAL: Final = 8
ENGINES: Final = PROJECT / ".toolchain/engines/bin"
MODEL: Final = ENGINES.parent / "embedded-model"
CROWDS: Final[dict[str, Sequence[str]]] = {
    **{f"{clients} base": [BASE] * clients for clients in CLIENTS},
    "16 adapter": [ADAPTER] * 16,
    "8 base, 8 adapter": [BASE, ADAPTER] * 8,
}
BARE, APP, VLLM, VLLM_APP, ORIGINAL = "llama.cpp", "app on llama.cpp", "vllm serve", "app on vLLM", "the original's way"


def main() -> int:
    """Prints tables of medians over the rounds; 1 where something is beyond its limit."""
    if not MODEL.exists():
        raise SystemExit("vLLM and its model are missing: run `make test-engines` first")
    with tempfile.TemporaryDirectory() as made:
        folders = Path(made, "gguf"), Path(made, "safetensors")
        make_share(folders[0], [embedded_model()])
        make_share(folders[1], list(MODEL.iterdir()))
        commands = _commands(*folders)
        found: dict[tuple[str, str], list[Figures]] = {}
        starts: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(ROUNDS):
            for name, command in commands.items():
                with server(command, VLLM_CPU_KVCACHE_SPACE="1", VLLM_NO_USAGE_STATS="1", HF_HUB_OFFLINE="1") as (
                    url,
                    seconds,
                ):
                    starts[name].append(seconds)
                    # A first request pays for what the server prepares when it is first asked.
                    ask_all(url, [BASE])
                    for crowd in _crowds(name):
                        figures = ask_all(url, CROWDS[crowd])
                        found.setdefault((name, crowd), []).append(figures)
                        print(f"{name}, {crowd}: {figures.tokens_per_second:.1f} tokens/s", file=sys.stderr, flush=True)
    return _tell(found, {name: statistics.median(seconds) for name, seconds in starts.items()})


def _commands(gguf: Path, safetensors: Path) -> dict[str, Command]:
    bare = str(PROJECT / "bench/programs/bare_llama.py")
    original = str(PROJECT / "bench/programs/original_chat.py")
    python, base = str(ENGINES / "python"), str(safetensors / "model-cache" / BASE)
    return {
        BARE: lambda port: [sys.executable, bare, str(embedded_model()), str(port), str(SLOTS), str(THREADS)],
        APP: lambda port: app(sys.executable, gguf, port, parallel=SLOTS, threads=THREADS),
        VLLM: lambda port: [
            *(python, str(ENGINES / "vllm"), "serve", base, "--host", "127.0.0.1", "--port", str(port)),
            *("--served-model-name", BASE, "--max-model-len", "1024", "--max-num-seqs", str(SLOTS), "--enforce-eager"),
            *("--enable-lora", "--max-loras", "4", "--max-cpu-loras", "32", "--max-lora-rank", "64"),
            *("--lora-modules", f"{ADAPTER}={ADAPTER_FOLDER}", "--generation-config", "vllm"),
        ],
        VLLM_APP: lambda port: app(python, safetensors, port, engine="vllm", parallel=SLOTS),
        ORIGINAL: lambda port: [python, original, base, str(ADAPTER_FOLDER), str(port)],
    }


def _crowds(name: str) -> Sequence[str]:
    """The bare llama.cpp has no adapter, the original's way nothing but its one."""
    if name == BARE:
        return [crowd for crowd in CROWDS if "adapter" not in crowd]
    return ["16 adapter"] if name == ORIGINAL else list(CROWDS)


def _tell(found: dict[tuple[str, str], list[Figures]], starts: dict[str, float]) -> int:
    rates = {key: statistics.median(f.tokens_per_second for f in figures) for key, figures in found.items()}
    firsts = {key: statistics.median(f.first_token for f in figures) for key, figures in found.items()}
    print(f"{'crowd':18} {'server':20} tokens/s  first token, s")
    for name, crowd in found:
        print(f"{crowd:18} {name:20} {rates[name, crowd]:8.1f} {firsts[name, crowd]:15.3f}")
    print("start until ready, s: " + ", ".join(f"{name} {seconds:.2f}" for name, seconds in starts.items()))
    passed: list[bool] = []

    def judge(what: str, ratio: float, limit: float, least: bool) -> None:
        passed.append(ratio >= limit if least else ratio <= limit)
        print(f"{what}: {ratio:.2f} ({'at least' if least else 'at most'} {limit:g}){'' if passed[-1] else ' MISSED'}")

    for ours, theirs in ((APP, BARE), (VLLM_APP, VLLM)):
        for clients in CLIENTS:
            crowd = f"{clients} base"
            judge(
                f"{ours} / {theirs}, {crowd}, tokens/s",
                rates[ours, crowd] / rates[theirs, crowd],
                LEAST_THROUGHPUT,
                True,
            )
            judge(
                f"{ours} / {theirs}, {crowd}, first token",
                firsts[ours, crowd] / firsts[theirs, crowd],
                MOST_FIRST_TOKEN,
                False,
            )
        judge(f"{ours} / {theirs}, start", starts[ours] / starts[theirs], MOST_START, False)
        judge(
            f"{ours}, mixed / adapter alone, tokens/s",
            rates[ours, "8 base, 8 adapter"] / rates[ours, "16 adapter"],
            LEAST_MIXED,
            True,
        )
        judge(
            f"{ours} / {ORIGINAL}, 16 adapter, tokens/s",
            rates[ours, "16 adapter"] / rates[ORIGINAL, "16 adapter"],
            LEAST_OVER_ORIGINAL,
            True,
        )
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
