"""Twenty clients of an endpoint, who ask it all the while that somebody deploys to it."""

import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx

from tests.daily.project import Project

CLIENTS = 20
TALKERS = 4
"""Of the clients: who ask the model, and not only which models there are."""
PAUSE_SECONDS = 0.05
PATIENCE_SECONDS = 120


@dataclass
class Asked:
    """What the clients got: the owner that the first model was said to have, in the order of answers; failures."""

    owners: list[str] = field(default_factory=list)
    answers: int = 0
    failures: list[str] = field(default_factory=list)


@contextmanager
def clients(project: Project, asked: Asked) -> Generator[None]:
    """Lets them ask until the block ends; what they got is added to `asked`."""
    over = threading.Event()
    with ThreadPoolExecutor(CLIENTS) as pool:
        for number in range(CLIENTS):
            pool.submit(_ask, project.url, asked, over, talks=number < TALKERS)
        try:
            yield
        finally:
            over.set()


def _ask(url: str, asked: Asked, over: threading.Event, *, talks: bool) -> None:
    body = {"model": "tone", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 1}
    with httpx.Client(base_url=url, timeout=PATIENCE_SECONDS) as http:
        while not over.is_set():
            try:
                if talks:
                    http.post("/v1/chat/completions", json=body).raise_for_status()
                    asked.answers += 1
                else:
                    asked.owners.append(http.get("/v1/models").raise_for_status().json()["data"][0]["owned_by"])
            except (httpx.HTTPError, ValueError, LookupError) as error:
                asked.failures.append(repr(error))
            time.sleep(PAUSE_SECONDS)
