"""What the inference app costs beside the engines' own servers, and what the original's manner costs.

Each pair has the same weights, threads and slots and takes its turns in one run: streamed answers to crowds of clients.
On processors alone: vLLM is the build that `make test-engines` uses.
"""

import itertools
import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import astuple
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
STARTS: Final = 2
TURNS: Final = {1: 10, 4: 5, 16: 3}
"""How often a crowd of that many asks: a small one is done soon, and its figures vary more."""
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
STAGES: Final = ((BARE, APP), (VLLM, VLLM_APP), (ORIGINAL,))
"""Servers that are up together and asked in turns, so that what else the machine does meets both alike."""
Found = dict[tuple[str, str], list[Figures]]
"""Figures of each turn, by server and crowd."""


def main() -> int:
    """Prints tables of medians over the turns; 1 where something is beyond its limit."""
    if not MODEL.exists():
        raise SystemExit("vLLM and its model are missing: run `make test-engines` first")
    with tempfile.TemporaryDirectory() as made:
        folders = Path(made, "gguf"), Path(made, "safetensors")
        make_share(folders[0], [embedded_model()])
        make_share(folders[1], list(MODEL.iterdir()))
        commands = _commands(*folders)
        found: Found = {}
        starts: dict[str, list[float]] = {name: [] for name in commands}
        for together in STAGES:
            _measure({name: commands[name] for name in together}, found, starts)
    return _tell(found, starts)


def _measure(commands: dict[str, Command], found: Found, starts: dict[str, list[float]]) -> None:
    """Starts the servers in turns, then asks them in turns, crowd by crowd."""
    quiet = {"VLLM_CPU_KVCACHE_SPACE": "1", "VLLM_NO_USAGE_STATS": "1", "HF_HUB_OFFLINE": "1"}
    for left in reversed(range(1 if ORIGINAL in commands else STARTS)):
        with ExitStack() as running:
            urls: dict[str, str] = {}
            for name, command in commands.items():
                with ExitStack() as alone:
                    urls[name], seconds = (alone if left else running).enter_context(server(command, **quiet))
                starts[name].append(seconds)
            if not left:
                _ask(urls, found)


def _ask(urls: dict[str, str], found: Found) -> None:
    for url in urls.values():
        ask_all(url, [BASE])  # a first request pays for what the server prepares when it is first asked
    numbers = itertools.count(1)
    for turn in range(max(TURNS.values())):
        for crowd, models in CROWDS.items():
            if turn >= TURNS[len(models)]:
                continue
            number = next(numbers)
            # Each is the first now and then, and the second.
            for name, url in list(urls.items())[:: 1 if turn % 2 else -1]:
                if crowd in _crowds(name) and not (name == ORIGINAL and turn):  # which takes minutes for each
                    figures = ask_all(url, models, number)
                    found.setdefault((name, crowd), []).append(figures)
                    told = f"{figures.tokens_per_second:.1f} tokens/s, first after {figures.first_token:.3f} s"
                    print(f"{name}, {crowd}: {told}", file=sys.stderr, flush=True)


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
            *("--enable-lora", "--max-loras", "4", "--max-cpu-loras", "32"),
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


def _tell(found: Found, starts: dict[str, list[float]]) -> int:
    print(f"{'crowd':18} {'server':20} tokens/s  first token, s")
    for (name, crowd), figures in found.items():
        rate, first = (statistics.median(values) for values in zip(*map(astuple, figures), strict=True))
        print(f"{crowd:18} {name:20} {rate:8.1f} {first:15.3f}")
    medians = {name: statistics.median(seconds) for name, seconds in starts.items()}
    print("start until ready, s: " + ", ".join(f"{name} {seconds:.2f}" for name, seconds in medians.items()))
    passed: list[bool] = []

    def judge(what: str, ratio: float, limit: float, *, least: bool) -> None:
        passed.append(ratio >= limit if least else ratio <= limit)
        word = "at least" if least else "at most"
        print(f"{what}: {ratio:.2f} ({word} {limit:g}){'' if passed[-1] else ' MISSED'}")

    for ours, theirs in ((APP, BARE), (VLLM_APP, VLLM)):
        for clients in CLIENTS:
            rate, first = _ratios(found, (ours, f"{clients} base"), (theirs, f"{clients} base"))
            judge(f"{ours} / {theirs}, {clients} clients, tokens/s", rate, LEAST_THROUGHPUT, least=True)
            judge(f"{ours} / {theirs}, {clients} clients, first token", first, MOST_FIRST_TOKEN, least=False)
        judge(f"{ours} / {theirs}, start", medians[ours] / medians[theirs], MOST_START, least=False)
        mixed, _ = _ratios(found, (ours, "8 base, 8 adapter"), (ours, "16 adapter"))
        judge(f"{ours}, mixed / adapter alone, tokens/s", mixed, LEAST_MIXED, least=True)
        over, _ = _ratios(found, (ours, "16 adapter"), (ORIGINAL, "16 adapter"))
        judge(f"{ours} / {ORIGINAL}, 16 clients, tokens/s", over, LEAST_OVER_ORIGINAL, least=True)
    return 0 if all(passed) else 1


def _ratios(found: Found, ours: tuple[str, str], theirs: tuple[str, str]) -> tuple[float, float]:
    """Tokens per second and time to the first token, ours to theirs: the median of the turns' ratios."""
    others = found[theirs] if len(found[theirs]) > 1 else found[theirs] * len(found[ours])
    pairs = list(zip(found[ours], others, strict=True))
    rates = [mine.tokens_per_second / other.tokens_per_second for mine, other in pairs]
    return statistics.median(rates), statistics.median(mine.first_token / other.first_token for mine, other in pairs)


if __name__ == "__main__":
    sys.exit(main())
