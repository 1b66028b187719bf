"""The example's sentences: what a held-out figure is worth depends on them."""

import json
import re
from collections import Counter
from itertools import combinations, product
from pathlib import Path
from typing import Any

import pytest

TONE = Path(__file__).parents[2] / "examples/tone"
EXAMPLE: dict[str, Any] = json.loads((TONE / "example.json").read_text())
LABELS = ["joy", "sadness", "anger", "fear", "love", "surprise"]

# Common words alone make short sentences overlap by a quarter; a paraphrase overlaps by a half and more.
MOST_OVERLAP = 0.4
SHARED_RUN_WORDS = 5


def read(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (TONE / f"data/{name}.jsonl").read_text().splitlines()]


def words(phrase: str) -> list[str]:
    return re.findall(r"[\w']+", phrase.lower())


def overlap(one: str, other: str) -> float:
    """Jaccard index of the two sets of words."""
    first, second = set(words(one)), set(words(other))
    return len(first & second) / len(first | second)


def runs(phrase: str) -> set[tuple[str, ...]]:
    """All runs of `SHARED_RUN_WORDS` words."""
    spoken = words(phrase)
    return {tuple(spoken[at : at + SHARED_RUN_WORDS]) for at in range(len(spoken) - SHARED_RUN_WORDS + 1)}


TRAIN, HELDOUT = read("train"), read("heldout")


@pytest.mark.parametrize(("items", "least_per_tone"), [(TRAIN, 50), (HELDOUT, 10)], ids=["train", "heldout"])
def test_every_tone_has_equally_many_sentences(items: list[dict[str, str]], least_per_tone: int) -> None:
    counted = Counter(item["tone"] for item in items)
    assert set(counted) == set(LABELS)
    assert len(set(counted.values())) == 1
    assert counted["joy"] >= least_per_tone
    assert all(set(item) == {"phrase", "tone"} and item["phrase"] == item["phrase"].strip() != "" for item in items)


@pytest.mark.parametrize("items", [TRAIN, HELDOUT], ids=["train", "heldout"])
def test_no_sentence_comes_twice(items: list[dict[str, str]]) -> None:
    spoken = [words(item["phrase"]) for item in items]
    assert [one for one, other in combinations(spoken, 2) if one == other] == []


def test_no_held_out_sentence_is_a_training_sentence_in_other_words() -> None:
    """Learning by heart must not look like understanding."""
    pairs = [(held["phrase"], seen["phrase"]) for held, seen in product(HELDOUT, TRAIN)]
    assert [pair for pair in pairs if overlap(*pair) >= MOST_OVERLAP] == []
    assert [pair for pair in pairs if runs(pair[0]) & runs(pair[1])] == []


def test_every_six_held_out_sentences_in_a_row_hold_all_tones() -> None:
    """Whoever asks only the first sentences, or some in a row, still gets a fair sample."""
    tones = [item["tone"] for item in HELDOUT]
    for first in range(0, len(tones), len(LABELS)):
        assert sorted(tones[first : first + len(LABELS)]) == sorted(LABELS)


def test_the_example_asks_a_held_out_sentence_in_the_form_that_was_trained() -> None:
    assert EXAMPLE["sample"] in HELDOUT
    assert EXAMPLE["labels"] == LABELS
    instruction, phrase = EXAMPLE["question"].split("\n\n")
    assert phrase == "{phrase}"
    assert all(label in words(instruction) for label in LABELS)
