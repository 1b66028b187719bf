"""The parts of an app's sign-in settings that mean something here; the rest is kept and shown untouched."""

from pydantic import StrictBool, StrictStr

from sandbox.arm.apps.json_body import Json


class Registration(Json):
    """An app registration."""

    client_id: StrictStr | None = None
    client_secret_setting_name: StrictStr | None = None


class TokenValidation(Json):
    """What a token must be for."""

    allowed_audiences: list[StrictStr] | None = None


class ActiveDirectory(Json):
    """Entra ID as a provider of identities."""

    enabled: StrictBool | None = True
    registration: Registration | None = None
    validation: TokenValidation | None = None


class IdentityProviders(Json):
    """The providers that are emulated: one."""

    azure_active_directory: ActiveDirectory | None = None


class AuthPlatform(Json):
    """Whether sign-in is on."""

    enabled: StrictBool | None = None


class GlobalValidation(Json):
    """What becomes of a request without a token."""

    unauthenticated_client_action: StrictStr | None = None
    excluded_paths: list[StrictStr] | None = None


class AuthProperties(Json):
    """Properties of an app's sign-in settings."""

    platform: AuthPlatform | None = None
    global_validation: GlobalValidation | None = None
    identity_providers: IdentityProviders | None = None

    @property
    def registration(self) -> Registration | None:
        """The registration with Entra ID, if there is one."""
        directory = self.identity_providers and self.identity_providers.azure_active_directory
        return directory.registration if directory else None
