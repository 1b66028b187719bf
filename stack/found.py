"""What a look at Azure found: each kind of resource with what the decisions about it need to know."""

from dataclasses import dataclass

from components.gpu_environment import ListedProfile


@dataclass(frozen=True)
class Found:
    """A resource that exists: its ARM id, whose mark it carries, where it is."""

    id: str
    mark: str | None = None
    location: str | None = None


@dataclass(frozen=True)
class FoundGroup(Found):
    """A resource group; what is made in one that is being deleted is lost."""

    being_deleted: bool = False


@dataclass(frozen=True)
class FoundAccount(Found):
    """A storage account, with what decides whether its shares can be mounted."""

    kind: str = "StorageV2"
    allows_keys: bool = True
    open_to_all_networks: bool = True


@dataclass(frozen=True)
class FoundShare(Found):
    """A file share."""

    protocol: str = "SMB"


@dataclass(frozen=True)
class FoundWorkspace(Found):
    """A Log Analytics workspace."""

    allows_keys: bool = True


@dataclass(frozen=True)
class FoundEnvironment(Found):
    """An environment; one without workload profiles is of the older kind, consumption only."""

    workload_profiles: tuple[ListedProfile, ...] = ()
    subnet_id: str | None = None
    internal: bool = False
    state: str = "Succeeded"


@dataclass(frozen=True)
class FoundLink(Found):
    """A storage link with the account and share that it points to."""

    account_name: str = ""
    share_name: str = ""


@dataclass(frozen=True)
class FoundApp(Found):
    """A Container App, the environment that it is in, its sign-in settings if it has any, and the releases that it
    mounts and that were deployed last."""

    environment_id: str = ""
    sign_in_id: str | None = None
    mounted_release: str | None = None
    deployed_release: str | None = None


@dataclass(frozen=True)
class Survey:
    """Every resource of the service as it was found; None where nothing is."""

    resource_group: FoundGroup | None = None
    storage_account: FoundAccount | None = None
    file_share: FoundShare | None = None
    log_workspace: FoundWorkspace | None = None
    environment: FoundEnvironment | None = None
    environment_storage: FoundLink | None = None
    """The link of exactly the name that was asked for; never the stack's own."""
    own_link: Found | None = None
    """The link with this stack's mark in its name, for the account, share and key of today."""
    app: FoundApp | None = None
