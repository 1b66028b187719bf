"""Where things are: regions that are allowed, that have the GPU, and that are near to each other."""

from collections.abc import Iterable
from typing import Final

from components.gpu import GPU_PROFILES
from policy.property import Property, UnreadableError, select
from policy.resource import AZURE, ENVIRONMENT, ENVIRONMENT_STORAGE, STORAGE_ACCOUNT, Resource
from policy.rule import Kind, Level, Option, Options, Rule, Scope, Severity

_GLOBAL: Final = "global"


def region(name: str) -> str:
    """A region as ARM compares it: `Sweden Central` and `swedencentral` are one."""
    return name.replace(" ", "").lower()


def _located(resource: Resource, _: Options) -> Iterable[Property]:
    """Where an Azure resource is: other providers have regions of their own, and what is global is nowhere."""
    if resource.package == AZURE and resource.at("location").raw is not None:
        yield resource.at("location")


def _is_allowed(location: Property, options: Options) -> bool:
    return region(location.text) in (_GLOBAL, *map(region, options["regions"]))


def _gpu_profiles(environment: Resource, _: Options) -> Iterable[Property]:
    types = (entry.at("workloadProfileType") for entry in environment.each("workloadProfiles"))
    return select(types, lambda profile: profile.text in GPU_PROFILES)


def _is_known_there(profile: Property, _: Options) -> bool:
    location = profile.resource.at("location").text
    return not location or region(location) in GPU_PROFILES[profile.text].regions


def _mounted_accounts(environment: Resource, _: Options) -> Iterable[Property]:
    """Accounts whose share the environment mounts."""
    stack = environment.siblings
    for link in stack.referring(environment, ENVIRONMENT_STORAGE, "environmentName"):
        for account in stack.referred(link.at("properties.azureFile.accountName"), STORAGE_ACCOUNT):
            try:
                regions = [environment.at("location").text, account.at("location").text]
            except UnreadableError as error:
                yield environment.at("location").troubled(error)
            else:
                yield environment.computed(regions, "location")


RULES: Final = (
    Rule(
        id="placement-region",
        title="Resources are in allowed regions",
        reason="Where data and models may lie is often a matter of contract or law.",
        fix="Choose an allowed location, or add this one to `regions` for this stack.",
        wanted="one of {regions}",
        severity=Severity.HIGH,
        types=(),
        subjects=_located,
        allowed=_is_allowed,
        options=(
            Option(
                "regions",
                Kind.STRINGS,
                tuple(sorted({name for profile in GPU_PROFILES.values() for name in profile.regions})),
                "regions that are allowed; by default those that have GPUs",
            ),
        ),
        references=("Microsoft cloud security benchmark v1, AM-2: use only approved services",),
    ),
    Rule(
        id="placement-gpu-region",
        title="The region is known to have the GPU",
        reason="Elsewhere the environment is refused, or the app waits for a GPU that never comes. The list moves: the"
        " authority is `az containerapp env workload-profile list-supported -l LOCATION`.",
        fix="Choose a region that has the GPU, or another GPU profile.",
        wanted="a profile that is known in the environment's region",
        severity=Severity.MEDIUM,
        types=(ENVIRONMENT,),
        subjects=_gpu_profiles,
        allowed=_is_known_there,
        level=Level.ADVISORY,
    ),
    Rule(
        id="placement-together",
        title="The share is near to the environment that mounts it",
        reason="Loading a model from another region takes many times as long, and the traffic is paid for.",
        fix="Put the storage account and the environment into the same region.",
        wanted="the same region twice",
        severity=Severity.MEDIUM,
        types=(ENVIRONMENT,),
        subjects=_mounted_accounts,
        allowed=lambda regions, _: len({region(name) for name in regions.value if name}) < 2,
        scope=Scope.STACK,
    ),
)
