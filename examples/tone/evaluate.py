"""Measures base model and adapter on the held-out sentences, through any OpenAI-compatible endpoint.

    .venv/bin/python examples/tone/evaluate.py --url http://127.0.0.1:7860

Two scores, because a model may know the tone and still not obey: *exact* counts answers that are the right label and
nothing else; *lenient* counts answers that name the right label, in whatever sentence, and no other label.
"""

import argparse
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from rich.console import Console
from rich.table import Column, Table

HERE: Final = Path(__file__).parent
HELDOUT: Final = HERE / "data/heldout.jsonl"
EXAMPLE: Final = json.loads((HERE / "example.json").read_text(encoding="utf-8"))
QUESTION: Final[str] = EXAMPLE["question"]
LABELS: Final[tuple[str, ...]] = tuple(EXAMPLE["labels"])
OTHER: Final = "other"
"""What an answer is read as that names no label, or several."""
ADAPTER: Final = "tone"
ANSWER_TOKENS: Final = 64  # room for a whole sentence: a base model likes to chat
PARALLEL_REQUESTS: Final = 4
TIMEOUT_SECONDS: Final = 120.0
SLICE_ITEMS: Final = 20


class EvaluationError(Exception):
    """The endpoint cannot be measured; the message says why."""


@dataclass(frozen=True)
class Item:
    """A sentence and the tone that it has."""

    phrase: str
    tone: str


@dataclass(frozen=True)
class Answer:
    """What a model said about a sentence."""

    item: Item
    text: str

    @property
    def exact(self) -> bool:
        """Whether it is the right label alone; case, white space and a full stop do not matter."""
        return self.text.strip().rstrip(".").lower() == self.item.tone

    @property
    def read_as(self) -> str:
        """The only label that it names as a word of its own, else `OTHER`."""
        named = {word for word in re.findall(r"[a-z]+", self.text.lower()) if word in LABELS}
        return named.pop() if len(named) == 1 else OTHER

    @property
    def lenient(self) -> bool:
        """Whether the right label is the only one named."""
        return self.read_as == self.item.tone


@dataclass(frozen=True)
class Score:
    """A model's answers, in the order of the sentences."""

    model: str
    answers: tuple[Answer, ...]

    @property
    def exact(self) -> float:
        """Share of exact answers, 0 to 1."""
        return sum(answer.exact for answer in self.answers) / len(self.answers)

    @property
    def lenient(self) -> float:
        """Share of answers that are right when read leniently, 0 to 1."""
        return sum(answer.lenient for answer in self.answers) / len(self.answers)

    @property
    def worst_slice(self) -> int:
        """The fewest exact answers in any `SLICE_ITEMS` sentences that follow each other."""
        last = max(len(self.answers) - SLICE_ITEMS, 0)
        return min(sum(a.exact for a in self.answers[first : first + SLICE_ITEMS]) for first in range(last + 1))

    @property
    def confusion(self) -> Counter[tuple[str, str]]:
        """How often each tone was read as each label (or `OTHER`)."""
        return Counter((answer.item.tone, answer.read_as) for answer in self.answers)


def main() -> None:
    """Parses the command line, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", required=True, help="the endpoint, without /v1")
    parser.add_argument("--model", action="append", help=f"a model to measure, repeatable [{ADAPTER} and its base]")
    parser.add_argument("--json", action="store_true", help="print JSON, with every answer, instead of tables")
    arguments = parser.parse_args()
    # From the environment, not the command line, where other users of the machine could read it.
    api_key = os.environ.get("OPENAI_API_KEY")
    try:
        with connect(arguments.url, api_key) as client:
            scores = [measure(client, model, read_items()) for model in arguments.model or base_and_adapter(client)]
    except EvaluationError as error:
        sys.exit(f"evaluate: {error}")
    if arguments.json:
        sys.stdout.write(json.dumps([as_json(score) for score in scores], indent=2, ensure_ascii=False) + "\n")
    else:
        show(scores)


def read_items(file: Path = HELDOUT) -> list[Item]:
    """The sentences of a data file, in its order."""
    return [Item(**json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines()]


def connect(url: str, api_key: str | None = None) -> httpx.Client:
    """A client for the endpoint; close it, or use it in a `with`."""
    headers = {"Authorization": f"Bearer {api_key}"} if api_key else {}
    return httpx.Client(base_url=f"{url.rstrip('/')}/v1", headers=headers, timeout=TIMEOUT_SECONDS)


def base_and_adapter(client: httpx.Client) -> list[str]:
    """The ids of the example's base model and adapter, as the endpoint lists them.

    Raises:
        EvaluationError: the endpoint does not serve the adapter, or cannot be reached.
    """
    parents: dict[str, str | None] = {
        model["id"]: model.get("parent") for model in _call(client, "GET", "/models")["data"]
    }
    base = parents.get(ADAPTER)
    if base is None:
        raise EvaluationError(f"the endpoint serves no adapter {ADAPTER}, only {', '.join(parents) or 'nothing'}")
    return [base, ADAPTER]


def measure(client: httpx.Client, model: str, items: Sequence[Item]) -> Score:
    """Asks `model` about every item, greedily and several at a time.

    Raises:
        EvaluationError: the endpoint cannot be reached, or refuses.
    """

    def ask(item: Item) -> Answer:
        message = {"role": "user", "content": QUESTION.format(phrase=item.phrase)}
        body = {"model": model, "messages": [message], "max_tokens": ANSWER_TOKENS, "temperature": 0}
        choice = _call(client, "POST", "/chat/completions", body)["choices"][0]
        return Answer(item, choice["message"]["content"] or "")

    with ThreadPoolExecutor(PARALLEL_REQUESTS) as threads:
        return Score(model, tuple(threads.map(ask, items)))


def show(scores: Sequence[Score]) -> None:
    """Prints the scores, and for each model what it took for what."""
    console = Console()
    title = f"{len(scores[0].answers)} held-out sentences"
    columns = (Column("model", overflow="fold"), "exact", "lenient", f"exact, worst {SLICE_ITEMS} in a row")
    table = Table(*columns, title=title)
    for score in scores:
        worst = f"{score.worst_slice}/{min(SLICE_ITEMS, len(score.answers))}"
        table.add_row(score.model, f"{score.exact:.1%}", f"{score.lenient:.1%}", worst)
    console.print(table)
    for score in scores:
        matrix = Table("tone", *LABELS, OTHER, title=f"{score.model}: read as")
        for tone in LABELS:
            matrix.add_row(tone, *(str(score.confusion[tone, read] or "·") for read in (*LABELS, OTHER)))
        console.print(matrix)


def as_json(score: Score) -> dict[str, Any]:
    """The score as plain values, with every answer."""
    return {
        "model": score.model,
        "items": len(score.answers),
        "exact": score.exact,
        "lenient": score.lenient,
        "worst_slice": score.worst_slice,
        "confusion": {tone: {read: score.confusion[tone, read] for read in (*LABELS, OTHER)} for tone in LABELS},
        "answers": [{"phrase": a.item.phrase, "tone": a.item.tone, "answer": a.text} for a in score.answers],
    }


def _call(client: httpx.Client, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    try:
        response = client.request(method, path, json=body)
    except httpx.TransportError as error:
        raise EvaluationError(f"{client.base_url} does not answer: {error}") from error
    if response.is_error:
        raise EvaluationError(f"{response.url} answered {response.status_code}: {response.text[:300]}")
    try:
        return response.json()
    except ValueError as error:
        raise EvaluationError(
            f"{response.url} answered, but not with JSON; is --url the endpoint's address?"
        ) from error


if __name__ == "__main__":
    main()
