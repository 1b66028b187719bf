"""A deployment on the sandbox, made by Azure's SDKs: share, environment, link, and an app whose code is a release."""

import os
import shutil
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from azure.core.exceptions import ResourceNotFoundError
from azure.identity import DefaultAzureCredential
from azure.mgmt.appcontainers import ContainerAppsAPIClient

from operations import cloud, release
from operations.config_file import InferenceConfig
from operations.management import current_cloud
from operations.share_key import share_address

GROUP: Final = "operations"
ENVIRONMENT: Final = "env"
LOCATION: Final = "swedencentral"
IMAGE: Final = "test/app:1"
KEY: Final = "a-key-of-the-tests"
PROFILE: Final = "Consumption-GPU-NC8as-T4"
SAMPLE: Final = Path(__file__).parent / "sample_app"


class Deployed:
    """One app of its own; the environment is shared."""

    def __init__(self, azure: cloud.Cloud, account: str, share: str, folder: Path, **variables: str) -> None:
        self.source = folder / "sample_app"
        shutil.copytree(SAMPLE, self.source, ignore=shutil.ignore_patterns("__pycache__"))
        self.name = f"app{uuid.uuid4().hex[:8]}"
        self._credential = DefaultAzureCredential()
        self.client = ContainerAppsAPIClient(
            self._credential,
            os.environ["ARM_SUBSCRIPTION_ID"],
            base_url=azure.resource_manager,
            credential_scopes=[f"{azure.audience}/.default"],
        )
        self.config = InferenceConfig(
            SUBSCRIPTION_ID=os.environ["ARM_SUBSCRIPTION_ID"],
            RESOURCE_GROUP_NAME=GROUP,
            STORAGE_ACCOUNT_NAME=account,
            FILE_SHARE_NAME=share,
            ACA_APP_NAME=self.name,
            ACA_APP_ENDPOINT="127.0.0.1",
        )
        self.address = share_address(self.config, current_cloud())
        self.first = release.publish(self.address, self.source).name
        made = self._app(self._environment(account, share), variables)
        fqdn = made["properties"]["configuration"]["ingress"]["fqdn"]
        self.config = self.config.model_copy(update={"aca_app_endpoint": fqdn})
        self.url = f"http://{fqdn}"

    def edit(self, answer: str) -> None:
        """Changes the line of code that says what is answered."""
        (self.source / "answers.py").write_text(f'ANSWER = "{answer}"\n')

    def app(self) -> dict[str, Any]:
        """The app as the resource manager shows it."""
        return self.client.container_apps.get(GROUP, self.name).as_dict()

    def revisions(self) -> list[dict[str, Any]]:
        """All its revisions."""
        return [item.as_dict() for item in self.client.container_apps_revisions.list_revisions(GROUP, self.name)]

    def close(self) -> None:
        """Deletes the app."""
        self.client.container_apps.begin_delete(GROUP, self.name, polling=False)
        self.client.close()
        self._credential.close()

    def _environment(self, account: str, share: str) -> str:
        profile = {"name": "GPU", "workloadProfileType": PROFILE}
        body: Any = {"location": LOCATION, "properties": {"workloadProfiles": [profile]}}
        environments = self.client.managed_environments
        try:
            environment = environments.get(GROUP, ENVIRONMENT)
        except ResourceNotFoundError:
            environments.begin_create_or_update(GROUP, ENVIRONMENT, body, polling=False)
            environment = settled(lambda: environments.get(GROUP, ENVIRONMENT))
        link: Any = {
            "properties": {
                "azureFile": {
                    "accountName": account,
                    "accountKey": self.address.account_key,
                    "shareName": share,
                    "accessMode": "ReadOnly",
                }
            }
        }
        self.client.managed_environments_storages.create_or_update(GROUP, ENVIRONMENT, share, link)
        self._link = share
        return str(environment.id)

    def _app(self, environment_id: str, variables: dict[str, str]) -> dict[str, Any]:
        probe = {"periodSeconds": 1, "failureThreshold": 30, "timeoutSeconds": 2}
        container = {
            "name": "main",
            "image": IMAGE,
            "command": ["/bin/bash", "-c", "cd /app && exec python3 -m sample_app"],
            "env": [
                {"name": "INFERENCE_PORT", "value": "7860"},
                {"name": "INFERENCE_API_KEYS", "secretRef": "api-key"},
                *({"name": name, "value": value} for name, value in variables.items()),
            ],
            "resources": {"cpu": 8, "memory": "56Gi"},
            "probes": [
                {"type": kind, "httpGet": {"path": f"/health/{path}", "port": 7860}, **probe}
                for kind, path in (("Startup", "startup"), ("Readiness", "ready"))
            ],
            "volumeMounts": [
                {"volumeName": "share", "mountPath": "/mount"},
                {"volumeName": "share", "mountPath": "/app", "subPath": release.release_path(self.first)},
            ],
        }
        body: Any = {
            "location": LOCATION,
            "tags": {"owner": "tests"},
            "properties": {
                "environmentId": environment_id,
                "workloadProfileName": "GPU",
                "configuration": {
                    "ingress": {"external": True, "targetPort": 7860},
                    "secrets": [{"name": "api-key", "value": KEY}],
                },
                "template": {
                    "containers": [container],
                    "scale": {"minReplicas": 1, "maxReplicas": 1},
                    "volumes": [{"name": "share", "storageType": "AzureFile", "storageName": self._link}],
                    "terminationGracePeriodSeconds": 5,
                },
            },
        }
        self.client.container_apps.begin_create_or_update(GROUP, self.name, body, polling=False)
        return settled(lambda: self.client.container_apps.get(GROUP, self.name)).as_dict()


def settled(get: Callable[[], Any]) -> Any:
    """The resource once its provisioning has ended; the SDK's own pollers wait a whole second before they look."""
    while (found := get().as_dict())["properties"]["provisioningState"] not in {"Succeeded", "Failed"}:
        time.sleep(0.05)
    assert found["properties"]["provisioningState"] == "Succeeded", found
    return get()
