"""Which commands install software: package managers of the system, of Python, JavaScript and others, and the web."""

import re
from typing import Final

from policy.shell import Command, commands, is_shell, pipelines, scripts

_INSTALLERS: Final = {
    "pip": ("install",),
    "uv": ("sync", "add", "pip install", "pip sync", "tool install", "tool run"),
    "pipx": ("install", "run"),
    "poetry": ("install", "add", "sync", "update"),
    "pdm": ("install", "add", "sync", "update"),
    "pipenv": ("install", "sync", "update"),
    "conda": ("install", "create", "update", "env create", "env update"),
    "npm": ("install", "i", "ci", "add"),
    "pnpm": ("install", "i", "add"),
    "yarn": ("install", "add"),
    "apt": ("install", "upgrade", "full-upgrade", "dist-upgrade"),
    "apk": ("add", "upgrade"),
    "dnf": ("install", "upgrade", "update", "groupinstall"),
    "zypper": ("install", "in", "update", "up"),
    "gem": ("install",),
    "cargo": ("install",),
    "go": ("install", "get"),
    "brew": ("install", "upgrade"),
    "snap": ("install",),
}
"""Package managers, and those of their commands that install."""
_SAME: Final = {
    "apt-get": "apt", "aptitude": "apt", "yum": "dnf", "microdnf": "dnf", "mamba": "conda", "micromamba": "conda",
}  # fmt: skip
_ALWAYS: Final = frozenset(("uvx", "easy_install"))
_PIP: Final = re.compile(r"pip\d*(\.\d+)?")
_PYTHON: Final = re.compile(r"(python|pypy)\d*(\.\d+)?")
_WITH_VALUE: Final = frozenset(
    ("-n", "-p", "-c", "-o", "-t", "--name", "--prefix", "--channel", "--root", "--directory", "--project", "--cwd",
     "--log", "--proxy", "--python", "--cache-dir", "--index-url", "-C")
)  # fmt: skip
"""Options that managers take before their command, and whose value is a word of its own."""
_FETCHERS: Final = frozenset(("curl", "wget"))
_FETCHED: Final = re.compile(r"^\s*(?:\"?\$\(|`)\s*(?:curl|wget)\b|<\(\s*(?:curl|wget)\b")


def installs(words: list[str]) -> bool:
    """Whether a command line installs something, itself or in a script that it hands to a shell."""
    if any(_installs(command) for command in commands(words)):
        return True
    return any(
        _FETCHED.search(script.text) or any(_runs_what_it_fetches(line) for line in pipelines(script))
        for script in scripts(words)
    )


def _installs(command: Command) -> bool:
    program, arguments = command.program, list(command.arguments)
    if _PYTHON.fullmatch(program):
        if "-m" not in arguments:
            return False
        program, *arguments = arguments[arguments.index("-m") + 1 :] or [""]
    if program in _ALWAYS:
        return True
    name = "pip" if _PIP.fullmatch(program) else _SAME.get(program, program)
    if name == "yarn" and not arguments:
        return True
    said = " ".join(_plain(arguments)) + " "
    return any(said.startswith(f"{verb} ") for verb in _INSTALLERS.get(name, ()))


def _plain(arguments: list[str]) -> list[str]:
    """The words that are no options."""
    found: list[str] = []
    skips = False
    for word in arguments:
        if skips:
            skips = False
        elif word.startswith("-"):
            skips = word in _WITH_VALUE
        else:
            found.append(word)
    return found


def _runs_what_it_fetches(line: list[Command]) -> bool:
    """`curl … | sh`, and the like with an interpreter of Python."""
    fetched = False
    for command in line:
        if fetched and (is_shell(command.program) or _PYTHON.fullmatch(command.program)):
            return True
        fetched = fetched or command.program in _FETCHERS
    return False
