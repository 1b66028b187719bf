"""How `aca-inference evaluate` looks: progress, a table, and where the reports are."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from cli.errors import CliError
from cli.show_chat import connect
from cli.terminal import Say, phase
from operations import endpoint
from operations.chat import Choices
from operations.config_file import write_atomically
from operations.evaluation import dataset
from operations.evaluation.asking import AnswerFile, ask_all
from operations.evaluation.comparison import Comparison, compare, metric_scores
from operations.evaluation.judge import CRITERIA, Judge, judged
from operations.evaluation.metrics import METRICS
from operations.evaluation.report import html_report
from operations.evaluation.statistics import Estimate

JUDGE_KEY_VARIABLE: Final = "ACA_INFERENCE_JUDGE_KEY"


@dataclass(frozen=True)
class Wanted:
    """What the person asked for."""

    data: Path
    models: list[str] | None
    asked: str | None
    expected: str | None
    prompt: str | None
    metrics: list[str] | None
    limit: int | None
    parallel: int
    max_tokens: int
    output: Path
    fresh: bool


def run(
    config: Path,
    wanted: Wanted,
    judge_url: str | None,
    judge_model: str | None,
    criteria: list[str] | None,
    as_json: bool,
) -> None:
    """Reads, asks, scores, writes `report.json` and `report.html`."""
    metrics = _chosen(wanted.metrics, METRICS, "metric")
    judge = _judge(judge_url, judge_model, criteria)
    items = dataset.read(wanted.data, asked=wanted.asked, expected=wanted.expected, prompt=wanted.prompt)
    items = items[: wanted.limit]
    console = Console(stderr=True, soft_wrap=True, highlight=False)
    url, key = connect(config, console)
    models = _models(url, key, wanted.models)
    folder = wanted.output / wanted.data.stem
    folder.mkdir(parents=True, exist_ok=True)
    answer_path, verdict_path = folder / "answers.jsonl", folder / "verdicts.jsonl"
    if wanted.fresh:
        answer_path.unlink(missing_ok=True)
        verdict_path.unlink(missing_ok=True)
    choices = Choices(temperature=0, max_tokens=wanted.max_tokens)
    with phase(console, "asking") as say:
        answers = ask_all(
            url,
            key,
            models,
            items,
            AnswerFile(answer_path),
            choices=choices,
            parallel=wanted.parallel,
            on_progress=_progress(say),
        )
    scores: dict[str, dict[str, Sequence[float | None]]] = {
        model: {**metric_scores(items, answers[model], metrics)} for model in models
    }
    if judge is not None:
        with phase(console, "judging") as say:
            found = judged(judge, items, answers, AnswerFile(verdict_path), wanted.parallel, _progress(say))
        for model in models:
            scores[model] |= found[model]
    comparison = compare(answers, scores)
    report = {"data": str(wanted.data), "endpoint": url, **asdict(comparison)}
    write_atomically(folder / "report.json", json.dumps(report, indent=2) + "\n")
    page = html_report(f"Evaluation of {wanted.data.name}", comparison, items, answers, scores)
    write_atomically(folder / "report.html", page)
    if as_json:
        print(json.dumps(report, indent=2))
    else:
        Console().print(_table(comparison))
        print(f"report: {folder / 'report.html'}")


def _chosen(asked: Sequence[str] | None, known: Any, what: str) -> list[str]:
    if unknown := [name for name in asked or [] if name not in known]:
        raise CliError(f"there is no {what} {unknown[0]}; there are {', '.join(known)}")
    return list(asked or known)


def _judge(url: str | None, model: str | None, criteria: list[str] | None) -> Judge | None:
    chosen = tuple(_chosen(criteria, CRITERIA, "criterion"))
    if url is None and model is None:
        if criteria:
            raise CliError("criteria need a judge: give --judge-url and --judge-model")
        return None
    if url is None or model is None:
        raise CliError("a judge needs both --judge-url and --judge-model")
    # From the environment, not the command line, where other users of the machine could read it.
    return Judge(endpoint.endpoint_url(url).removesuffix("/v1"), model, os.environ.get(JUDGE_KEY_VARIABLE), chosen)


def _models(url: str, key: str | None, asked: list[str] | None) -> list[str]:
    served = endpoint.models(url, key)
    names = [model.id for model in served]
    if unknown := [name for name in asked or [] if name not in names]:
        raise CliError(f"there is no model {unknown[0]}; {url} serves {', '.join(names)}")
    return asked or sorted(names, key=lambda name: next(m.parent is not None for m in served if m.id == name))


def _progress(say: Say) -> Callable[[int, int], None]:
    return lambda done, count: say(f"{done} of {count}")


def _table(comparison: Comparison) -> Table:
    table = Table("mean (95 % interval)", *(result.model for result in comparison.models), box=None)
    for metric in comparison.models[0].scores:
        cells: list[str] = []
        for result in comparison.models:
            found, difference = result.scores.get(metric), result.against_base.get(metric)
            text = _interval(found, "") if found else "no score"
            cells.append(f"{text}\n{_interval(difference, '+')} against base" if difference else text)
        table.add_row(metric, *cells)
    seconds = [result.seconds for result in comparison.models]
    table.add_row("seconds, median and p95", *(f"{one.p50:.2f}  {one.p95:.2f}" if one else "-" for one in seconds))
    tokens = [f"{result.prompt_tokens} + {result.completion_tokens}" for result in comparison.models]
    table.add_row("tokens asked + answered", *tokens)
    return table


def _interval(found: Estimate, mark: str) -> str:
    return f"{found.mean:{mark}.3f} ({found.low:{mark}.3f} to {found.high:{mark}.3f})"
