"""What runs: whose image, which one, and whether a start depends on somebody else's server."""

from collections.abc import Iterable
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Any, Final

from policy.image import DOCKER_HUB, Image, parse
from policy.installing import installs
from policy.property import NotKnownError, Property, WrongKindError
from policy.resource import WORKLOADS, Resource
from policy.rule import Kind, Level, Option, Options, Rule, Severity
from policy.shell import scripts
from policy.values import Secret, Unknown
from policy.workload import containers

MCSB_SUPPLY: Final = "Microsoft cloud security benchmark v1, DS-2: ensure software supply chain security"
_ANY_DEPTH: Final = "**"


def _images(app: Resource, _: Options) -> Iterable[Property]:
    return (container.at("image") for container in containers(app))


def _is_allowed_registry(image: Property, options: Options) -> bool:
    reference = parse(image.text)
    return any(_covers(pattern, reference) for pattern in options["registries"])


def _covers(pattern: str, image: Image) -> bool:
    """Whether a pattern, REGISTRY or REGISTRY/REPOSITORY, is about an image; `*` stays within a part of the path."""
    registry, slash, path = pattern.partition("/")
    if not fnmatchcase(image.registry.lower(), registry.lower()):
        return False
    wanted, parts = path.split("/"), image.repository.split("/")
    if not slash or wanted == [_ANY_DEPTH]:
        return True
    if wanted[-1] == _ANY_DEPTH and len(parts) >= len(wanted):
        wanted = wanted[:-1]
        parts = parts[: len(wanted)]
    return len(wanted) == len(parts) and all(map(fnmatchcase, parts, wanted))


def _has_credentials(image: Property, options: Options) -> bool:
    registry = parse(image.text).registry
    if any(fnmatchcase(registry, pattern) for pattern in options["publicRegistries"]):
        return True
    for entry in image.resource.items("configuration.registries"):
        server = entry.at("server").text.removeprefix("https://").rstrip("/")
        if server in (registry, f"index.{registry}") or (registry == DOCKER_HUB and server.endswith(DOCKER_HUB)):
            return any(entry.at(key).raw not in (None, "") for key in ("identity", "passwordSecretRef"))
    return False


def _command_lines(app: Resource, _: Options) -> Iterable[Property]:
    """What each container runs: its command with its arguments, or its arguments to what the image runs."""
    for container in containers(app):
        command, arguments = container.at("command"), container.at("args")
        given = [part for part in (command, arguments) if part.raw not in (None, [])]
        if not given:
            continue
        try:
            words = [word for part in given for word in part.items()]
        except (NotKnownError, WrongKindError) as error:
            yield given[0].troubled(error)
        else:
            yield replace(given[0], raw=[word.raw for word in words], hidden=any(word.hidden for word in words))


def _judged(command: Property, is_bad: Any) -> bool:
    """Judges a command line by the words that are known; only where nothing is wrong with them the others matter."""
    known = [word.value if isinstance(word, Secret) else word for word in command.value]
    unknown = [isinstance(word, Unknown) for word in known]
    if any(not isinstance(word, str) for word, open_ in zip(known, unknown, strict=True) if not open_):
        raise WrongKindError(command, "a list of texts")
    if is_bad(["" if open_ else word for word, open_ in zip(known, unknown, strict=True)]):
        return False
    if any(unknown):
        raise NotKnownError(f"{command.path}[{unknown.index(True)}]")
    return True


def _installs_nothing(command: Property, _: Options) -> bool:
    return _judged(command, installs)


def _stops_on_failure(command: Property, _: Options) -> bool:
    """False for a shell script whose parts are joined so that it goes on after one that failed."""
    return _judged(command, lambda words: not all(script.stops_on_failure for script in scripts(words)))


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
                "registries, or REGISTRY/REPOSITORY; * is a wildcard within a part of the path, ** is all below."
                " By default Microsoft's own alone: anybody can make a registry in azurecr.io, so name yours",
            ),
        ),
        references=(MCSB_SUPPLY,),
    ),
    Rule(
        id="supply-floating-tag",
        title="The image's tag names a version",
        reason="With `latest` and its like, the same code starts another image tomorrow, and nobody can go back. A"
        " major number alone (`3`) and the version of a part (`cuda12.4`) say no more than that.",
        fix="Tag images with a version (1.2.0, v42), a build (build-1234), a date or a commit, and name that tag; or"
        " name the digest.",
        wanted="a tag with the image's version, build, date or commit, or a digest",
        severity=Severity.HIGH,
        types=WORKLOADS,
        subjects=_images,
        allowed=lambda image, _: not parse(image.text).floats,
        references=(MCSB_SUPPLY,),
    ),
    Rule(
        id="supply-digest",
        title="The image is named by its digest",
        reason="A tag, also one with a version, can be moved to another image; a digest cannot. Set the level"
        " `mandatory` to require it.",
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
        allowed=_installs_nothing,
        references=(MCSB_SUPPLY,),
    ),
    Rule(
        id="supply-failing-command",
        title="A start script stops at the first command that fails",
        reason="Joined by `;` the next command runs as if nothing had happened: the app serves without what it needs.",
        fix="Join the commands with `&&`, say with `||` what else to do, or begin the script with `set -e`.",
        wanted="commands joined by `&&`, or `set -e` before them",
        severity=Severity.MEDIUM,
        types=WORKLOADS,
        subjects=_command_lines,
        allowed=_stops_on_failure,
    ),
)
