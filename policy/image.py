"""Image references as container engines read them: registry, repository, tag and digest."""

import re
from dataclasses import dataclass
from typing import Final

DOCKER_HUB: Final = "docker.io"
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")
_DATE_OR_COMMIT: Final = re.compile(
    r"(?<![0-9a-f])(?=[0-9a-f]*\d)(?:\d{6,}|[0-9a-f]{7,40})(?![0-9a-f])|\d{4}[-.]\d{2}[-.]\d{2}"
)
_VERSION: Final = re.compile(r"v?\d+(?:\.\d+)+(?:[a-z]+\d*)?|v\d+|\d{3,}")
_BUILD: Final = re.compile(r"(?<![a-z0-9])(?:build|b|rev|r|release|run|ci|git|sha)[-_.]?\d+")
_MOVING: Final = frozenset(
    ("latest", "stable", "edge", "nightly", "daily", "main", "master", "trunk", "head", "dev", "develop", "devel",
     "development", "test", "testing", "staging", "stage", "prod", "production", "preview", "canary", "current", "next",
     "rolling", "lts", "snapshot", "release")
)  # fmt: skip
"""Words for whatever is newest of its kind."""


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

        A digest, a date (20251101) and a commit (4e0b800) stand for one image, whatever else the tag says. Otherwise a
        word such as `latest` moves. What is left must name a version (1.2, 1.2.0rc1, v42) or a build (build-1234, 1234)
        of the image: not a major number alone (`3` moves with each 3.x), nor the version of something that it contains
        (cuda12.4, py3.11).
        """
        if self.names_content or _DATE_OR_COMMIT.search(self.tag.lower()):
            return False
        parts = re.split(r"[-_+]", self.tag.lower())
        if not _MOVING.isdisjoint(parts):
            return not _BUILD.search(self.tag.lower())
        return not any(_VERSION.fullmatch(part) for part in parts) and not _BUILD.search(self.tag.lower())


def parse(reference: str) -> Image:
    """The parts of a reference; Docker Hub is the registry where none is named, as distribution/reference has it."""
    name, _, digest = reference.partition("@")
    first, slash, rest = name.partition("/")
    is_registry = bool(slash) and (first == "localhost" or "." in first or ":" in first)
    registry, path = (first, rest) if is_registry else (DOCKER_HUB, name)
    repository, _, tag = path.partition(":")
    return Image(registry, repository, tag, digest)
