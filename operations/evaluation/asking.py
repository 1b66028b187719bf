"""Asking an endpoint many questions at once; each answer is on disk before the next is asked, so it can go on later."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Event, Lock
from typing import Final

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential_jitter

from operations.chat import Choices, Conversation
from operations.endpoint import ANSWER_TIMEOUT_SECONDS
from operations.errors import BusyError, OperationError
from operations.evaluation.dataset import Item

ATTEMPTS: Final = 8
LONGEST_WAIT_SECONDS: Final = 30.0


@dataclass(frozen=True)
class Answer:
    """What a model said to an item; seconds and tokens are None where the server does not tell them."""

    model: str
    number: int
    question: str
    """Fingerprint of the question as it was asked: an answer to another wording does not count."""
    text: str
    prompt_tokens: int | None
    completion_tokens: int | None
    first_seconds: float | None
    seconds: float | None


def fingerprint(question: str, choices: Choices, system: str | None) -> str:
    """Of what the model is told: equal ones need not be asked again."""
    told = json.dumps([question, asdict(choices), system])
    return hashlib.sha256(told.encode()).hexdigest()[:16]


class AnswerFile:
    """The answers so far, one JSON object a line; a line that a kill cut short does not count."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()

    def read(self) -> list[Answer]:
        """All whole lines."""
        if not self._path.exists():
            return []
        found: list[Answer] = []
        for line in self._path.read_text(encoding="utf-8").splitlines():
            try:
                found.append(Answer(**json.loads(line)))
            except (ValueError, TypeError):
                continue
        return found

    def add(self, answer: Answer) -> None:
        """Durable when this returns."""
        line = json.dumps(asdict(answer), ensure_ascii=False)
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            # The newline first: a line that was cut short must not swallow this one.
            file.write(f"\n{line}" if file.tell() else line)
            file.flush()


def ask_all(
    url: str,
    api_key: str | None,
    models: Sequence[str],
    items: Sequence[Item],
    file: AnswerFile,
    *,
    choices: Choices,
    system: str | None = None,
    parallel: int = 8,
    on_progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> dict[str, list[Answer]]:
    """The answers of each model, in the order of the items; only what the file does not have yet is asked.

    Raises:
        EndpointError: a question could not be answered, after several attempts where that might help; the answers so
            far are in the file.
    """
    wanted = {(model, item.number): fingerprint(item.question, choices, system) for model in models for item in items}
    known = {(a.model, a.number): a for a in file.read() if wanted.get((a.model, a.number)) == a.question}
    missing = [(model, item) for item in items for model in models if (model, item.number) not in known]
    lock, stop = Lock(), Event()
    limits = httpx.Limits(max_connections=parallel, max_keepalive_connections=parallel)
    with httpx.Client(timeout=ANSWER_TIMEOUT_SECONDS, limits=limits) as client:

        def work(task: tuple[str, Item]) -> None:
            if stop.is_set():
                raise OperationError("the evaluation was interrupted; run it again to go on")
            model, item = task
            conversation = Conversation(url, model, api_key, system, choices, client=client)
            text = _answered(conversation, item.question, stop)
            usage = conversation.usage
            answer = Answer(
                model,
                item.number,
                wanted[model, item.number],
                text,
                usage.prompt_tokens if usage else None,
                usage.completion_tokens if usage else None,
                usage.first_seconds if usage else None,
                usage.seconds if usage else None,
            )
            file.add(answer)
            with lock:
                known[model, item.number] = answer
                on_progress(len(known), len(wanted))

        on_progress(len(known), len(wanted))
        _in_order(work, missing, parallel, stop)
    return {model: [known[model, item.number] for item in items] for model in models}


def _answered(conversation: Conversation, question: str, stop: Event) -> str:
    attempts = Retrying(
        retry=retry_if_exception_type(BusyError),
        stop=stop_after_attempt(ATTEMPTS),
        wait=_wait,
        sleep=lambda seconds: _sleep(stop, seconds),
        reraise=True,
    )
    return attempts(lambda: "".join(conversation.ask(question)))


def _wait(state: RetryCallState) -> float:
    """What the server asks for, else longer and longer."""
    error = state.outcome.exception() if state.outcome else None
    asked = error.retry_after if isinstance(error, BusyError) else None
    chosen = asked if asked is not None else wait_exponential_jitter(max=LONGEST_WAIT_SECONDS, multiplier=0.5)(state)
    return min(chosen, LONGEST_WAIT_SECONDS)


def _sleep(stop: Event, seconds: float) -> None:
    if stop.wait(seconds):
        raise OperationError("the evaluation was interrupted; run it again to go on")


def _in_order(
    work: Callable[[tuple[str, Item]], None], tasks: Iterable[tuple[str, Item]], parallel: int, stop: Event
) -> None:
    with ThreadPoolExecutor(parallel) as pool:
        running = [pool.submit(work, task) for task in tasks]
        try:
            for task in running:
                task.result()
        except BaseException:
            stop.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
