"""Whether somebody is signed in to Azure, asked before anything depends on it."""

from azure.core.exceptions import AzureError

from operations.credentials import azure_credential, not_signed_in
from operations.management import current_cloud


def check_sign_in() -> None:
    """Gets a token for the resource manager.

    Raises:
        CloudError: nobody is signed in; says what to do.
    """
    cloud = current_cloud()
    try:
        with azure_credential(cloud) as credential:
            credential.get_token(cloud.scope)
    except AzureError as error:
        raise not_signed_in(error) from error
