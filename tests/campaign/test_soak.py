"""The endpoint under load for minutes: nothing fails, nothing grows."""

import itertools
import random
import threading
import time
from pathlib import Path
from typing import Any

from openai import APIConnectionError, APIStatusError, OpenAI

from tests.campaign.conftest import Record
from tests.end_to_end.conftest import ADAPTER
from tests.end_to_end.processes import replicas

SECONDS = 300
CLIENTS = 12
LEAVERS = 3
WARM_SECONDS = 30
GROWTH = 1.15


def test_soak(
    endpoint: str, workspace: Path, heldout: list[dict[str, str]], example: dict[str, Any], record: Record
) -> None:
    client = OpenAI(base_url=f"{endpoint}/v1", api_key="none", max_retries=0, timeout=60)
    (base,) = [model.id for model in client.models.list() if not getattr(model, "parent", None)]
    ended, failures, counts = threading.Event(), list[str](), {"answered": 0, "left": 0}
    lock = threading.Lock()

    def ask(number: int) -> None:
        chance = random.Random(number)
        for turn in itertools.count():
            if ended.is_set():
                return
            content = example["question"].format(phrase=chance.choice(heldout)["phrase"])
            model = ADAPTER if turn % 2 else base
            try:
                stream = client.chat.completions.create(
                    model=model, messages=[{"role": "user", "content": content}], max_tokens=16, stream=True
                )
                if number < LEAVERS:
                    next(iter(stream))
                    stream.close()
                    kind = "left"
                else:
                    reasons = [chunk.choices[0].finish_reason for chunk in stream if chunk.choices]
                    assert reasons[-1] in {"stop", "length"}
                    kind = "answered"
            except (APIStatusError, APIConnectionError, AssertionError) as error:
                failures.append(repr(error))
                return
            with lock:
                counts[kind] += 1

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    time.sleep(WARM_SECONDS)
    warm = memory(workspace)
    ended.wait(SECONDS - WARM_SECONDS)
    after = memory(workspace)
    ended.set()
    for thread in threads:
        thread.join()
    client.close()
    assert not failures
    assert after < warm * GROWTH
    record(
        "soak",
        f"{SECONDS} s, {CLIENTS} clients, {LEAVERS} of them leaving in the middle, base and adapter in turn",
        f"{counts['answered']} answers, {counts['left']} left, no failure; memory {warm >> 20} to {after >> 20} MiB",
    )


def memory(workspace: Path) -> int:
    """Resident bytes of all replicas."""
    return sum(process.memory_info().rss for process in replicas(workspace))
