"""One HTML file with tables, plots (drawn by matplotlib, inside as SVG) and every answer; it loads nothing."""

import html
import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from operations.evaluation.asking import Answer
from operations.evaluation.comparison import Comparison, ModelResult, Scores
from operations.evaluation.dataset import Item
from operations.evaluation.metrics import missing
from operations.evaluation.statistics import Estimate, Spread

_STYLE: Final = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; margin: 1rem 0 }
th, td { padding: .3rem .8rem; text-align: left; vertical-align: top }
th { border-bottom: 2px solid #888 } td { border-bottom: 1px solid #ddd } svg { max-width: 100%; height: auto }
.wrong { background: #fdecea } .right { background: #eaf6ec } .note { color: #666 }
"""


def html_report(
    title: str,
    comparison: Comparison,
    items: Sequence[Item],
    answers: Mapping[str, Sequence[Answer]],
    scores: Mapping[str, Scores],
) -> str:
    """The whole report."""
    models = comparison.models
    return "\n".join(
        [
            f"<!doctype html><html lang=en><meta charset=utf-8><title>{html.escape(title)}</title>",
            f"<style>{_STYLE}</style><h1>{html.escape(title)}</h1>",
            f"<p class=note>{comparison.items} items; intervals: 95 %, bootstrap, differences item by item</p>",
            "<h2>Scores</h2>",
            _table(["metric", *(result.model for result in models)], _score_rows(models)),
            _bars(models),
            "<h2>Latency and tokens</h2>",
            _table(["", *(result.model for result in models)], _speed_rows(models)),
            _latencies(answers),
            "<h2>Answers</h2>",
            _answers(items, answers, scores),
            "</html>\n",
        ]
    )


def _score_rows(models: Sequence[ModelResult]) -> list[list[str]]:
    rows: list[list[str]] = []
    for metric in models[0].scores:
        row = [metric]
        for result in models:
            difference = result.against_base.get(metric)
            more = f" (difference {_interval(difference, signed=True)})" if difference else ""
            without = f" without {result.unscored[metric]} items" if metric in result.unscored else ""
            found = result.scores.get(metric)
            row.append(f"{_interval(found)}{more}{without}" if found else "no score")
        rows.append(row)
    return rows


def _speed_rows(models: Sequence[ModelResult]) -> list[list[str]]:
    def of(name: str, value: Callable[[ModelResult], str]) -> list[str]:
        return [name, *(value(result) for result in models)]

    return [
        of("seconds for an answer: mean, median, p95", lambda result: _spread(result.seconds)),
        of("seconds to the first token: mean, median, p95", lambda result: _spread(result.first_seconds)),
        of("tokens of questions", lambda result: str(result.prompt_tokens)),
        of("tokens of answers", lambda result: str(result.completion_tokens)),
        of("tokens per second of an answer", lambda r: f"{r.tokens_per_second:.1f}" if r.tokens_per_second else "-"),
    ]


def _interval(found: Estimate, signed: bool = False) -> str:
    mark = "+" if signed else ""
    return f"{found.mean:{mark}.3f} [{found.low:{mark}.3f}, {found.high:{mark}.3f}]"


def _spread(found: Spread | None) -> str:
    return f"{found.mean:.2f}, {found.p50:.2f}, {found.p95:.2f}" if found else "-"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    first = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    others = "".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{first}</tr>{others}</table>"


def _answers(items: Sequence[Item], answers: Mapping[str, Sequence[Answer]], scores: Mapping[str, Scores]) -> str:
    rows: list[str] = []
    for index, item in enumerate(items):
        cells = [f"<td>{item.number}</td><td>{html.escape(item.question)}</td><td>{html.escape(item.expected)}</td>"]
        for model, given in answers.items():
            exact = scores[model].get("exact_match")
            kind = "" if exact is None else " class=right" if exact[index] else " class=wrong"
            cells.append(f"<td{kind}>{html.escape(given[index].text)}</td>")
        rows.append(f"<tr>{''.join(cells)}</tr>")
    head = "".join(f"<th>{html.escape(name)}</th>" for name in ("line", "question", "expected", *answers))
    return f"<table><tr>{head}</tr>{''.join(rows)}</table>"


def _bars(models: Sequence[ModelResult]) -> str:
    metrics = list(models[0].scores)

    def draw(axes: Any) -> None:
        width = 0.8 / len(models)
        for index, result in enumerate(models):
            found = [result.scores.get(metric) for metric in metrics]
            places = [place + index * width for place, one in enumerate(found) if one]
            known = [one for one in found if one]
            errors = [[one.mean - one.low for one in known], [one.high - one.mean for one in known]]
            axes.bar(places, [one.mean for one in known], width, yerr=errors, capsize=3, label=result.model)
        axes.set_xticks([place + 0.4 - width / 2 for place in range(len(metrics))], metrics)
        axes.set_ylim(0, 1)
        axes.set_ylabel("score, with 95 % interval")

    return _svg(draw)


def _latencies(answers: Mapping[str, Sequence[Answer]]) -> str:
    def draw(axes: Any) -> None:
        for model, given in answers.items():
            seconds = sorted(answer.seconds for answer in given if answer.seconds is not None)
            axes.plot(seconds, [(place + 1) / len(seconds) for place in range(len(seconds))], label=model)
        axes.set_xlabel("seconds for an answer")
        axes.set_ylabel("share of answers")

    return _svg(draw) if any(a.seconds is not None for given in answers.values() for a in given) else ""


def _svg(draw: Callable[[Any], None]) -> str:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise missing("matplotlib") from error
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    draw(figure.subplots())
    figure.legend(loc="outside upper left", ncols=2, frameon=False)
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", metadata={"Date": None})
    return drawn.getvalue().partition("<svg")[1] + drawn.getvalue().partition("<svg")[2]
