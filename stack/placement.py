"""Adopt or create: a pure decision from what was found, made before anything is touched.

A resource that carries this stack's mark is the stack's own, whatever the state remembers: a run that was killed
between creating and recording leaves such a resource. Everything else that exists belongs to somebody else and is
adopted, never changed. What exists and cannot serve is refused, and all that is wrong is told at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from components.adoption import MISSING, Presence
from components.gpu import GpuProfile
from components.gpu_environment import ListedProfile
from components.inference_service import ServicePresence
from components.naming import ServiceNames
from stack.fitness import unfitness
from stack.found import Found, Survey
from stack.gpu_choice import GpuChoice, choose_gpu
from stack.problems import PlacementError, Problems
from stack.settings import AdoptionMode, Settings

__all__ = ["Placement", "PlacementError", "place"]


@dataclass(frozen=True)
class Resource:
    """One of the resources that may exist: its words for a person, the setting that names it, its mode's key."""

    label: str
    name_key: str
    mode_key: str


GROUP: Final = "resource_group"
RESOURCES: Final[Mapping[str, Resource]] = {
    GROUP: Resource("resource group", "resourceGroup", "resourceGroup"),
    "storage_account": Resource("storage account", "storageAccountName", "storageAccount"),
    "file_share": Resource("file share", "fileShareName", "fileShare"),
    "log_workspace": Resource("Log Analytics workspace", "acaLogAnalyticsName", "logAnalytics"),
    "environment": Resource("environment", "acaEnvironmentName", "environment"),
    "environment_storage": Resource("environment storage", "acaEnvironmentStorageName", "environmentStorage"),
    "app": Resource("Container App", "acaAppName", "app"),
}
"""By the name of the survey's field."""
_PLACED: Final = ("storage_account", "log_workspace", "environment")
"""What is in the region of the setting `location`. A group may be anywhere, an app is where its environment is."""


@dataclass(frozen=True)
class Placement:
    """How each resource is treated, and the workload profile that the app is placed on."""

    resource_group: Presence
    presence: ServicePresence
    gpu: GpuProfile
    gpu_profile_name: str
    add_profile: bool
    """Whether the profile is the stack's addition to an environment that it adopts."""
    other_profiles: tuple[ListedProfile, ...]
    """Profiles that others put into an environment that the stack owns."""
    app_location: str
    """Region of the environment, which is the app's."""
    warnings: tuple[str, ...]


def place(found: Survey, settings: Settings, names: ServiceNames, mark: str, location: str) -> Placement:
    """Decides for every resource.

    Raises:
        PlacementError: existing resources cannot be used as they are; the message lists every reason.
    """
    problems = Problems()
    decide = _Decisions(found, settings, names, mark, location, problems)
    account = decide.presence("storage_account", found.storage_account)
    share = decide.presence("file_share", found.file_share)
    workspace = decide.presence("log_workspace", found.log_workspace)
    environment = decide.presence("environment", found.environment)
    link = decide.link()
    app = decide.app(environment)
    group = decide.presence("resource_group", found.resource_group)
    choice = choose_gpu(found.environment, environment, settings, mark, problems)
    warnings = unfitness(found, settings, names, environment, problems)
    problems.raise_if_any()
    app_location = (found.environment and found.environment.location) or location
    return Placement(
        resource_group=group,
        presence=ServicePresence(
            storage_account=account,
            file_share=share,
            log_workspace=workspace,
            environment=environment,
            environment_storage=link,
            app=app,
            sign_in=_sign_in(found, app),
        ),
        gpu=choice.gpu,
        gpu_profile_name=choice.name,
        add_profile=choice.add,
        other_profiles=choice.others,
        app_location=app_location,
        warnings=(*warnings, *_region_warning(choice, app_location)),
    )


def _sign_in(found: Survey, app: Presence) -> Presence:
    if found.app is None or found.app.sign_in_id is None or app.id is None:
        return MISSING
    return Presence(found.app.sign_in_id, owned=app.owned, updated=app.updated)


def _region_warning(choice: GpuChoice, location: str) -> tuple[str, ...]:
    warning = choice.gpu.region_warning(location)
    return () if warning is None else (warning,)


@dataclass(frozen=True)
class _Decisions:
    """The rules that are the same for every resource, and the two that differ."""

    found: Survey
    settings: Settings
    names: ServiceNames
    mark: str
    location: str
    problems: Problems

    def presence(self, field: str, found: Found | None) -> Presence:
        """Missing, this stack's own, or somebody else's, as far as the mode allows it."""
        if found is not None and found.mark == self.mark:
            self._check_place(field, found)
            return Presence(found.id, owned=True)
        self._check_mode(field, found)
        return MISSING if found is None else Presence(found.id, owned=False)

    def link(self) -> Presence:
        """The stack's own link if there is one; a link of the very name that was asked for is somebody else's."""
        named = self.found.environment_storage
        always = self._mode("environment_storage") is AdoptionMode.ALWAYS
        if self.found.own_link is not None and not always:
            return Presence(self.found.own_link.id, owned=True)
        presence = self.presence("environment_storage", named)
        wanted = (self.names.storage_account, self.names.file_share)
        if presence.adopted and named is not None and (named.account_name, named.share_name) != wanted:
            self.problems.add(
                f"the environment storage {named.id} is not this stack's and points to share"
                f" {named.account_name}/{named.share_name}, not {'/'.join(wanted)}. Name another one in"
                " acaEnvironmentStorageName: one that does not exist is made"
            )
        return presence

    def app(self, environment: Presence) -> Presence:
        """The app is never shared: one of somebody else is refused, unless its takeover is asked for."""
        found = self.found.app
        if found is None or found.mark == self.mark:
            # One in another environment is left to the engine, which replaces it: an app cannot move.
            elsewhere = found is not None and not _same_id(found.environment_id, environment.id)
            return MISSING if elsewhere else self.presence("app", found)
        if self._mode("app") is not AdoptionMode.ALWAYS:
            self.problems.add(
                f"the Container App {self.names.app} exists and is not this stack's: its owner would lose it. Name"
                " another one in acaAppName, remove that app first, or take it over with adopt.app: always"
            )
        elif not _same_id(found.environment_id, environment.id):
            self.problems.add(
                f"the Container App {self.names.app} is in the environment {found.environment_id} and cannot move. Name"
                " that environment in acaEnvironmentName, or another app in acaAppName"
            )
        return Presence(found.id, owned=False, updated=True)

    def _mode(self, field: str) -> AdoptionMode:
        modes: dict[str, AdoptionMode] = self.settings.adopt.model_dump(by_alias=True)
        return modes[RESOURCES[field].mode_key]

    def _check_mode(self, field: str, found: Found | None) -> None:
        resource, mode = RESOURCES[field], self._mode(field)
        if mode is AdoptionMode.ALWAYS and found is None:
            name = self.settings.resource_group if field == GROUP else getattr(self.names, field)
            self.problems.add(
                f"the {resource.label} {name} does not exist, and adopt.{resource.mode_key} is always: name one that"
                f" exists in {resource.name_key}, or set adopt.{resource.mode_key} to auto to have it made"
            )
        if mode is AdoptionMode.NEVER and found is not None:
            self.problems.add(
                f"the {resource.label} {found.id} exists and is not this stack's, and adopt.{resource.mode_key} is"
                f" never: name one that does not exist in {resource.name_key}, or set adopt.{resource.mode_key} to auto"
                " to use it as it is"
            )

    def _check_place(self, field: str, found: Found) -> None:
        """What the stack owns cannot move: replacing it would delete it, with all that is in it."""
        if field in _PLACED and found.location is not None and _region(found.location) != _region(self.location):
            resource = RESOURCES[field]
            self.problems.add(
                f"this stack's {resource.label} {found.id} is in {found.location}, and nothing moves to"
                f" {self.location}. Set location back, or name a new one in {resource.name_key}"
            )


def _region(location: str) -> str:
    return location.replace(" ", "").lower()


def _same_id(one: str | None, other: str | None) -> bool:
    return (one or "").lower() == (other or "").lower()
