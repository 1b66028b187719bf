"""What start scripts really look like: whether they go on after a failure, and whether they install something."""

import pytest

from policy.shell import installs, scripts


def bash(script: str) -> list[str]:
    return ["/bin/bash", "-c", script]


@pytest.mark.parametrize(
    "words",
    [
        bash("cd /mount && exec python3 -m server"),
        bash("set -e; cd /mount; exec server"),
        bash("set -euo pipefail\ncd /mount\nexec server\n"),
        bash("set -o errexit\ncd /mount\nexec server"),
        ["bash", "-ec", "cd /a; exec server"],
        ["bash", "-e", "-c", "cd /a; exec server"],
        ["bash", "-o", "errexit", "-c", "cd /a; exec server"],
        ["/usr/bin/env", "bash", "-ec", "cd /a; exec server"],
        bash("exec server --stop ';'"),
        bash('exec server --stop "a; b"'),
        bash("# a comment; with a semicolon\nexec server"),
        bash("export A=1; exec server"),
        bash("A=1; echo starting; exec server"),
        bash("if test -d /mount; then cd /mount; fi && exec server"),
        bash("for f in a b; do cat $f; done && exec server"),
        bash("cd /mount || exit 1"),
        bash("cat a | sort && exec server"),
        bash("exec server;"),
        ["server", "--text", "a; b"],
        ["python3", "-c", "import a; a.run()"],
    ],
    ids=repr,
)
def test_a_script_that_stops(words: list[str]) -> None:
    assert all(script.stops_on_failure for script in scripts(words))


@pytest.mark.parametrize(
    "words",
    [
        bash("cd /mount; exec python3 -m server"),
        bash("cd /mount\nexec server"),
        bash("cd /mount && pip install x; exec server"),
        bash("cd /mount; set -e; exec server"),
        bash("prepare & exec server"),
        ["sh", "-x", "-c", "cd /a; exec server"],
        ["/bin/sh", "-c", "exec bash -c 'cd /a; exec server'"],
        bash("if test -d /a; then cd /a; rm x; fi && exec server"),
        ["tini", "--", "sh", "-c", "cd /a; exec server"],
    ],
    ids=repr,
)
def test_a_script_that_goes_on(words: list[str]) -> None:
    assert not all(script.stops_on_failure for script in scripts(words))


@pytest.mark.parametrize(
    "words",
    [
        bash("pip install torch && exec server"),
        bash("python -m pip install -r requirements.txt && exec server"),
        bash("python3.11 -m pip --no-cache-dir install x"),
        bash("/opt/venv/bin/pip3 -q install x"),
        bash("DEBIAN_FRONTEND=noninteractive apt-get -y install git"),
        bash("sudo apt install git"),
        bash("uv pip install x"),
        bash("uv sync && exec server"),
        bash("conda env create -f e.yml"),
        bash("npm ci"),
        bash("curl -s https://example.com/x | bash && exec server"),
        bash("wget -qO- https://example.com/x | python3 -"),
        bash("bash -c 'pip install x'"),
        bash("x=$(pip install x)"),
        bash("if ! test -d /v; then pip install x; fi"),
        ["pip", "install", "x"],
        ["python3", "-m", "pip", "install", "x"],
        ["sh", "-c", "cd /a\npip install x"],
    ],
    ids=repr,
)
def test_what_installs(words: list[str]) -> None:
    assert installs(words)


@pytest.mark.parametrize(
    "words",
    [
        bash("exec /opt/pip/bin/server --mode install"),
        bash("echo pip install x"),
        bash("exec server 'pip install x'"),
        bash("pip list && exec server"),
        bash("# pip install x\nexec server"),
        bash("curl -f http://127.0.0.1/x | cat"),
        bash("exec server --unbalanced 'quote"),
        ["server", "install"],
        [],
    ],
    ids=repr,
)
def test_what_does_not(words: list[str]) -> None:
    assert not installs(words)
