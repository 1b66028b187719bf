"""Deploying code: a release on the share, the app pointed to it, the new revision waited for; and back again.

A new revision takes over only once it is ready, and the app answers with the old one until then. If it never gets
ready the app is pointed back. Whatever is interrupted, the endpoint goes on answering, and the next run goes on there.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from azure.mgmt.appcontainers import ContainerAppsAPIClient

from operations import release
from operations.code_folder import Release, describe
from operations.config_file import InferenceConfig
from operations.container_app import ContainerApp, Json, mounted_release, mounting, open_app
from operations.diagnosis import diagnose
from operations.errors import DeploymentError
from operations.file_share import open_share
from operations.management import current_cloud, open_client, place_of, while_others_change_it
from operations.release import Manifest, Progress, Publication
from operations.share_key import share_address

READY_SECONDS: Final = 1800.0
"""How long a new revision may take: loading a large model from a share takes many minutes."""
POLL_SECONDS: Final = 0.5
Tell = Callable[[str], None]


class Strategy(StrEnum):
    """What becomes of the old revision while the new one starts."""

    AUTO = "auto"
    """`restart` where the app's nodes have no room for a second replica, else `rolling`."""
    ROLLING = "rolling"
    """It answers until the new one is ready: no request fails, and for a while two replicas run."""
    RESTART = "restart"
    """It ends first, as in the original: needs no second replica, and nobody answers meanwhile."""


@dataclass(frozen=True)
class Plan:
    """What a deployment would do."""

    release: str
    mounted: str
    """The release that the app's template names now."""
    changes: tuple[str, ...] = ()
    """`+ path`, `~ path`, `- path` against the mounted release; empty where that is unknown."""
    settled: bool = False
    """The release is what answers already: there is nothing to do."""


@dataclass(frozen=True)
class Outcome:
    """What a deployment did. `revision` answers now; `replaced` is the release before."""

    release: str
    replaced: str
    revision: str
    publication: Publication | None = None


def plan(config: InferenceConfig, source: Path) -> Plan:
    """What deploying this folder would change; one request where nothing would.

    Raises:
        OperationError: nothing to release, no such app, one that mounts no release, or Azure refused.
    """
    wanted = describe(source)
    with open_app(config) as app:
        found = app.read()
    mounted = _mounted(found)
    if mounted == wanted.name and _settled(found):
        return Plan(wanted.name, mounted, settled=True)
    with open_share(share_address(config, current_cloud())) as share:
        before = release.read_manifest(share, mounted)
    if before is not None and before.source != source.name:
        raise DeploymentError(
            f"the app starts code in a folder named {before.source}, and {source} is named {source.name}: its commands"
            " would not find it. Rename the folder, or change defaultCommands and run `aca-inference provision`"
        )
    return Plan(wanted.name, mounted, _changes(before, wanted))


def apply(
    config: InferenceConfig,
    source: Path,
    strategy: Strategy = Strategy.AUTO,
    *,
    on_progress: Callable[[Progress], None] = lambda _: None,
    tell: Tell = lambda _: None,
) -> Outcome:
    """Releases the folder and returns once its revision answers.

    Raises:
        DeploymentError: the new revision did not get ready; the app is pointed back to the old release.
        OperationError: Azure or the share refused.
    """
    with open_app(config) as app:
        found = app.read()
        in_use = {_mounted(found), *_serving(app, found)}
    tell("uploading")
    address = share_address(config, current_cloud())
    publication = release.publish(address, source, in_use=sorted(in_use), on_progress=on_progress)
    outcome = switch(config, publication.name, strategy, deployed=True, tell=tell)
    return Outcome(outcome.release, outcome.replaced, outcome.revision, publication)


def switch(
    config: InferenceConfig,
    name: str,
    strategy: Strategy = Strategy.AUTO,
    *,
    deployed: bool = False,
    tell: Tell = lambda _: None,
) -> Outcome:
    """Points the app to a release that is on the share, and returns once its revision answers.

    `deployed`: the release is the code as it is here now; for a rollback it is not, and the app keeps saying so.

    Raises:
        DeploymentError: the new revision did not get ready; the app is pointed back to the old release.
        CloudError: Azure refused.
    """
    with open_app(config) as app:
        found = app.read()
        before = _mounted(found)
        if strategy is Strategy.AUTO:
            strategy = _fitting(config, found)
        tell(f"pointing the app to {name}")
        found = _mount(app, name, deployed)
        revision = str(found["properties"]["latestRevisionName"])
        try:
            if strategy is Strategy.RESTART:
                _make_room(app, revision, tell)
            _wait(app, revision, tell)
        except DeploymentError as error:
            tell(f"pointing the app back to {before}")
            _mount(app, before, deployed=False)
            raise DeploymentError(
                f"the release {name} did not get ready: {error}. The app is pointed back to {before}"
            ) from error
    return Outcome(name, before, revision)


def history(config: InferenceConfig) -> tuple[str, list[Manifest]]:
    """The release that the app mounts, and those on the share, the newest first."""
    with open_app(config) as app:
        mounted = _mounted(app.read())
    with open_share(share_address(config, current_cloud())) as share:
        return mounted, release.kept(share)


def previous(config: InferenceConfig) -> str:
    """The release that answered before the one that the app mounts, as the app's revisions tell.

    Raises:
        DeploymentError: there is none, or it is not on the share any more.
    """
    with open_app(config) as app:
        mounted = _mounted(app.read())
        served = [mounted_release(revision) for revision in app.revisions()]
    with open_share(share_address(config, current_cloud())) as share:
        there = {manifest.name for manifest in release.kept(share)}
    for name in served:
        if name is not None and name != mounted and name in there:
            return name
    raise DeploymentError(
        f"no release but {mounted} is known of this app; `aca-inference rollback --list` shows what is on the share"
    )


def _mounted(found: Json) -> str:
    name = mounted_release(found)
    if name is None:
        mounting(found["properties"]["template"], "")  # says why there is nothing to point elsewhere
        raise AssertionError("a template without a release cannot be pointed to one")
    return name


def _serving(app: ContainerApp, found: Json) -> set[str]:
    """Releases of the active revisions: one of them may still answer while another starts."""
    active = [item for item in app.revisions() if item["properties"].get("active")]
    return {name for item in active if (name := mounted_release(item)) is not None}


def _settled(found: Json) -> bool:
    properties = found["properties"]
    return properties.get("latestRevisionName") == properties.get("latestReadyRevisionName") and (
        properties.get("provisioningState") == "Succeeded"
    )


def _changes(before: Manifest | None, wanted: Release) -> tuple[str, ...]:
    if before is None:
        return ()
    old, new = before.files, {path: file.sha256 for path, file in wanted.files.items()}
    changed = [
        *(f"+ {path}" for path in new if path not in old),
        *(f"~ {path}" for path in new if path in old and old[path] != new[path]),
        *(f"- {path}" for path in old if path not in new),
    ]
    return tuple(sorted(changed, key=lambda line: line[2:]))


def _mount(app: ContainerApp, name: str, deployed: bool) -> Json:
    """The app once it names the release; somebody else's change at the same time is waited for and kept."""
    for attempt in while_others_change_it():
        with attempt:
            found = app.read()
            if _mounted(found) != name or deployed:
                app.mount(found, name, deployed=name if deployed else None)
    return app.read()


def _fitting(config: InferenceConfig, found: Json) -> Strategy:
    """A dedicated profile that may have no second node has no room for a second replica."""
    place = place_of(found["properties"]["environmentId"])
    with open_client(ContainerAppsAPIClient, config.subscription_id) as client:
        environment = client.managed_environments.get(*place).as_dict()
    for profile in environment["properties"].get("workloadProfiles") or []:
        if profile["name"].lower() == str(found["properties"].get("workloadProfileName") or "").lower():
            return Strategy.RESTART if profile.get("maximumCount") == 1 else Strategy.ROLLING
    return Strategy.ROLLING


def _make_room(app: ContainerApp, revision: str, tell: Tell) -> None:
    for item in app.revisions():
        if item["name"] != revision and item["properties"].get("active"):
            tell(f"ending {item['name']}")
            app.deactivate(item["name"])


def _wait(app: ContainerApp, revision: str, tell: Tell) -> None:
    """Returns once the revision answers and nothing of an older one is left in the way.

    Raises:
        DeploymentError: it failed, or was not ready in time.
    """
    deadline = time.monotonic() + READY_SECONDS
    while True:
        properties = app.read()["properties"]
        if properties.get("latestReadyRevisionName") == revision:
            return
        if properties.get("latestRevisionName") != revision:
            raise DeploymentError("somebody else changed the app meanwhile")
        state = app.revision(revision)["properties"]
        details = str(state.get("provisioningError") or state.get("runningStateDetails") or "")
        if state.get("provisioningState") == "Failed" or state.get("runningState") == "Failed":
            problem = diagnose([*_replica_details(app, revision), details or "it failed"])[0]
            raise DeploymentError(f"{problem.what} ({problem.source}); {problem.fix}")
        if time.monotonic() > deadline:
            raise DeploymentError(f"it was not ready after {READY_SECONDS:.0f} s: {details}")
        tell(f"{revision}: {details or state.get('runningState')}")
        time.sleep(POLL_SECONDS)


def _replica_details(app: ContainerApp, revision: str) -> list[str]:
    return [
        str(item["runningStateDetails"])
        for replica in app.replicas(revision)
        for item in replica["properties"].get("containers") or []
        if item.get("runningStateDetails") and not item.get("ready")
    ]
