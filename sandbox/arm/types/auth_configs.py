"""Microsoft.App/containerApps/authConfigs: who an app's ingress lets through."""

from sandbox.arm.apps.hosting import Hosting
from sandbox.arm.apps.json_body import parsed
from sandbox.arm.apps.sign_in_json import AuthProperties
from sandbox.arm.apps.translation import AUTH_NAME
from sandbox.arm.errors import invalid
from sandbox.arm.ids import ResourceId
from sandbox.arm.operations import Conclude
from sandbox.arm.resource_type import Addresses, ResourceType, kept_properties
from sandbox.arm.resources import JsonObject, Resource, Resources


class AuthConfigs(ResourceType):
    """One per app, called `current`. The ingress asks for a token; whose it is, the sandbox does not check."""

    name = "Microsoft.App/containerApps/authConfigs"
    tracked = False
    created_status = 200

    def __init__(self, resources: Resources, addresses: Addresses, hosting: Hosting) -> None:
        super().__init__(resources, addresses)
        self._hosting = hosting

    def accept(self, resource: ResourceId, body: JsonObject, existing: Resource | None) -> Resource:
        """Checks the name, and that a client secret is one of the app's secrets."""
        if resource.name != AUTH_NAME:
            raise invalid("SandboxAuthConfigInvalidName", "The name of an auth config must be 'current'.")
        properties = kept_properties(body, self.read_only)
        registration = parsed(AuthProperties, properties).registration
        parent = resource.parent
        assert parent is not None
        secrets = self.resources.get(parent).private.get("secrets", {})
        if registration and registration.client_secret_setting_name not in (None, *secrets):
            raise invalid(
                "SandboxAuthConfigSecretNotFound",
                f"The app has no secret '{registration.client_secret_setting_name}' for the client secret.",
            )
        return Resource(resource, {"properties": properties})

    def saved(self, resource: Resource) -> None:
        """The ingress asks from now on."""
        self._look_again(resource.id)

    async def remove(self, resource: ResourceId) -> Conclude:
        """The ingress asks no more."""
        conclude = await super().remove(resource)

        def removed() -> None:
            conclude()
            self._look_again(resource)

        return removed

    def _look_again(self, resource: ResourceId) -> None:
        assert resource.parent is not None
        self._hosting.look_again(resource.parent)

    def view(self, resource: Resource) -> JsonObject:
        """Without a provisioning state, which the service does not show."""
        shown = {key: value for key, value in resource.properties.items() if key not in self.read_only}
        return {"id": str(resource.id), "name": resource.id.name, "type": self.name, "properties": shown}
