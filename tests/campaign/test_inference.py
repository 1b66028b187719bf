"""The inference app's tests in their long form: the same files, with larger numbers."""

import os
import re
import subprocess
import sys

import pytest

from tests.campaign.conftest import Record
from tests.workspace import PROJECT

# Name, file, variable that makes it long, its value, and what is done in words.
CAMPAIGNS = [
    ("openapi", "test_openapi.py", "OPENAPI_CASES", 1250, "5,000 generated requests to the scripted engine"),
    ("damaged files", "test_mutations.py", "MUTATIONS", 5000, "5,000 damaged adapters, 5,000 damaged GGUF headers"),
    ("app under load", "test_load.py", "LOAD_SECONDS", 120, "200 clients, a fifth leaving, 120 s on each engine"),
]


@pytest.mark.parametrize(
    ("name", "file", "variable", "value", "done"), CAMPAIGNS, ids=[row[0].replace(" ", "-") for row in CAMPAIGNS]
)
def test_long_form(name: str, file: str, variable: str, value: int, done: str, record: Record) -> None:
    words = [
        sys.executable,
        "-m",
        "pytest",
        f"tests/inference_app/{file}",
        "-p",
        "no:cacheprovider",
        "--timeout",
        "3600",
    ]
    ran = subprocess.run(
        words, cwd=PROJECT, env={**os.environ, variable: str(value)}, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout
    passed = re.search(r"(\d+) passed", ran.stdout)
    assert passed is not None
    record(name, done, f"{passed[1]} tests passed: no 5xx, no hang, no crash, no lost or mixed answer")
