"""How a share is opened: with the account's key, as the resource manager tells it."""

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from azure.mgmt.storage import StorageManagementClient

from operations.cloud import Cloud
from operations.config_file import InferenceConfig
from operations.credentials import azure_credential
from operations.errors import CloudError
from operations.file_share import ShareAddress


def share_address(config: InferenceConfig, cloud: Cloud) -> ShareAddress:
    """Address and key of the configured file share, as the resource manager tells them.

    Raises:
        CloudError: not signed in, not allowed, or no such account.
    """
    group, account = config.resource_group_name, config.storage_account_name
    try:
        with (
            azure_credential(cloud) as credential,
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
