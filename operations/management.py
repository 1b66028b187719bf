"""Clients of Azure's resource manager, with this project's errors in the place of the SDK's."""

import os
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Final, NamedTuple, TypeVar

from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from azure.mgmt.core.tools import parse_resource_id
from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random

from operations.cloud import Cloud, discover
from operations.credentials import azure_credential, not_signed_in
from operations.errors import CloudError

METADATA_HOST_VARIABLE: Final = "ARM_METADATA_HOSTNAME"
"""Names the cloud, as it does for the Pulumi provider; public Azure where it is not set."""
CONFLICT_TIMEOUT_SECONDS: Final = 900.0
"""How long somebody else's change to the same resource is waited for."""
_CONFLICTS: Final = (409, 412)
_WAIT_SECONDS: Final = (0.5, 2.0)
_Client = TypeVar("_Client")


class Place(NamedTuple):
    """Where the service looks for a resource; what its client's methods begin with."""

    resource_group: str
    name: str


def place_of(resource_id: str) -> Place:
    """The place of a resource of a group."""
    parts = parse_resource_id(resource_id)
    return Place(str(parts["resource_group"]), str(parts["name"]))


def subscription_of(resource_id: str) -> str:
    """The subscription that the resource is in."""
    return str(parse_resource_id(resource_id)["subscription"])


def current_cloud() -> Cloud:
    """The cloud that the environment names."""
    return discover(os.environ.get(METADATA_HOST_VARIABLE))


@contextmanager
def open_client(
    client_type: Callable[..., AbstractContextManager[_Client]], subscription_id: str, cloud: Cloud | None = None
) -> Generator[_Client]:
    """A management client of this type for a subscription, in this cloud or the one that the environment names.

    Raises:
        CloudError: in place of the SDK's errors.
    """
    cloud = cloud or current_cloud()
    try:
        with (
            azure_credential(cloud) as credential,
            client_type(
                credential,
                subscription_id,
                base_url=cloud.resource_manager,
                credential_scopes=[cloud.scope],
            ) as client,
        ):
            yield client
    except ClientAuthenticationError as error:
        raise not_signed_in(error) from error
    except HttpResponseError as error:
        raise CloudError(f"Azure refused: {what_was_said(error)}") from error
    except AzureError as error:
        raise CloudError(f"{cloud.resource_manager} could not be reached: {error.message}") from error


def what_was_said(error: HttpResponseError) -> str:
    """Azure's own code and sentence, once; the SDK's message repeats them in several lines."""
    told = error.error
    return f"{told.message} ({told.code})" if told is not None and told.message else error.message


def while_others_change_it(timeout_seconds: float = CONFLICT_TIMEOUT_SECONDS) -> Retrying:
    """Attempts until nobody else is changing the resource; each attempt has to read it anew."""
    return Retrying(
        retry=retry_if_exception(_is_conflict),
        stop=stop_after_delay(timeout_seconds),
        wait=wait_random(*_WAIT_SECONDS),
        reraise=True,
    )


def _is_conflict(error: BaseException) -> bool:
    return isinstance(error, HttpResponseError) and error.status_code in _CONFLICTS
