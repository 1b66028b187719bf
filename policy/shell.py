"""What a container's words make a shell do: its scripts as simple commands, with what stands between them."""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

_SHELL: Final = re.compile(r"(?:.*/)?(?:ba|da|z|a|k)?sh")
_ASSIGNMENT: Final = re.compile(r"[A-Za-z_]\w*=.*", re.DOTALL)
_SEPARATOR: Final = re.compile(r"[;&|()\n]+")
_WRAPPERS: Final = frozenset(
    {"exec", "env", "sudo", "nice", "nohup", "time", "command", "tini", "dumb-init", "--", "!"}
)
_OPENING: Final = frozenset({"if", "then", "else", "elif", "while", "until", "do", "{"})
_CLOSING: Final = frozenset({"then", "do", "else", "elif", "fi", "done", "esac", "}"})
"""Words before which a `;` is grammar, and says nothing about going on."""
_HARMLESS: Final = frozenset(
    {"echo", "printf", "export", "trap", "umask", "ulimit", "shopt", "for", "case", "true", ":"}
)
"""Programs whose failure nobody minds, and the heads of loops."""
_INSTALLERS: Final = {
    **{key: {"install", "sync"} for key in ("pip", "pip3", "pipx")},
    "uv": {"pip", "add", "sync", "tool"},
    **{key: {"install", "create", "env", "update"} for key in ("conda", "mamba", "micromamba")},
    **{key: {"install", "add", "sync"} for key in ("poetry", "pdm")},
    **{key: {"install", "i", "ci", "add"} for key in ("npm", "pnpm")},
    "yarn": {"install", "add"},
    "apk": {"add"},
    **{key: {"install", "upgrade"} for key in ("apt", "apt-get", "dnf", "microdnf", "yum", "zypper")},
    **{key: {"install"} for key in ("gem", "cargo", "go", "brew")},
}
"""Package managers, with their words that bring something."""
_DOWNLOADERS: Final = frozenset({"curl", "wget"})
_PYTHON: Final = re.compile(r"python[\d.]*")


@dataclass(frozen=True)
class Step:
    """A simple command, and the operator that follows it: empty at the end."""

    words: tuple[str, ...]
    then: str

    @property
    def program(self) -> tuple[str, ...]:
        """The program without its folder, and its words; without assignments and programs that only run another."""
        words = list(self.words)
        while words and (words[0] in _OPENING or _ASSIGNMENT.fullmatch(words[0]) or _base(words[0]) in _WRAPPERS):
            words.pop(0)
        return (_base(words[0]), *words[1:]) if words else ()


@dataclass(frozen=True)
class Script:
    """A script of a shell; `careful` where the shell itself was told to stop at the first failure."""

    steps: tuple[Step, ...]
    careful: bool

    @property
    def stops_on_failure(self) -> bool:
        """Whether no step runs as if nothing had happened after one that failed."""
        if self.careful or (self.steps and _sets_errexit(self.steps[0])):
            return True
        return not any(self._goes_on(index) for index in range(len(self.steps) - 1))

    def _goes_on(self, index: int) -> bool:
        step, following = self.steps[index], self.steps[index + 1]
        if step.then in ("&&", "||", "|", "|&", "(", "$(") or following.words[0] in _CLOSING:
            return False
        return bool(step.program) and step.program[0] not in _HARMLESS | _CLOSING


def scripts(words: Sequence[str]) -> Iterator[Script]:
    """The scripts that these words (command and args) hand to a shell, also those within scripts."""
    for index, word in enumerate(words):
        if _SHELL.fullmatch(word):
            found = _script(words[index + 1 :])
            if found:
                yield found
                for step in found.steps:
                    yield from scripts(step.words)
            return


def installs(words: Sequence[str]) -> bool:
    """Whether the words run a package manager that brings something, or a script from the web."""
    steps = [step for script in scripts(words) for step in script.steps] or [Step(tuple(words), "")]
    return any(_is_install(step.program) for step in steps) or any(
        step.program[:1] and step.program[0] in _DOWNLOADERS and step.then in ("|", "|&") and _runs(after.program)
        for step, after in pairwise(steps)
    )


def _script(words: Sequence[str]) -> Script | None:
    """The script after a shell's options: `-c` may stand alone or among others, `-o NAME` takes a word."""
    careful, command, rest = False, False, list(words)
    while rest and rest[0].startswith(("-", "+")):
        option = rest.pop(0)
        if option.startswith("--"):
            continue
        careful = careful or (option[0] == "-" and "e" in option)
        command = command or "c" in option
        if option.endswith("o") and rest:
            careful = careful or rest.pop(0) == "errexit"
    return Script(tuple(_steps(rest[0])), careful) if command and rest else None


def _steps(script: str) -> Iterator[Step]:
    words: list[str] = []
    for token in _tokens(script):
        if _SEPARATOR.fullmatch(token):
            if words:
                yield Step(tuple(words), token.strip("\n") or "\n")
            words = []
        else:
            words.append(token)
    if words:
        yield Step(tuple(words), "")


def _tokens(script: str) -> Iterator[str]:
    lexer = shlex.shlex(script.replace("\\\n", " "), posix=True, punctuation_chars=";&|()\n")
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t\r", True, ""
    comment = False
    try:
        for token in lexer:
            comment = (comment or token.startswith("#")) and "\n" not in token
            if not comment:
                yield token
    except ValueError:  # a quote that nobody closes: what was read so far is judged
        return


def _is_install(program: Sequence[str]) -> bool:
    if len(program) > 2 and _PYTHON.fullmatch(program[0]) and program[1] == "-m":
        program = program[2:]
    verb = next((word for word in program[1:] if not word.startswith("-")), "")
    return bool(program) and verb in _INSTALLERS.get(program[0], ())


def _runs(program: Sequence[str]) -> bool:
    return bool(program) and bool(_SHELL.fullmatch(program[0]) or _PYTHON.fullmatch(program[0]))


def _sets_errexit(step: Step) -> bool:
    words = step.words
    return words[0] == "set" and any(
        word == "errexit" or (word.startswith("-") and not word.startswith("--") and "e" in word) for word in words[1:]
    )


def _base(word: str) -> str:
    return word.rpartition("/")[2]
