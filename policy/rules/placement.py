"""Where things are: regions that are allowed, that have the GPU, and that are near to each other."""

from collections.abc import Iterable
from typing import Final

from components.gpu import GPU_PROFILES
from policy.resource import ENVIRONMENT, ENVIRONMENT_STORAGE, STORAGE_ACCOUNT, Property, Resource
from policy.rule import Kind, Level, Option, Options, Rule, Scope, Severity, Subject, entries, within

_GLOBAL: Final = "global"
"""Where resources are that are in no region, such as DNS zones."""


def region(name: str) -> str:
    """A region as ARM compares it: `Sweden Central` and `swedencentral` are one."""
    return name.replace(" ", "").lower()


def _located(resource: Resource, _: Options) -> Iterable[Subject]:
    """The location of an Azure resource; other providers have locations of their own."""
    if resource.azure and resource.at("location").raw is not None:
        yield resource.at("location")


def _gpu_profiles(environment: Resource, _: Options) -> Iterable[Subject]:
    def types(entry: Property) -> Iterable[Property]:
        if entry.at("workloadProfileType").text in GPU_PROFILES:
            yield entry.at("workloadProfileType")

    return within(entries(environment, "workloadProfiles"), types)


def _is_known_there(profile: Property, _: Options) -> bool:
    location = profile.resource.at("location").text
    return not location or region(location) in GPU_PROFILES[profile.text].regions


def _mounted_accounts(environment: Resource, _: Options) -> Iterable[Property]:
    """Accounts whose share the environment mounts."""
    stack = environment.siblings
    for link in stack.referring(environment, ENVIRONMENT_STORAGE, "environmentName"):
        for account in stack.referred(link.at("properties.azureFile.accountName"), STORAGE_ACCOUNT):
            yield environment.computed([environment.at("location").text, account.at("location").text], "location")


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
        allowed=lambda location, options: region(location.text) in {_GLOBAL, *map(region, options["regions"])},
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
