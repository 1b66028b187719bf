"""Image references as container engines read them: registry, repository, tag and digest."""

import re
from dataclasses import dataclass
from typing import Final

DOCKER_HUB: Final = "docker.io"
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_VERSION: Final = re.compile(r"\d+\.\d+|\d{6,}|[0-9a-f]{7,}")


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
        """Whether the same reference is meant to become another image: no tag, or one that names no version."""
        return not self.names_content and not _VERSION.search(self.tag)


def parse(reference: str) -> Image:
    """The parts of a reference; Docker Hub is the registry where none is named, as distribution/reference has it."""
    name, _, digest = reference.partition("@")
    first, slash, rest = name.partition("/")
    is_registry = bool(slash) and (first == "localhost" or "." in first or ":" in first)
    registry, path = (first, rest) if is_registry else (DOCKER_HUB, name)
    repository, _, tag = path.partition(":")
    return Image(registry, repository, tag, digest)
