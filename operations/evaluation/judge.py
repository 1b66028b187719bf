"""A language model as a judge of answers, behind any endpoint that speaks OpenAI's protocol."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from operations.chat import Choices
from operations.evaluation.asking import Answer, AnswerFile, ask_all
from operations.evaluation.dataset import Item

CRITERIA: Final = {
    "coherence": "how well the answer hangs together and reads as a whole",
    "fluency": "how good its language is",
    "groundedness": "how far everything that the answer says is supported by the context",
    "relevance": "how well the answer addresses the question",
    "similarity": "how far the answer means the same as the expected answer",
}
"""What the original's evaluation asks a judge about, each from 1 to 5."""
SYSTEM: Final = (
    "You judge answers. Rate exactly what you are asked to rate, from 1 (worst) to 5 (best)."
    ' Reply with JSON alone: {"score": NUMBER, "reason": "one sentence"}'
)
MAX_TOKENS: Final = 200
_JSON: Final = re.compile(r"\{.*\}", re.DOTALL)


@dataclass(frozen=True)
class Judge:
    """Where the judge is; `url` without /v1."""

    url: str
    model: str
    api_key: str | None
    criteria: tuple[str, ...]


def judged(
    judge: Judge,
    items: Sequence[Item],
    answers: dict[str, list[Answer]],
    file: AnswerFile,
    parallel: int,
    on_progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> dict[str, dict[str, list[float | None]]]:
    """Scores from 0 to 1 by model and criterion, in the order of the items; None where the judge did not give one.

    Raises:
        EndpointError: the judge does not answer.
    """
    tasks = [
        (model, criterion, item, answer)
        for model, given in answers.items()
        for criterion in judge.criteria
        for item, answer in zip(items, given, strict=True)
    ]
    questions = [
        Item(number, _question(criterion, item, answer.text), "")
        for number, (_, criterion, item, answer) in enumerate(tasks)
    ]
    verdicts = ask_all(
        judge.url,
        judge.api_key,
        [judge.model],
        questions,
        file,
        choices=Choices(temperature=0, max_tokens=MAX_TOKENS),
        system=SYSTEM,
        parallel=parallel,
        on_progress=on_progress,
    )[judge.model]
    scores: dict[str, dict[str, list[float | None]]] = {
        model: {criterion: [] for criterion in judge.criteria} for model in answers
    }
    for (model, criterion, _, _), verdict in zip(tasks, verdicts, strict=True):
        scores[model][criterion].append(score(verdict.text))
    return scores


def score(text: str) -> float | None:
    """The score from 1 to 5 in the judge's words, as 0 to 1; None if there is none."""
    found = _JSON.search(text)
    try:
        value = float(json.loads(found.group())["score"]) if found else float(text.strip())
    except (ValueError, KeyError, TypeError):
        return None
    return (value - 1) / 4 if 1 <= value <= 5 else None


def _question(criterion: str, item: Item, answer: str) -> str:
    parts = {
        "Question": item.question,
        "Context": item.context,
        "Expected answer": item.expected,
        "Answer": answer,
    }
    shown = "\n\n".join(f"{name}:\n{text}" for name, text in parts.items() if text)
    return f"Rate the {criterion} of the answer: {CRITERIA[criterion]}.\n\n{shown}"
