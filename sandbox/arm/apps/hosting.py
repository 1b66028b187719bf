"""Keeps what the fleet runs equal to the container apps in the database, and writes down what the fleet reports."""

import asyncio
import contextlib
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Protocol

from sandbox.arm.apps.app_json import ContainerAppProperties
from sandbox.arm.apps.environments import APP_TYPE, profile_types
from sandbox.arm.apps.json_body import parsed
from sandbox.arm.apps.profiles import DEFAULT_PROFILE, PROFILE_TYPES
from sandbox.arm.apps.translation import Translation
from sandbox.arm.errors import ArmError
from sandbox.arm.ids import ResourceId, parse_id
from sandbox.arm.resources import Resource, Resources
from sandbox.fleet.spec import AppSpec, AppStatus, EventKind, FleetEvent

REVISION_TYPE: Final = f"{APP_TYPE}/revisions"
STOPPED: Final = "stopped"
"""What is kept of an app that somebody stopped, until it is started again."""

_log = logging.getLogger("sandbox.apps")


class Fleet(Protocol):
    """What runs the apps; see `sandbox.fleet`."""

    async def start(self) -> None:
        """Gets ready to run apps."""
        ...

    async def close(self) -> None:
        """Ends everything; returns when nothing runs."""
        ...

    async def apply(self, spec: AppSpec) -> None:
        """Makes what runs equal to `spec`, soon."""
        ...

    async def remove(self, app_id: str) -> None:
        """Returns when nothing of the app runs."""
        ...

    def status(self, app_id: str) -> AppStatus | None:
        """How the app is."""
        ...

    async def restart(self, app_id: str, revision: str) -> None:
        """Replaces the revision's replicas."""
        ...


class Hosting:
    """The apps that run."""

    def __init__(
        self,
        resources: Resources,
        translation: Translation,
        fleet: Fleet,
        images: Mapping[str, Path],
    ) -> None:
        self._resources = resources
        self._translation = translation
        self._fleet = fleet
        self._images = images
        self._unmounted: dict[str, str] = {}
        self._looking: set[asyncio.Task[None]] = set()

    def has_image(self, reference: str) -> bool:
        """Whether the sandbox knows the image."""
        return reference in self._images

    def status(self, app: ResourceId) -> AppStatus | None:
        """How the app's active revisions are, as far as the fleet runs any."""
        return self._fleet.status(app.key)

    def problems(self, app: ResourceId) -> tuple[str, ...]:
        """What keeps the app from being served as it should."""
        status = self.status(app)
        found = (self._unmounted.get(app.key), None if status is None else status.details)
        return tuple(problem for problem in found if problem)

    async def bring_up(self, app: Resource) -> None:
        """Lets the fleet run what the database says.

        Raises:
            ArmError: a volume cannot be mounted.
        """
        environment_id = parse_id(app.properties["environmentId"])
        assert environment_id is not None
        environment = self._resources.get(environment_id)
        spec = self._translation.app_spec(
            app, environment, self.active_revisions(app.id), default_probes=not _on_gpu(app, environment)
        )
        self._unmounted.pop(app.id.key, None)
        await self._fleet.apply(spec)

    def look_again(self, app_id: ResourceId) -> None:
        """Soon lets the fleet run what the database says by then; for changes around an app, not in it."""

        async def look() -> None:
            app = self._resources.find(app_id)
            if app is not None and app.provisioning_state == "Succeeded":
                with contextlib.suppress(ArmError):  # a volume that cannot be mounted is told when the app is changed
                    await self.bring_up(app)

        task = asyncio.get_running_loop().create_task(look())
        self._looking.add(task)
        task.add_done_callback(self._looking.discard)

    async def bring_up_all(self) -> None:
        """Brings every app back that ran when the process ended."""
        for app in self._resources.of_type(APP_TYPE):
            if not self.active_revisions(app.id) or app.provisioning_state == "Deleting":
                continue
            try:
                await self.bring_up(app)
            except ArmError as error:
                self._unmounted[app.id.key] = error.message
                _log.warning("%s cannot be brought back: %s", app.id.name, error.message)

    async def take_down(self, app: ResourceId) -> None:
        """Ends everything of an app; fine if nothing runs."""
        self._unmounted.pop(app.key, None)
        await self._fleet.remove(app.key)

    async def restart(self, app: ResourceId, revision: str) -> None:
        """Replaces a revision's replicas."""
        await self._fleet.restart(app.key, revision)

    def active_revisions(self, app: ResourceId) -> list[Resource]:
        """Revisions that should run, oldest first; none of an app that somebody stopped."""
        found = self._resources.find(app)
        if found is not None and found.private.get(STOPPED):
            return []
        return [
            revision
            for revision in self._resources.of_type(REVISION_TYPE, app)
            if revision.properties["active"] and revision.properties["provisioningState"] != "Failed"
        ]

    def heard(self, event: FleetEvent) -> None:
        """Writes an event of the fleet down."""
        app_id = parse_id(event.app_id)
        app = None if app_id is None else self._resources.find(app_id)
        if app is None:
            return
        revision = self._resources.find(app.id.child("revisions", event.revision))
        with self._resources.transaction():
            if event.kind is EventKind.REVISION_READY:
                self._resources.save(app.with_private(latestReady=event.revision))
            elif event.kind is EventKind.REVISION_REPLACED and revision is not None:
                self._resources.save(revision.with_properties(active=False))
        _log.info("%s: %s %s %s", app.id.name, event.revision, event.kind, event.message)


def _on_gpu(app: Resource, environment: Resource) -> bool:
    """GPU apps get no default probes (MicrosoftDocs/azure-docs#125744)."""
    name = parsed(ContainerAppProperties, app.properties).workload_profile_name or DEFAULT_PROFILE
    kind = profile_types(environment).get(name)
    return kind is not None and PROFILE_TYPES[kind].gpus > 0
