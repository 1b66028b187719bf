"""Which Azure is meant, and what its resource manager tells about the storage account."""

from dataclasses import dataclass
from typing import Final

from azure.core import PipelineClient
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from azure.core.rest import HttpRequest
from azure.identity import DefaultAzureCredential
from azure.mgmt.storage import StorageManagementClient

from operations.config_file import InferenceConfig
from operations.errors import CloudError
from operations.file_share import ShareAddress

METADATA_API_VERSION: Final = "2022-09-01"
METADATA_RETRIES: Final = 2


@dataclass(frozen=True)
class Cloud:
    """Where resources are managed (URL) and what a token for that must be issued for (its audience)."""

    resource_manager: str
    audience: str


PUBLIC_CLOUD: Final = Cloud("https://management.azure.com", "https://management.azure.com")


def discover(metadata_host: str | None = None) -> Cloud:
    """The cloud that this host describes, or public Azure where no host is given.

    The document is the one that az and the Pulumi provider read: `GET HOST/metadata/endpoints`.

    Raises:
        CloudError: the host does not answer, or not with a description of a cloud.
    """
    if not metadata_host:
        return PUBLIC_CLOUD
    base = metadata_host if "://" in metadata_host else f"https://{metadata_host}"
    url = f"{base.rstrip('/')}/metadata/endpoints"
    request = HttpRequest("GET", url, params={"api-version": METADATA_API_VERSION})
    try:
        # The SDK's own pipeline, so that it retries and trusts what all other calls trust (REQUESTS_CA_BUNDLE).
        with PipelineClient(base, retry_total=METADATA_RETRIES) as client:
            answer = client.send_request(request)
            answer.raise_for_status()
            document = answer.json()
        return Cloud(document["resourceManager"].rstrip("/"), document["authentication"]["audiences"][0])
    except AzureError as error:
        raise CloudError(f"{base} does not answer: {error.message}; is ARM_METADATA_HOSTNAME right?") from error
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise CloudError(f"{base} does not describe a cloud: {error!r} is what is wrong with it") from error


def share_address(config: InferenceConfig, cloud: Cloud) -> ShareAddress:
    """Address and key of the configured file share, as the resource manager tells them.

    Raises:
        CloudError: not signed in, not allowed, or no such account.
    """
    group, account = config.resource_group_name, config.storage_account_name
    try:
        with (
            DefaultAzureCredential() as credential,
            StorageManagementClient(
                credential,
                config.subscription_id,
                base_url=cloud.resource_manager,
                credential_scopes=[f"{cloud.audience.rstrip('/')}/.default"],
            ) as client,
        ):
            found = client.storage_accounts.get_properties(group, account)
            keys = client.storage_accounts.list_keys(group, account).keys_property or []
    except ClientAuthenticationError as error:
        raise CloudError(f"not signed in to Azure; run `az login`. In detail: {error.message}") from error
    except HttpResponseError as error:
        raise CloudError(
            f"the storage account {account} in resource group {group} cannot be opened: {error.message}"
        ) from error
    except AzureError as error:
        raise CloudError(f"{cloud.resource_manager} could not be reached: {error.message}") from error
    endpoint = found.primary_endpoints and found.primary_endpoints.file
    if not endpoint or not keys or not keys[0].value:
        raise CloudError(f"the storage account {account} offers no file service that a key opens")
    return ShareAddress(endpoint, account, keys[0].value, config.file_share_name)
