"""Checks of a deployment, from the sign-in to the endpoint; each says what it found and, if that is bad, what to do."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from azure.mgmt.appcontainers import ContainerAppsAPIClient

from operations.config_file import InferenceConfig
from operations.container_app import (
    container,
    mounted_release,
    open_app,
    replicas_allowed,
    workload_profile,
)
from operations.endpoint import endpoint_url, readiness
from operations.errors import CloudError, OperationError
from operations.file_share import list_folders, open_share
from operations.management import current_cloud, open_client, place_of
from operations.model_files import MODEL_CACHE
from operations.release import RELEASES, release_path
from operations.share_key import share_address
from operations.sign_in import check_sign_in


class Verdict(StrEnum):
    """What a check came to."""

    GOOD = "good"
    UNKNOWN = "unknown"
    """It could not be found out, which is no harm by itself."""
    BAD = "bad"


@dataclass(frozen=True)
class Finding:
    """One check: its name, verdict, what was found, and what to do where that is bad."""

    check: str
    verdict: Verdict
    found: str
    fix: str = ""

    def __post_init__(self) -> None:
        """Nothing needs a fix that is not bad."""
        if self.verdict is not Verdict.BAD:
            object.__setattr__(self, "fix", "")


def examine(config: InferenceConfig) -> Iterator[Finding]:
    """All checks in their order; later ones are left out where an earlier one makes them pointless."""
    signed_in = _try("sign-in", check_sign_in, lambda _: "Azure gives a token")
    yield signed_in
    if signed_in.verdict is Verdict.BAD:
        return
    share = list(_share(config))
    yield from share
    try:
        with open_app(config) as app:
            found = app.read()
            key = app.api_key()
    except CloudError as error:
        yield Finding("app", Verdict.BAD, str(error), "see above")
        return
    state = str(found["properties"].get("provisioningState"))
    verdict = Verdict.BAD if state == "Failed" else Verdict.GOOD
    yield Finding("app", verdict, f"{config.aca_app_name}: {state}", "`aca-inference status` says more")
    yield _release(found, share)
    yield from _environment(config, found)
    yield _access(found, key)
    waiting = readiness(endpoint_url(config.aca_app_endpoint))
    verdict = Verdict.GOOD if waiting is None else Verdict.BAD
    yield Finding("endpoint", verdict, waiting or "ready", "`aca-inference status` says more")


def _try(check: str, work: Callable[[], object], tell: Callable[[object], str]) -> Finding:
    try:
        return Finding(check, Verdict.GOOD, tell(work()))
    except OperationError as error:
        return Finding(check, Verdict.BAD, str(error), "see above")


def _share(config: InferenceConfig) -> Iterator[Finding]:
    try:
        address = share_address(config, current_cloud())
        with open_share(address) as share:
            releases = [name for name in list_folders(share, RELEASES) if not name.startswith(".")]
            models = [
                f"{maker}/{name}"
                for maker in list_folders(share, MODEL_CACHE)
                for name in list_folders(share, f"{MODEL_CACHE}/{maker}")
            ]
    except OperationError as error:
        yield Finding("share", Verdict.BAD, str(error), "`aca-inference provision` makes the share and its account")
        return
    yield Finding("share", Verdict.GOOD, f"{config.file_share_name} opens; releases: {', '.join(releases) or 'none'}")
    yield Finding(
        "models",
        Verdict.GOOD if models else Verdict.BAD,
        f"below {MODEL_CACHE}/: {', '.join(models) or 'nothing'}",
        "`aca-inference upload FOLDER` puts a base model there",
    )


def _release(found: dict[str, object], share: list[Finding]) -> Finding:
    name = mounted_release(found)
    if name is None:
        return Finding("release", Verdict.BAD, "the app mounts no release", "`aca-inference provision` changes that")
    there = any(name in finding.found for finding in share if finding.check == "share")
    return Finding(
        "release",
        Verdict.GOOD if there else Verdict.BAD,
        f"the app mounts {release_path(name)}{'' if there else ', which is not on the share'}",
        "`aca-inference deploy` puts the code there",
    )


def _environment(config: InferenceConfig, found: dict[str, Any]) -> Iterator[Finding]:
    place = place_of(found["properties"]["environmentId"])
    with open_client(ContainerAppsAPIClient, config.subscription_id) as client:
        environment = client.managed_environments.get(*place).as_dict()
        state = str(environment["properties"].get("provisioningState"))
        verdict = Verdict.GOOD if state == "Succeeded" else Verdict.BAD
        yield Finding("environment", verdict, f"{place.name}: {state}", "look at it in the Azure portal")
        kind = str(workload_profile(found, environment)["workloadProfileType"])
        if "GPU" in kind:
            usages = [item.as_dict() for item in client.managed_environment_usages.list(*place)]
            yield _quota(kind, found, usages)


def _quota(kind: str, app: dict[str, Any], usages: list[dict[str, Any]]) -> Finding:
    """Whether as many GPUs of the app's kind may be used as the app may have replicas."""
    gpu = kind.rpartition("-")[2]
    _, most = replicas_allowed(app)
    for usage in usages:
        name = str(usage["name"].get("localizedValue") or usage["name"].get("value"))
        if gpu in name and "gpu" in name.lower():
            used, limit = float(usage["currentValue"]), float(usage["limit"])
            told = f"{name}: {used:.0f} of {limit:.0f} used, {most} allowed by the app"
            fix = "ask for more on the environment's page Quota in the Azure portal, or lower maximumInstanceCount"
            return Finding("quota", Verdict.GOOD if limit >= most else Verdict.BAD, told, fix)
    return Finding("quota", Verdict.UNKNOWN, f"Azure does not tell how many GPUs of the kind {gpu} may be used")


def _access(found: dict[str, object], key: str | None) -> Finding:
    names = {str(item["name"]) for item in container(found).get("env") or []}
    if key is not None:
        return Finding("access", Verdict.GOOD, "clients must send a key")
    if "INFERENCE_API_KEYS" in names:
        return Finding("access", Verdict.BAD, "the app refers to a key that has no value", "`aca-inference provision`")
    return Finding("access", Verdict.UNKNOWN, "no key is asked for: Entra ID, or open to everybody who reaches it")
