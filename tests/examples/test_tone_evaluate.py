"""Scoring: what counts as right, and that base and adapter are asked the same thing."""

import json
from collections.abc import Callable

import httpx
import pytest

from examples.tone import evaluate
from examples.tone.evaluate import Answer, EvaluationError, Item, Score

BASE = "org/base"
ITEMS = [Item("We won", "joy"), Item("It growled", "fear"), Item("Marry me", "love")]
Answering = Callable[[str, str], str]


def serving(answer: Answering, asked: list[dict[str, object]] | None = None) -> httpx.Client:
    """A client whose server lists base and adapter and gives `answer(model, message)`."""

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/models":
            models = [{"id": BASE}, {"id": "other", "parent": BASE}, {"id": "tone", "parent": BASE}]
            return httpx.Response(200, json={"data": models})
        body = json.loads(request.content)
        if asked is not None:
            asked.append(body)
        text = answer(body["model"], body["messages"][0]["content"])
        return httpx.Response(200, json={"choices": [{"message": {"content": text}}]})

    return httpx.Client(base_url="http://endpoint/v1", transport=httpx.MockTransport(handle))


@pytest.mark.parametrize(
    ("text", "exact", "read_as"),
    [
        ("joy", True, "joy"),
        (" Joy.\n", True, "joy"),
        ("The tone is joy!", False, "joy"),
        ("It is joy, pure Joy", False, "joy"),
        ("joy or love", False, evaluate.OTHER),
        ("sadness", False, "sadness"),
        ("joyful", False, evaluate.OTHER),
        ("", False, evaluate.OTHER),
    ],
)
def test_exact_is_the_label_alone_and_lenient_the_only_label_named(text: str, exact: bool, read_as: str) -> None:
    answer = Answer(Item("We won", "joy"), text)
    assert (answer.exact, answer.read_as, answer.lenient) == (exact, read_as, read_as == "joy")


def test_both_models_are_asked_the_same_questions_greedily() -> None:
    asked: list[dict[str, object]] = []
    with serving(lambda *_: "joy", asked) as client:
        models = evaluate.base_and_adapter(client)
        for model in models:
            evaluate.measure(client, model, ITEMS)
    assert models == [BASE, "tone"]
    by_model = {
        model: sorted(
            (str(body["messages"]), body["temperature"], body["max_tokens"]) for body in asked if body["model"] == model
        )
        for model in models
    }
    assert by_model[BASE] == by_model["tone"]
    assert len(by_model[BASE]) == len(ITEMS)
    assert evaluate.QUESTION.format(phrase="We won") in by_model[BASE][2][0].replace("\\n", "\n")


def test_scores_keep_the_order_of_the_sentences_and_count_what_was_said() -> None:
    right = {evaluate.QUESTION.format(phrase=item.phrase): item.tone for item in ITEMS[:2]}
    with serving(lambda _, message: right.get(message, "I think it is joy")) as client:
        score = evaluate.measure(client, "tone", ITEMS)
    assert [answer.item for answer in score.answers] == ITEMS
    assert (score.exact, score.lenient) == (2 / 3, 2 / 3)
    assert score.confusion == {("joy", "joy"): 1, ("fear", "fear"): 1, ("love", "joy"): 1}


def test_the_worst_slice_is_the_one_with_the_fewest_right() -> None:
    """One bad stretch must not hide in a good mean."""
    wrong = range(50, 58)
    answers = tuple(Answer(Item(str(n), "joy"), "fear" if n in wrong else "joy") for n in range(100))
    assert Score("tone", answers).worst_slice == 12
    assert Score("tone", answers[:10]).worst_slice == 10


def test_an_endpoint_without_the_adapter_is_not_measured() -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"data": [{"id": BASE}]}))
    with (
        httpx.Client(base_url="http://endpoint/v1", transport=transport) as client,
        pytest.raises(EvaluationError, match="no adapter tone, only org/base"),
    ):
        evaluate.base_and_adapter(client)


@pytest.mark.parametrize(
    ("response", "part"),
    [
        (httpx.Response(401, text="who are you?"), "answered 401: who are you"),
        (httpx.Response(200, text="<html>"), "is --url the endpoint's address"),
    ],
)
def test_an_endpoint_that_refuses_is_an_error_not_a_wrong_answer(response: httpx.Response, part: str) -> None:
    with (
        httpx.Client(base_url="http://endpoint/v1", transport=httpx.MockTransport(lambda _: response)) as client,
        pytest.raises(EvaluationError, match=part),
    ):
        evaluate.measure(client, "tone", ITEMS)
