"""The inference app's tests in their long form: the same files, with larger numbers."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping

import pytest

from tests.campaign.conftest import Record
from tests.workspace import PROJECT

LOAD = {"LOAD_SECONDS": 300, "SWAPS": 50}
# Name, file, what makes it long, and what is done in words.
CAMPAIGNS = [
    ("openapi", "test_openapi.py", {"OPENAPI_CASES": 1250}, "5,000 generated requests to the scripted engine"),
    ("damaged files", "test_mutations.py", {"MUTATIONS": 5000}, "5,000 damaged adapters, 5,000 damaged GGUF headers"),
    (
        "app under load",
        "test_load.py",
        LOAD,
        "200 clients, a fifth leaving, 300 s each on the scripted engine and on llama.cpp with 50 swaps",
    ),
]
ENGINES = PROJECT / ".toolchain/engines/bin/python"


@pytest.mark.parametrize(
    ("name", "file", "sizes", "done"), CAMPAIGNS, ids=[row[0].replace(" ", "-") for row in CAMPAIGNS]
)
def test_long_form(name: str, file: str, sizes: Mapping[str, int], done: str, record: Record) -> None:
    passed = run(sys.executable, f"tests/inference_app/{file}", sizes)
    record(name, done, f"{passed} tests passed: no 5xx, no hang, no crash, no lost or mixed answer")


def test_an_adapter_swapped_on_the_heavy_engines(record: Record) -> None:
    subprocess.run([sys.executable, "-m", "toolchain", "engines"], cwd=PROJECT, check=True)
    passed = run(str(ENGINES), "tests/engines/test_changes.py", {"SWAPS": 50}, "-k", "answers_anew")
    record(
        "adapter swapped",
        "50 swaps on disk on each of vLLM and transformers, while two clients ask",
        f"{passed} tests passed: no failed request, each answer of one version",
    )


def run(python: str, tests: str, sizes: Mapping[str, int], *words: str) -> int:
    """Runs tests in another process, larger than usual; how many passed."""
    ran = subprocess.run(
        [python, "-m", "pytest", tests, "-p", "no:cacheprovider", "--timeout", "3600", *words],
        cwd=PROJECT,
        env={**os.environ, **{name: str(value) for name, value in sizes.items()}},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout
    passed = re.search(r"(\d+) passed", ran.stdout)
    assert passed is not None
    return int(passed[1])
