"""Image references: their parts, tags that move, registries that are trusted."""

import pytest

from policy.image import Image, parse
from policy.pack import RULES
from policy.rule import judge
from tests.policy.cases.case import image
from tests.policy.example import good
from tests.policy.judging import stack_of


@pytest.mark.parametrize(
    ("reference", "parts", "floats"),
    [
        ("nginx", Image("docker.io", "nginx", "", ""), True),
        ("nginx:1.27.1", Image("docker.io", "nginx", "1.27.1", ""), False),
        ("org/app:latest", Image("docker.io", "org/app", "latest", ""), True),
        ("localhost:5000/app:v2", Image("localhost:5000", "app", "v2", ""), False),
        ("a.azurecr.io/b/c:4e0b800", Image("a.azurecr.io", "b/c", "4e0b800", ""), False),
        (f"a.azurecr.io/b@sha256:{'0' * 64}", Image("a.azurecr.io", "b", "", f"sha256:{'0' * 64}"), False),
        ("a.azurecr.io/b:x@sha256:short", Image("a.azurecr.io", "b", "x", "sha256:short"), True),
    ],
)
def test_image_references(reference: str, parts: Image, floats: bool) -> None:
    assert parse(reference) == parts
    assert parse(reference).floats == floats


@pytest.mark.parametrize(
    ("tag", "floats"),
    [
        *((tag, False) for tag in ("1.2.0", "v42", "v2", "3.12", "1.2.0rc1", "1.2.0-gpu", "build-1234", "1234", "b42")),
        *((tag, False) for tag in ("2.4.0-cuda12.4-cudnn9-runtime", "v1.2.3-alpine3.20", "release-7", "r36.2.0")),
        *((tag, False) for tag in ("nightly-20250101", "2025-11-01", "dev-4e0b800", "main-build-1234", "sha-abc1234")),
        *(
            (tag, True)
            for tag in ("", "latest", "latest-cuda12.4", "stable", "gpu", "3", "16", "main-1234", "deadbeef")
        ),
        *((tag, True) for tag in ("cuda12.4-runtime", "py3.11", "ubuntu22.04", "feature")),
    ],
)
def test_tags_that_move(tag: str, floats: bool) -> None:
    assert Image("a.azurecr.io", "b", tag, "").floats == floats


@pytest.mark.parametrize(
    ("pattern", "reference", "trusted"),
    [
        ("mine.azurecr.io", "mine.azurecr.io/a/b/c:1.0", True),
        ("mine.azurecr.io", "yours.azurecr.io/a:1.0", False),
        ("mine.azurecr.io", "yours.azurecr.io/mine.azurecr.io/a:1.0", False),
        ("*.mine.example", "eu.mine.example/a:1.0", True),
        ("*.mine.example", "evil.example/x.mine.example/a:1.0", False),
        ("docker.io/org/*", "org/app:1.0", True),
        ("docker.io/org/*", "docker.io/org/app:1.0", True),
        ("docker.io/org/*", "docker.io/org/sub/app:1.0", False),
        ("docker.io/*", "docker.io/org/app:1.0", False),
        ("docker.io/org/**", "docker.io/org/sub/app:1.0", True),
        ("docker.io/org/**", "docker.io/organisation/app:1.0", False),
        ("docker.io/**", "docker.io/org/app:1.0", True),
        ("docker.io/org/app", "org/app:1.0", True),
        ("docker.io/org/app", "org/application:1.0", False),
    ],
)
def test_a_pattern_stays_within_its_part_of_the_path(pattern: str, reference: str, trusted: bool) -> None:
    example = good()
    image(reference)(example)
    (app, _) = stack_of(example, preview=False).of_type("app:ContainerApp")
    assert (list(judge(RULES["supply-registry"], app, {"registries": [pattern]})) == []) == trusted
