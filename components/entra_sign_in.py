"""Sign-in with Microsoft Entra ID before the app: the service checks tokens, the app sees only who passed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
from pulumi_azure_native import app

from components.adoption import MISSING, Presence, child_options

CONFIG_NAME: Final = "current"
"""The only name that the service takes."""
CLIENT_SECRET_NAME: Final = "entra-client-secret"  # noqa: S105  the secret's name, not its value
OPEN_PATHS: Final = ("/health/startup", "/health/ready", "/health/live")
"""Whether the app is ready is no secret, and asked by those who wait for it."""
_ISSUER: Final = "https://login.microsoftonline.com/{tenant_id}/v2.0"


@dataclass(frozen=True)
class EntraSignIn:
    """An app registration whose tokens are taken."""

    client_id: str
    tenant_id: str
    allowed_audiences: Sequence[str] = ()
    """Audiences besides the client id."""
    client_secret: pulumi.Input[str] | None = None
    """With it people without a token are sent to sign in; without it they get a 401, as programs do."""


def sign_in(
    name: str,
    parent: pulumi.Resource,
    resource_group_name: pulumi.Input[str],
    app_name: pulumi.Input[str],
    entra: EntraSignIn,
    presence: Presence = MISSING,
) -> app.ContainerAppsAuthConfig:
    """Declares that requests to the app need a token of this registration; health routes stay open."""
    interactive = entra.client_secret is not None
    action = app.UnauthenticatedClientActionV2
    return app.ContainerAppsAuthConfig(
        name,
        resource_group_name=resource_group_name,
        container_app_name=app_name,
        auth_config_name=CONFIG_NAME,
        platform=app.AuthPlatformArgs(enabled=True),
        global_validation=app.GlobalValidationArgs(
            unauthenticated_client_action=action.REDIRECT_TO_LOGIN_PAGE if interactive else action.RETURN401,
            redirect_to_provider="azureactivedirectory" if interactive else None,
            excluded_paths=list(OPEN_PATHS),
        ),
        identity_providers=app.IdentityProvidersArgs(
            azure_active_directory=app.AzureActiveDirectoryArgs(
                enabled=True,
                registration=app.AzureActiveDirectoryRegistrationArgs(
                    client_id=entra.client_id,
                    client_secret_setting_name=CLIENT_SECRET_NAME if interactive else None,
                    open_id_issuer=_ISSUER.format(tenant_id=entra.tenant_id),
                ),
                validation=app.AzureActiveDirectoryValidationArgs(
                    allowed_audiences=[entra.client_id, *entra.allowed_audiences]
                ),
            )
        ),
        opts=child_options(parent, presence),
    )
