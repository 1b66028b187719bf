"""What the tests ask, and what is known about the answers."""

import json

import openai

from tests.workspace import PROJECT

EXAMPLE = json.loads((PROJECT / "examples/tone/example.json").read_text())
QUESTION = [{"role": "user", "content": EXAMPLE["question"].format(phrase=EXAMPLE["sample"]["phrase"])}]
TONE = "joy"


def answered(client: openai.OpenAI, model: str) -> str:
    """Greedy, as the adapter's own defaults are."""
    answer = client.chat.completions.create(model=model, messages=QUESTION, temperature=0, max_tokens=4)
    return answer.choices[0].message.content or ""


def questions(count: int) -> list[str]:
    """Held-out sentences of the example, in the form in which the adapter learned to be asked."""
    lines = (PROJECT / "examples/tone/data/heldout.jsonl").read_text().splitlines()[:count]
    return [EXAMPLE["question"].format(phrase=json.loads(line)["phrase"]) for line in lines]
