"""Scores of all models, side by side: means with intervals, differences from the base model, latency and tokens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from operations.evaluation.asking import Answer
from operations.evaluation.dataset import Item
from operations.evaluation.metrics import METRICS
from operations.evaluation.statistics import Estimate, Spread, estimate, spread

Scores = Mapping[str, Sequence[float | None]]
"""By metric, in the order of the items; None where there is no score."""


MEASURABLE_SECONDS: Final = 1.0
"""Tokens of short answers come all at once; a rate needs at least so much time in all."""


@dataclass(frozen=True)
class ModelResult:
    """How one model did. `against_base`: difference from the first model, item by item; empty for that model itself."""

    model: str
    scores: dict[str, Estimate]
    against_base: dict[str, Estimate]
    unscored: dict[str, int]
    """How many items a metric has no score for: a judge that did not give one."""
    seconds: Spread | None
    first_seconds: Spread | None
    prompt_tokens: int
    completion_tokens: int
    tokens_per_second: float | None
    """Of one answer at a time, after its first token; None where the answers are too short to measure that."""


@dataclass(frozen=True)
class Comparison:
    """All models on the same items; the first is what the others are compared with."""

    items: int
    models: tuple[ModelResult, ...]


def metric_scores(items: Sequence[Item], answers: Sequence[Answer], metrics: Sequence[str]) -> dict[str, list[float]]:
    """The scores of a model's answers by metric."""
    pairs = [(answer.text, item.expected) for item, answer in zip(items, answers, strict=True)]
    return {name: [METRICS[name](text, expected) for text, expected in pairs] for name in metrics}


def compare(answers: Mapping[str, Sequence[Answer]], scores: Mapping[str, Scores]) -> Comparison:
    """Puts the models side by side; the first of `answers` is the base."""
    base = next(iter(answers))
    results = [_result(model, answers[model], scores[model], scores[base], model == base) for model in answers]
    return Comparison(len(answers[base]), tuple(results))


def _result(model: str, answers: Sequence[Answer], own: Scores, base: Scores, is_base: bool) -> ModelResult:
    given = {metric: [value for value in values if value is not None] for metric, values in own.items()}
    paired = {
        metric: [a - b for a, b in zip(own[metric], base[metric], strict=True) if a is not None and b is not None]
        for metric in own
    }
    after_first = [
        (answer.completion_tokens - 1, answer.seconds - answer.first_seconds)
        for answer in answers
        if answer.completion_tokens and answer.seconds and answer.first_seconds
    ]
    tokens, seconds = sum(tokens for tokens, _ in after_first), sum(seconds for _, seconds in after_first)
    return ModelResult(
        model=model,
        scores={metric: estimate(values) for metric, values in given.items() if values},
        against_base={} if is_base else {metric: estimate(values) for metric, values in paired.items() if values},
        unscored={
            metric: len(own[metric]) - len(values) for metric, values in given.items() if len(values) < len(own[metric])
        },
        seconds=spread([answer.seconds for answer in answers if answer.seconds is not None]),
        first_seconds=spread([answer.first_seconds for answer in answers if answer.first_seconds is not None]),
        prompt_tokens=sum(answer.prompt_tokens or 0 for answer in answers),
        completion_tokens=sum(answer.completion_tokens or 0 for answer in answers),
        tokens_per_second=tokens / seconds if seconds >= MEASURABLE_SECONDS else None,
    )
