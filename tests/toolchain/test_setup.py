"""Set-up as a person calls it."""

import ast
from pathlib import Path

import pytest

from toolchain import setup
from toolchain.errors import SetupError

PROJECT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize("name", ["__init__.py", "__main__.py"])
def test_an_old_python_can_read_what_tells_it_that_it_is_old(name: str) -> None:
    ast.parse((PROJECT / "toolchain" / name).read_text(), feature_version=(3, 6))


def test_what_is_missing_is_said_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(*_arguments: object) -> None:
        raise SetupError("no Go; install it")

    monkeypatch.setattr(setup, "make_environment", missing)
    assert setup.main(["base"]) == 1
    assert capsys.readouterr().err == "set-up: no Go; install it\n"


def test_an_interrupt_ends_with_the_shells_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(setup, "make_environment", interrupted)
    assert setup.main(["base"]) == 130
