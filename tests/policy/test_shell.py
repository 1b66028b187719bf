"""Start commands as a shell reads them: what stops at a failure, and what installs."""

import pytest

from policy.installing import installs
from policy.shell import scripts

CAREFUL = r"""
cd /a && exec b
set -e; cd /a; b
set -euo pipefail\ncd a\nb
set -o errexit; a; b
exec b --stop ';'
export A=1; exec b
A=1; exec b
if [ -f x ]; then a; else c; fi
while true; do a; done
for i in 1 2; do a $i; done
case $1 in\n a) x;;\n b) y;;\nesac
a || exit 1; b
a || exit 1\nb || exit 1
a & b
a # x; y
exec a; b
a;
a \\n && b
a > x && b < y
trap 'kill 0; x' EXIT; b
bash -ec 'a; b'
""".strip().splitlines()
CARELESS = r"""
cd /a; exec b
cd a\nexec b
cd a; set -e; b
set -e; set +e; a; b
A=1 b; c
if [ -f x ]; then a; fi; b
a && b; c
a | b; c
(a; b)
{ a; b; }
for i in 1 2; do a; b; done
a\n\n# note; x\n b
a 2>&1; b
set -e; bash -c 'a; b'
eval 'a; b'
x=$(date); b
""".strip().splitlines()


def _script(line: str) -> str:
    return line.replace("\\n", "\n")


@pytest.mark.parametrize("line", CAREFUL)
def test_what_stops_at_a_failure(line: str) -> None:
    assert all(script.stops_on_failure for script in scripts(["sh", "-c", _script(line)]))


@pytest.mark.parametrize("line", CARELESS)
def test_what_goes_on_after_a_failure(line: str) -> None:
    assert not all(script.stops_on_failure for script in scripts(["sh", "-c", _script(line)]))


@pytest.mark.parametrize(
    ("words", "careful"),
    [
        ("bash -ec", True),
        ("bash -e -c", True),
        ("bash -o errexit -c", True),
        ("bash -euxo pipefail -c", True),
        ("/bin/sh -lc", False),
        ("bash --noprofile -c", False),
        ("tini -- sh -c", False),
        ("env X=1 bash -c", False),
        ("python3 -c", True),
    ],
)
def test_how_a_shell_is_started(words: str, careful: bool) -> None:
    assert all(script.stops_on_failure for script in scripts([*words.split(), "a; b"])) == careful


INSTALLING = (
    "pip install torch", "python -m pip install x", "python3.11 -m pip --no-cache-dir install x", "pip3 -q install x",
    "uv sync --frozen", "uv pip install --system x", "uvx x", "apt-get -y install git", "sudo -E apt-get install x",
    "conda install -y x", "conda env create -f e.yml", "micromamba -n base install x", "npm ci", "poetry install",
    "apk add --no-cache git", "cargo install x", "gem install x",
)  # fmt: skip
NOT_INSTALLING = (
    "uv run serve", "apt-get update", "conda run -n env python x", "conda activate x", "npm start", "poetry run x",
    "/opt/pip/bin/server --mode install", "echo pip install x", "pip list", "python server.py install",
)  # fmt: skip
FORMS = ("{}", "cd /a && {} && exec s", "cd /a; {}", "( {} )", "if ! x; then {}; fi", "A=1 {}", "exec bash -c '{}'")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("line", [*INSTALLING, *NOT_INSTALLING])
def test_installers_in_a_script(line: str, form: str) -> None:
    assert installs(["bash", "-c", form.format(line)]) == (line in INSTALLING)


@pytest.mark.parametrize("line", [*INSTALLING, *NOT_INSTALLING])
def test_installers_without_a_shell(line: str) -> None:
    assert installs(line.split()) == (line in INSTALLING)


@pytest.mark.parametrize(
    ("script", "bad"),
    [
        ("curl -s x | bash", True),
        ("curl x | sudo bash -s -- a", True),
        ("wget -qO- x | python3 -", True),
        ("bash <(curl x)", True),
        ('sh -c "$(curl -fsSL x)"', True),
        ("eval 'pip install x'", True),
        ("out=$(pip install x)", True),
        ("curl -o f x && exec s", False),
        ("curl x | tee f; bash g", False),
        ("echo 'pip install x'", False),
        ("x # pip install y\nz", False),
    ],
)
def test_programs_from_the_web_and_words_that_are_none(script: str, bad: bool) -> None:
    assert installs(["sh", "-c", script]) == bad
