"""Command lines as a shell reads them: words, what joins commands, scripts within scripts.

Enough of POSIX shell to tell what a start command runs and whether a failure stops it (The Open Group Base
Specifications, Shell Command Language, 2.3 and 2.9). Here-documents and functions are read as if they were commands.
"""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

_TOKEN: Final = re.compile(
    r"""
      (?P<space>(?:[ \t\r]|\\\n)+)
    | (?P<comment>\#[^\n]*)
    | (?P<operator>&&|\|\||;;|\|&|[;&|\n()`])
    | (?P<redirection>\d*(?:<<<?|>>|<>|>\||[<>]&?)(?!\())
    | (?P<word>(?:[^\s;&|()<>'"`\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*"|[<>](?=\())+)
    | (?P<rest>.+)
    """,
    re.VERBOSE | re.DOTALL,
)
_ASSIGNMENT: Final = re.compile(r"\w+\+?=.*", re.DOTALL)
_SHELL: Final = re.compile(r"(?:ba|da|k|z|a)?sh")
_RESERVED: Final = frozenset(
    ("!", "{", "}", "if", "then", "elif", "else", "fi", "for", "while", "until", "do",
     "done", "case", "esac", "in", "function", "time")
)  # fmt: skip
_BRANCHES: Final = frozenset(["then", "elif", "else", "do"])
"""Words that make a separator before them grammar: what stands before is a condition, or another branch."""
_NO_COMMANDS: Final = frozenset(("case", "for"))
"""Words after which no command comes, but a value or a name."""
_SEPARATORS: Final = frozenset((";", "\n"))
_RUNNERS: Final = {
    "exec": ("-a",), "command": (), "builtin": (), "nohup": (), "setsid": (), "xargs": (),
    "env": ("-u", "-C", "-S"), "sudo": ("-u", "-g"), "nice": ("-n",), "timeout": ("-s", "-k"),
    "stdbuf": ("-i", "-o", "-e"), "tini": ("-p", "-e"), "dumb-init": ("-r",),
}  # fmt: skip
"""Programs that run the command in their arguments, and those of their options that take a value."""
_EVAL: Final = "eval"
_HARMLESS: Final = frozenset(
    (":", "true", "export", "readonly", "unset", "set", "shopt", "echo", "printf", "umask", "trap", "exit", "return")
)  # fmt: skip
"""What either cannot fail in a way that matters, or lets nothing come after it."""


@dataclass(frozen=True)
class Command:
    """One simple command: its words without quotes, and how it is joined to the one before."""

    words: tuple[str, ...]
    sequential: bool = False
    """Whether it runs whatever became of the one before, unless `set -e` holds."""
    piped: bool = False
    """Whether it reads what the one before writes."""
    careful: bool = False
    """Whether the shell stops if it fails."""
    handled: bool = False
    """Whether its list says with `||` what happens if it fails."""
    final: bool = False
    """Whether it takes the shell's place, so that nothing comes after it."""

    @property
    def program(self) -> str:
        """The file name of what is run."""
        return self.words[0].rpartition("/")[2]

    @property
    def arguments(self) -> tuple[str, ...]:
        """All other words."""
        return self.words[1:]


@dataclass(frozen=True)
class Script:
    """The text that a shell is given, and the commands in it."""

    text: str
    commands: tuple[Command, ...]

    @property
    def stops_on_failure(self) -> bool:
        """False where a command that failed is followed by another all the same."""
        return not any(
            after.sequential and not (one.careful or one.handled or one.final or one.program in _HARMLESS)
            for one, after in zip(self.commands, self.commands[1:], strict=False)
        )


def scripts(words: Sequence[str]) -> Iterator[Script]:
    """The scripts that a command line hands to shells, with those inside them."""
    command = _bare(tuple(words))
    if not command:
        return
    if command[0] == _EVAL:
        yield from _read(" ".join(command[1:]), careful=False)
    elif _SHELL.fullmatch(command[0].rpartition("/")[2]):
        careful, text = _options(command[1:])
        if text is not None:
            yield from _read(text, careful)


def commands(words: Sequence[str]) -> Iterator[Command]:
    """Every command that a command line runs: itself, and those of the scripts in it."""
    bare = _bare(tuple(words))
    if bare:
        yield Command(bare)
    for script in scripts(words):
        yield from script.commands


def pipelines(script: Script) -> Iterator[list[Command]]:
    """The commands of a script, those together whose output goes into the next."""
    found: list[Command] = []
    for command in script.commands:
        if found and not command.piped:
            yield found
            found = []
        found.append(command)
    if found:
        yield found


def is_shell(program: str) -> bool:
    """Whether a program is a shell."""
    return bool(_SHELL.fullmatch(program))


def _read(text: str, careful: bool) -> Iterator[Script]:
    read = tuple(_commands(text, careful))
    yield Script(text, read)
    for command in read:
        yield from scripts(command.words)


def _commands(text: str, careful: bool) -> Iterator[Command]:
    """The simple commands, in order."""
    listed: list[Command] = []
    words: list[str] = []
    between: set[str] = set()
    into, depth, handled = False, 0, False
    for kind, lexeme in [*_tokens(text), ("operator", "\n")]:
        if kind == "redirection":
            into = True
        elif kind == "word":
            if not into:
                words.append(lexeme)
            into = False
        else:
            leading, bare = _led(tuple(words))
            between.update(leading)
            is_pattern = lexeme == ")" and depth == 0
            if bare and not is_pattern and between.isdisjoint(_NO_COMMANDS):
                sequential = bool(between & _SEPARATORS) and between.isdisjoint(_BRANCHES)
                final = "exec" in words
                listed.append(Command(bare, sequential, bool(between & {"|", "|&"}), careful, final=final))
                careful = _set(bare[1:], careful) if bare[0] == "set" else careful
                between = set()
            words = []
            between = {lexeme} if not between or bare else between | {lexeme}
            depth += {"(": 1, ")": -1 if depth else 0}.get(lexeme, 0)
            handled = handled or lexeme == "||"
            if lexeme in _SEPARATORS or lexeme == "&":
                yield from (replace(one, handled=handled) for one in listed)
                listed, handled = [], False


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    for found in _TOKEN.finditer(text):
        match found.lastgroup:
            case "space" | "comment":
                continue
            case "word" | "rest":
                yield "word", _unquoted(found[0])
            case kind:
                yield str(kind), found[0]


def _unquoted(word: str) -> str:
    try:
        return "".join(shlex.split(word)) if any(mark in word for mark in "'\"\\") else word
    except ValueError:
        return word


def _bare(words: tuple[str, ...]) -> tuple[str, ...]:
    return _led(words)[1]


def _led(words: tuple[str, ...]) -> tuple[set[str], tuple[str, ...]]:
    """What only leads to a command (reserved words; assignments and programs that run others), and the command."""
    reserved: set[str] = set()
    while words:
        first = words[0].rpartition("/")[2]
        if words[0] in _RESERVED:
            reserved.add(words[0])
            words = words[1:]
        elif _ASSIGNMENT.fullmatch(words[0]):
            words = words[1:]
        elif first in _RUNNERS and len(words) > 1:
            words = _without_options(words[1:], _RUNNERS[first])
            words = words[1:] if first == "timeout" else words
        else:
            break
    return reserved, words


def _without_options(words: tuple[str, ...], with_value: tuple[str, ...]) -> tuple[str, ...]:
    while words and words[0].startswith("-"):
        if words[0] == "--":
            return words[1:]
        words = words[2:] if words[0] in with_value else words[1:]
    return words


def _options(words: tuple[str, ...]) -> tuple[bool, str | None]:
    """Of a shell: whether it stops on failure, and the script after `-c`."""
    careful, reads = False, False
    while words and words[0][:1] in ("-", "+") and len(words[0]) > 1:
        option, words = words[0], words[1:]
        if option.startswith("--"):
            if option in ("--rcfile", "--init-file"):
                words = words[1:]
            continue
        careful = option[0] == "-" if "e" in option[1:] else careful
        reads = reads or "c" in option[1:]
        if "o" in option[1:].lower() and words:
            careful = option[0] == "-" if words[0] == "errexit" else careful
            words = words[1:]
    return careful, words[0] if reads and words else None


def _set(words: tuple[str, ...], careful: bool) -> bool:
    for index, word in enumerate(words):
        on = word.startswith("-")
        if word[:1] in ("-", "+") and not word.startswith("--"):
            if "e" in word[1:]:
                careful = on
            if "o" in word[1:] and words[index + 1 : index + 2] == ("errexit",):
                careful = on
    return careful
