"""What runs: whose image, which one, and whether a start depends on somebody else's server."""

import re
from collections.abc import Iterable
from typing import Final

from policy.image import DOCKER_HUB, parse
from policy.resource import WORKLOADS, Property, Resource
from policy.rule import Kind, Level, Option, Options, Rule, Severity, Subject, containers, within
from policy.shell import installs, scripts

MCSB_SUPPLY: Final = "Microsoft cloud security benchmark v1, DS-2: ensure software supply chain security"


def _images(app: Resource, _: Options) -> Iterable[Subject]:
    return within(containers(app), lambda container: (container.at("image"),))


def _is_allowed_registry(image: Property, options: Options) -> bool:
    reference = parse(image.text)
    name = f"{reference.registry}/{reference.repository}".lower()
    return any(_covers(pattern.lower(), name) for pattern in options["registries"])


def _covers(pattern: str, name: str) -> bool:
    """A registry alone stands for all that is in it; `*` for anything without a slash, `**` for anything."""
    whole = pattern if "/" in pattern else f"{pattern}/**"
    parts = (
        ".*" if part == "**" else "[^/]*" if part == "*" else re.escape(part) for part in re.split(r"(\*\*?)", whole)
    )
    return re.fullmatch("".join(parts), name) is not None


def _has_credentials(image: Property, options: Options) -> bool:
    registry = parse(image.text).registry
    if any(_covers(pattern.lower(), f"{registry}/x") for pattern in options["publicRegistries"]):
        return True
    for entry in image.resource.items("configuration.registries"):
        server = entry.at("server").text.removeprefix("https://").rstrip("/")
        if server in (registry, f"index.{registry}") or (registry == DOCKER_HUB and server.endswith(DOCKER_HUB)):
            return any(entry.at(key).raw not in (None, "") for key in ("identity", "passwordSecretRef"))
    return False


def _command_lines(app: Resource, _: Options) -> Iterable[Subject]:
    """Command and args of each container, in the order in which they are run."""

    def line(container: Property) -> Iterable[Property]:
        words = [word.raw for key in ("command", "args") for word in container.items(key)]
        if words:
            yield Property(app, f"{container.path}.command", words)

    return within(containers(app), line)


def _words(command: Property) -> list[str]:
    return [word.text for word in command.items()]


RULES: Final = (
    Rule(
        id="supply-registry",
        title="Images come from registries that you trust",
        reason="Whoever can push to the registry decides what runs with your model, your secrets and your data.",
        fix="Copy the image into your own registry (`az acr import`) and name it there, or add the registry to"
        " `registries` for this stack.",
        wanted="an image of {registries}",
        severity=Severity.HIGH,
        types=WORKLOADS,
        subjects=_images,
        allowed=_is_allowed_registry,
        options=(
            Option(
                "registries",
                Kind.STRINGS,
                ("mcr.microsoft.com",),
                "registries, or registry/repository, with * as a wildcard",
            ),
        ),
        references=(MCSB_SUPPLY,),
    ),
    Rule(
        id="supply-floating-tag",
        title="The image's tag names a version",
        reason="With `latest` and its like, the same code starts another image tomorrow, and nobody can go back.",
        fix="Tag images with a version or a commit, and name that tag; or name the digest.",
        wanted="a tag with a version or a commit, or a digest",
        severity=Severity.HIGH,
        types=WORKLOADS,
        subjects=_images,
        allowed=lambda image, _: not parse(image.text).floats,
        references=(MCSB_SUPPLY,),
    ),
    Rule(
        id="supply-digest",
        title="The image is named by its digest",
        reason="A tag can be moved to another image; a digest cannot.",
        fix="Append the digest: NAME:TAG@sha256:… (`az acr repository show --image NAME:TAG --query digest`).",
        wanted="NAME@sha256:…",
        severity=Severity.MEDIUM,
        types=WORKLOADS,
        subjects=_images,
        allowed=lambda image, _: parse(image.text).names_content,
        level=Level.ADVISORY,
        references=(MCSB_SUPPLY,),
    ),
    Rule(
        id="supply-pull-identity",
        title="A private image is pulled with an identity or a secret",
        reason="Without credentials a private registry refuses the pull, and a public one limits it.",
        fix="Add the registry to configuration.registries with a managed identity, or with a secret for its password.",
        wanted="an entry of configuration.registries with identity or passwordSecretRef",
        severity=Severity.MEDIUM,
        types=WORKLOADS,
        subjects=_images,
        allowed=_has_credentials,
        options=(
            Option(
                "publicRegistries",
                Kind.STRINGS,
                ("mcr.microsoft.com",),
                "registries that are pulled from without credentials, with * as a wildcard",
            ),
        ),
        references=("Microsoft cloud security benchmark v1, IM-3: manage application identities securely",),
    ),
    Rule(
        id="supply-no-install",
        title="Nothing is installed at the start of a container",
        reason="Each start then takes minutes, fails when a package server does, and runs what was published since.",
        fix="Build an image with everything in it, and start the server only.",
        wanted="a command without a package manager",
        severity=Severity.HIGH,
        types=WORKLOADS,
        subjects=_command_lines,
        allowed=lambda command, _: not installs(_words(command)),
        references=(MCSB_SUPPLY,),
    ),
    Rule(
        id="supply-failing-command",
        title="A start script stops at the first command that fails",
        reason="Joined by `;` the next command runs as if nothing had happened: the app serves without what it needs.",
        fix="Join the commands with `&&`, or begin the script with `set -e`.",
        wanted="commands joined by `&&`, or `set -e`",
        severity=Severity.MEDIUM,
        types=WORKLOADS,
        subjects=_command_lines,
        allowed=lambda command, _: all(script.stops_on_failure for script in scripts(_words(command))),
    ),
)
