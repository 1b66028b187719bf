"""Scores of one answer against the expected one, each from 0 to 1; BLEU and ROUGE-L by sacrebleu and rouge-score."""

import re
import string
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from operations.errors import OperationError

EXACT, F1, BLEU, ROUGE_L = "exact_match", "f1", "bleu", "rouge_l"
EXTRA: Final = "evaluate"


def exact_match(text: str, expected: str) -> float:
    """1 for the expected answer alone; case, white space around it and a full stop at its end do not matter."""
    return float(text.strip().rstrip(".").lower() == expected.strip().rstrip(".").lower())


def f1(text: str, expected: str) -> float:
    """Overlap of words, the harmonic mean of precision and recall, as SQuAD defines it (Rajpurkar et al. 2016)."""
    given, wanted = _words(text), _words(expected)
    common = sum((Counter(given) & Counter(wanted)).values())
    if not given or not wanted:
        return float(given == wanted)
    return 2 * common / (len(given) + len(wanted))


def bleu(text: str, expected: str) -> float:
    """Sentence BLEU with effective order, so that short answers are not all 0."""
    return float(_sacrebleu().sentence_score(text, [expected]).score) / 100


def rouge_l(text: str, expected: str) -> float:
    """F-measure of the longest common subsequence of words."""
    return float(_rouge().score(expected, text)["rougeL"].fmeasure)


METRICS: Final[Mapping[str, Callable[[str, str], float]]] = {
    EXACT: exact_match,
    F1: f1,
    BLEU: bleu,
    ROUGE_L: rouge_l,
}


def _words(text: str) -> list[str]:
    kept = "".join(character for character in text.lower() if character not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", kept).split()


@cache
def _sacrebleu() -> Any:
    try:
        from sacrebleu.metrics import bleu as metric
    except ImportError as error:
        raise missing("sacrebleu") from error
    return metric.BLEU(effective_order=True)


@cache
def _rouge() -> Any:
    try:
        from rouge_score.rouge_scorer import RougeScorer
    except ImportError as error:
        raise missing("rouge-score") from error
    return RougeScorer(["rougeL"], use_stemmer=False)


def missing(package: str) -> OperationError:
    """The error where a package of the extra is not installed."""
    return OperationError(f"{package} is not installed; `pip install 'aca-inference[{EXTRA}]'` brings it")
