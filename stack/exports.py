"""What the deployment tells the world: stack outputs, and `infra/inference.config.json` for the daily commands."""

from pathlib import Path
from typing import Final

import pulumi

from operations import config_file
from operations.endpoint import endpoint_url
from stack.program import Deployment
from stack.summary import ownership

CONFIG_FILE: Final = Path("infra/inference.config.json")


def export(deployment: Deployment) -> None:
    """Exports the original's six keys, our own outputs, and writes the six to the configuration file."""
    service = deployment.service
    six = {
        "SUBSCRIPTION_ID": pulumi.Output.from_input(deployment.subscription_id),
        "RESOURCE_GROUP_NAME": deployment.resource_group_name,
        "STORAGE_ACCOUNT_NAME": service.store.account_name,
        "FILE_SHARE_NAME": service.store.share_name,
        "ACA_APP_NAME": service.endpoint.app_name,
        "ACA_APP_ENDPOINT": service.endpoint.fqdn,
    }
    for key, value in six.items():
        pulumi.export(key, value)
    pulumi.export("endpoint", service.endpoint.fqdn.apply(endpoint_url))
    pulumi.export("release", deployment.release)
    pulumi.export("ownership", ownership(deployment.placement))
    pulumi.export("names", deployment.names)
    pulumi.export("gpuProfile", deployment.placement.gpu.type)
    if deployment.api_key is not None:
        pulumi.export("apiKey", pulumi.Output.secret(deployment.api_key))
    if not pulumi.runtime.is_dry_run():
        pulumi.Output.all(**six).apply(_write)


def _write(values: dict[str, str]) -> None:
    config_file.write(CONFIG_FILE, config_file.InferenceConfig.model_validate(values))
