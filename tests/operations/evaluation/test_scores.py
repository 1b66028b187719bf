"""Scores, intervals, the judge and the comparison."""

import json
import math
import random
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from operations.evaluation.asking import Answer, AnswerFile
from operations.evaluation.comparison import compare, metric_scores
from operations.evaluation.dataset import Item
from operations.evaluation.judge import Judge, judged, score
from operations.evaluation.metrics import METRICS
from operations.evaluation.report import html_report
from operations.evaluation.statistics import estimate, spread
from tests.operations.evaluation.model_server import question, serving


def answer(model: str, number: int, text: str, seconds: float = 1.0) -> Answer:
    return Answer(model, number, "", text, 5, 3, seconds / 2, seconds)


@pytest.mark.parametrize(
    ("text", "expected", "exact", "f1"),
    [
        ("joy", "joy", 1, 1),
        (" Joy. ", "joy", 1, 1),
        ("it is joy", "joy", 0, 0.5),
        ("sadness", "joy", 0, 0),
        ("the cat sat", "cat sat down", 0, 0.8),
        ("", "joy", 0, 0),
    ],
)
def test_exact_match_and_f1(text: str, expected: str, exact: float, f1: float) -> None:
    assert METRICS["exact_match"](text, expected) == exact
    assert METRICS["f1"](text, expected) == pytest.approx(f1)


def test_bleu_and_rouge_order_answers_and_are_one_for_the_same() -> None:
    expected = "the quick brown fox jumps over the lazy dog"
    near, far = "the quick brown fox sleeps", "something else entirely here now"
    for name in ("bleu", "rouge_l"):
        assert METRICS[name](expected, expected) == pytest.approx(1)
        assert METRICS[name](near, expected) > METRICS[name](far, expected) >= 0
    assert METRICS["rouge_l"]("a b c", "a c") == pytest.approx(0.8)


def test_the_interval_holds_the_true_mean_about_95_times_in_100() -> None:
    chance = random.Random(4)
    hits = 0
    for _ in range(200):
        found = estimate([float(chance.random() < 0.7) for _ in range(60)])
        hits += found.low <= 0.7 <= found.high
    assert 180 <= hits <= 199


def test_an_interval_of_a_sure_thing_has_no_width() -> None:
    found = estimate([1.0] * 10)
    assert (found.mean, found.low, found.high) == (1, 1, 1)
    assert spread([]) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"score": 5, "reason": "good"}', 1.0),
        ('Sure!\n```json\n{"score": 2}\n```', 0.25),
        ("3", 0.5),
        ('{"score": 9}', None),
        ("I cannot judge that", None),
        ('{"grade": 3}', None),
        ('{"score": "nan"}', None),
    ],
)
def test_what_a_judge_says(text: str, expected: float | None) -> None:
    assert score(text) == expected


def test_a_judge_rates_every_answer_by_every_criterion(tmp_path: Path) -> None:
    items = [Item(1, "Who?", "Ann", "Ann did."), Item(2, "Where?", "here")]
    answers = {"base": [answer("base", 1, "Bob"), answer("base", 2, "mu")], "tone": [answer("tone", 1, "Ann")] * 2}

    def reply(request: dict[str, Any]) -> str:
        asked = question(request)
        if "Answer:\nmu" in asked:
            return "no idea"
        return json.dumps({"score": 5 if "Answer:\nAnn" in asked else 1})

    with serving(reply) as server:
        judge = Judge(server.url, "judge", None, ("similarity", "relevance"))
        found = judged(judge, items, answers, AnswerFile(tmp_path / "verdicts"), 4)
    assert found == {
        "base": {"similarity": [0.0, None], "relevance": [0.0, None]},
        "tone": {"similarity": [1.0, 1.0], "relevance": [1.0, 1.0]},
    }
    assert len(server.asked) == 8
    assert any("Context:\nAnn did." in question(request) for request in server.asked)


def test_base_and_adapter_side_by_side() -> None:
    items = [Item(number, f"<b>{number}</b>", "joy") for number in range(30)]
    texts = {"base": ["sadness"] * 20 + ["joy"] * 10, "tone": ["joy"] * 27 + ["sadness"] * 3}
    answers = {model: [answer(model, n, text) for n, text in enumerate(given)] for model, given in texts.items()}
    scores: dict[str, Any] = {m: metric_scores(items, given, ["exact_match", "f1"]) for m, given in answers.items()}
    scores["base"]["relevance"] = [None] * 15 + [0.5] * 15
    scores["tone"]["relevance"] = [0.75] * 30
    found = compare(answers, scores)
    base, tone = found.models
    assert (found.items, base.model, base.against_base) == (30, "base", {})
    assert tone.scores["exact_match"].mean == pytest.approx(0.9)
    difference = tone.against_base["exact_match"]
    assert difference.mean == pytest.approx(17 / 30)
    assert 0 < difference.low < difference.mean < difference.high
    assert tone.against_base["relevance"].mean == pytest.approx(0.25)
    assert base.unscored == {"relevance": 15}
    assert (tone.completion_tokens, tone.prompt_tokens) == (90, 150)
    assert math.isclose(tone.tokens_per_second or 0, 4)

    page = html_report("a <title>", found, items, answers, scores)
    assert "&lt;b&gt;7&lt;/b&gt;" in page
    assert "<b>7" not in page
    assert page.count("class=wrong") == 23
    drawings = [f"<svg{part.partition('</svg>')[0]}</svg>" for part in page.split("<svg")[1:]]
    assert len(drawings) == 2
    for drawing in drawings:
        ElementTree.fromstring(drawing)
    assert "http://" not in page.replace("http://www.w3.org", "").replace("http://purl.org", "").replace(
        "http://creativecommons.org", ""
    )
