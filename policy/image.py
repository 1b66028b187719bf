"""Image references as container engines read them: registry, repository, tag and digest."""

import re
from dataclasses import dataclass
from typing import Final

DOCKER_HUB: Final = "docker.io"
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_WORD: Final = re.compile(r"[-_+]")
_VERSION: Final = re.compile(r"v?\d+(?:\.\d+)*(?:\.?(?:a|b|rc|dev|post|alpha|beta)\.?\d*)?|[0-9a-f]{7,40}")
_MOVING: Final = frozenset(
    {
        *("latest", "main", "master", "trunk", "head", "dev", "develop", "devel", "edge", "nightly", "canary"),
        *("stable", "current", "release", "lts", "rolling", "snapshot", "next", "prod", "production", "staging"),
    }
)
"""Words that say that a tag is moved on."""


@dataclass(frozen=True)
class Image:
    """One reference; `tag` and `digest` are empty where they are not given."""

    registry: str
    repository: str
    tag: str
    digest: str

    @property
    def names_content(self) -> bool:
        """Whether a digest says which bytes are run."""
        return bool(_DIGEST.fullmatch(self.digest))

    @property
    def floats(self) -> bool:
        """Whether the same reference is meant to become another image.

        Of the words of its tag (between `-`, `_` and `+`) one says that it moves, or none is a version or a commit.
        """
        words = _WORD.split(self.tag.lower())
        moves = any(word in _MOVING for word in words) or not any(_VERSION.fullmatch(word) for word in words)
        return moves and not self.names_content


def parse(reference: str) -> Image:
    """The parts of a reference; Docker Hub is the registry where none is named, as distribution/reference has it."""
    name, _, digest = reference.partition("@")
    first, slash, rest = name.partition("/")
    is_registry = bool(slash) and (first == "localhost" or "." in first or ":" in first)
    registry, path = (first, rest) if is_registry else (DOCKER_HUB, name)
    repository, _, tag = path.partition(":")
    return Image(registry, repository, tag, digest)
