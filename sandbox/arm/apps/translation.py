"""From a container app's JSON to the `AppSpec` that the fleet runs."""

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from sandbox.arm.apps.app_json import Container, ContainerAppProperties, Ingress, ProbeJson, Scale, Template
from sandbox.arm.apps.environment_json import StorageProperties
from sandbox.arm.apps.json_body import parsed
from sandbox.arm.apps.sign_in_json import AuthProperties
from sandbox.arm.errors import ArmError
from sandbox.arm.resources import Resource, Resources
from sandbox.fleet.gate import Gate
from sandbox.fleet.spec import AppSpec, ContainerSpec, Mount, Probe, ProbeKind, RevisionSpec, TrafficWeight
from sandbox.shares import Shares

STORAGE_TYPE: Final = "storages"
AUTH_TYPE: Final = "authConfigs"
AUTH_NAME: Final = "current"
DEFAULT_COOLDOWN_SECONDS: Final = 300
DEFAULT_GRACE_SECONDS: Final = 30
DEFAULT_MAX_REPLICAS: Final = 10


class Translation:
    """Resolves secrets and storages as it translates."""

    def __init__(self, resources: Resources, shares: Shares) -> None:
        self._resources = resources
        self._shares = shares

    def app_spec(
        self,
        app: Resource,
        environment: Resource,
        revisions: Sequence[Resource],
        default_probes: bool,
    ) -> AppSpec:
        """What should run. `revisions`: the active ones, oldest first; `default_probes`: for apps that have none.

        Raises:
            ArmError: a volume cannot be mounted.
        """
        properties = parsed(ContainerAppProperties, app.properties)
        configuration = properties.configuration
        ingress = configuration.ingress if configuration is not None else None
        secrets: Mapping[str, str] = app.private.get("secrets", {})
        return AppSpec(
            app_id=app.id.key,
            name=app.id.name,
            revisions=tuple(
                self._revision(
                    app,
                    environment,
                    revision,
                    secrets,
                    ingress if default_probes else None,
                    newest=revision is revisions[-1],
                )
                for revision in revisions
            ),
            single=configuration is None or configuration.active_revisions_mode != "Multiple",
            traffic=_traffic(ingress),
            target_port=None if ingress is None else ingress.target_port,
            ingress_port=None if ingress is None else app.private["ingressPort"],
            gate=self._gate(app, ingress),
        )

    def _gate(self, app: Resource, ingress: Ingress | None) -> Gate:
        """Address rules and sign-in settings; people are not sent to sign in: they get the 401 that programs get."""
        rules = (ingress.ip_security_restrictions if ingress is not None else None) or []
        found = self._resources.find(app.id.child(AUTH_TYPE, AUTH_NAME))
        sign_in = parsed(AuthProperties, found.properties) if found is not None else AuthProperties()
        validation = sign_in.global_validation
        anonymous = validation is not None and validation.unauthenticated_client_action == "AllowAnonymous"
        on = sign_in.platform is not None and bool(sign_in.platform.enabled) and not anonymous
        directory = sign_in.identity_providers and sign_in.identity_providers.azure_active_directory
        audiences = (directory and directory.validation and directory.validation.allowed_audiences) or []
        client_id = sign_in.registration and sign_in.registration.client_id
        return Gate(
            allowed_networks=tuple(rule.ip_address_range for rule in rules if rule.action == "Allow"),
            denied_networks=tuple(rule.ip_address_range for rule in rules if rule.action == "Deny"),
            token_audiences=tuple(filter(None, (client_id, *audiences))) if on else None,
            open_paths=tuple((validation and validation.excluded_paths) or ()),
        )

    def _revision(
        self,
        app: Resource,
        environment: Resource,
        revision: Resource,
        secrets: Mapping[str, str],
        probed: Ingress | None,
        *,
        newest: bool,
    ) -> RevisionSpec:
        """What should run of a revision. One that is being replaced has its mounts already: nothing is asked of them,
        not even whether their account is still there."""
        template = parsed(Template, revision.properties["template"])
        scale = template.scale or Scale()
        container = (template.containers or [])[0]
        grace = template.termination_grace_period_seconds
        built_in = {"CONTAINER_APP_ENV_DNS_SUFFIX": environment.properties["defaultDomain"]}
        return RevisionSpec(
            name=revision.id.name,
            container=ContainerSpec(
                name=container.name or app.id.name,
                image=container.image or "",
                command=tuple(container.command or ()),
                args=tuple(container.args or ()),
                env={**built_in, **_environment(container, secrets)},
                mounts=tuple(self._mounts(template, container, environment, mounted=not newest)),
                probes=tuple(_probe(probe) for probe in container.probes or []) or _default_probes(probed),
            ),
            min_replicas=scale.min_replicas or 0,
            max_replicas=DEFAULT_MAX_REPLICAS if scale.max_replicas is None else scale.max_replicas,
            cooldown_seconds=DEFAULT_COOLDOWN_SECONDS if scale.cooldown_period is None else scale.cooldown_period,
            termination_grace_seconds=DEFAULT_GRACE_SECONDS if grace is None else grace,
        )

    def _mounts(
        self, template: Template, container: Container, environment: Resource, *, mounted: bool
    ) -> Sequence[Mount]:
        volumes = {volume.name: volume for volume in template.volumes or []}
        mounts: list[Mount] = []
        for mount in container.volume_mounts or []:
            volume = volumes[mount.volume_name]
            source, read_only = self._storage(environment, volume.storage_name or "", mounted=mounted)
            if mount.sub_path:
                source = _sub_path(source, mount.sub_path)
                if not mounted:
                    source.mkdir(parents=True, exist_ok=True)
            mounts.append(Mount(source, PurePosixPath(mount.mount_path or ""), read_only or volume.read_only))
        return mounts

    def _storage(self, environment: Resource, name: str, *, mounted: bool) -> tuple[Path, bool]:
        storage = self._resources.find(environment.id.child(STORAGE_TYPE, name))
        if storage is None:
            raise storage_not_found(name)
        file = parsed(StorageProperties, storage.properties).azure_file
        assert file is not None, storage.id
        found = self._shares.folder(file.account_name.lower(), file.share_name.lower()), file.access_mode == "ReadOnly"
        if mounted:
            return found
        account = self._shares.account(file.account_name)
        if account is None or storage.private.get("accountKey") not in account.private.values():
            raise _mount_failed(name, "mount error(13): Permission denied (account or account key)")
        if self._shares.share(account, file.share_name) is None:
            raise _mount_failed(name, f"mount error(2): No such file or directory (share '{file.share_name}')")
        return found


def storage_not_found(name: str) -> ArmError:
    """404 in the words that the az CLI looks for."""
    return ArmError(404, "ManagedEnvironmentStorageNotFound", f"ManagedEnvironment Storage '{name}' was not found.")


def _mount_failed(name: str, reason: str) -> ArmError:
    return ArmError(400, "SandboxMountFailed", f"The storage '{name}' cannot be mounted: {reason}.")


def _sub_path(share: Path, sub_path: str) -> Path:
    """A folder in the share; a link out of the share is refused."""
    folder = (share / sub_path.strip("/")).resolve()
    if not folder.is_relative_to(share.resolve()):
        raise ArmError(400, "SandboxMountFailed", f"subPath '{sub_path}' leads out of the share.")
    return folder


def _environment(container: Container, secrets: Mapping[str, str]) -> dict[str, str]:
    return {
        variable.name: secrets.get(variable.secret_ref, "") if variable.secret_ref else variable.value or ""
        for variable in container.env or []
    }


def _probe(probe: ProbeJson) -> Probe:
    http = probe.http_get
    tcp_port = probe.tcp_socket.port if probe.tcp_socket is not None else 0
    given = {
        "initial_delay_seconds": probe.initial_delay_seconds,
        "period_seconds": probe.period_seconds,
        "timeout_seconds": probe.timeout_seconds,
        "failure_threshold": probe.failure_threshold,
        "success_threshold": probe.success_threshold,
    }
    return Probe(
        kind=ProbeKind(probe.type),
        port=tcp_port if http is None else http.port,
        path=None if http is None else http.path or "/",
        headers={} if http is None else {header.name: header.value for header in http.http_headers or []},
        **{name: value for name, value in given.items() if value is not None},
    )


def _default_probes(ingress: Ingress | None) -> tuple[Probe, ...]:
    """What an app with ingress gets if it has no probes: https://learn.microsoft.com/azure/container-apps/health-probes."""
    if ingress is None or ingress.target_port is None:
        return ()
    return (
        Probe(ProbeKind.STARTUP, ingress.target_port, None, {}, 1, 1, 3, 240),
        Probe(ProbeKind.READINESS, ingress.target_port, None, {}, 3, 5, 5, 48),
    )


def _traffic(ingress: Ingress | None) -> tuple[TrafficWeight, ...]:
    weights = ingress.traffic if ingress is not None else None
    return tuple(
        TrafficWeight(None if item.latest_revision else item.revision_name, item.weight or 0) for item in weights or []
    )
