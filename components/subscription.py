"""The subscription that the azure-native provider works in.

Asked of the provider by the function's token: `pulumi_azure_native.authorization`, which offers it as Python, is among
the largest modules of the package, and importing it takes longer than all other imports of a program together.
"""

from importlib import metadata
from typing import Final

import pulumi
import pulumi.runtime

_CLIENT_CONFIG: Final = "azure-native:authorization:getClientConfig"


def current_subscription_id() -> str:
    """Id of the subscription, at once."""
    return str(
        pulumi.runtime.invoke(_CLIENT_CONFIG, {}, pulumi.InvokeOptions(version=_version())).value["subscriptionId"]
    )


def subscription_id_of(resource: pulumi.Resource) -> pulumi.Output[str]:
    """Id of the subscription of a component's provider."""
    options = pulumi.InvokeOutputOptions(parent=resource, version=_version())
    return pulumi.runtime.invoke_output(_CLIENT_CONFIG, {}, options).apply(lambda answer: str(answer["subscriptionId"]))


def _version() -> str:
    """The package's own: without it the engine would start another provider beside the resources'."""
    return metadata.version("pulumi-azure-native")
