"""How a share is opened: with the account's key, as the resource manager tells it."""

from azure.core.exceptions import ClientAuthenticationError, HttpResponseError
from azure.mgmt.storage import StorageManagementClient

from operations.cloud import Cloud
from operations.config_file import InferenceConfig
from operations.errors import CloudError
from operations.file_share import ShareAddress
from operations.management import open_client, what_was_said


def share_address(config: InferenceConfig, cloud: Cloud) -> ShareAddress:
    """Address and key of the configured file share, as the resource manager tells them.

    Raises:
        CloudError: not signed in, not allowed, or no such account.
    """
    group, account = config.resource_group_name, config.storage_account_name
    with open_client(StorageManagementClient, config.subscription_id, cloud) as client:
        try:
            found = client.storage_accounts.get_properties(group, account)
            keys = client.storage_accounts.list_keys(group, account).keys_property or []
        except ClientAuthenticationError:
            raise
        except HttpResponseError as error:
            raise CloudError(
                f"the storage account {account} in resource group {group} cannot be opened: {what_was_said(error)}"
            ) from error
    endpoint = found.primary_endpoints and found.primary_endpoints.file
    if not endpoint or not keys or not keys[0].value:
        raise CloudError(f"the storage account {account} offers no file service that a key opens")
    return ShareAddress(endpoint, account, keys[0].value, config.file_share_name)
