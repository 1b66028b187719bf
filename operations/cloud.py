"""Which Azure is meant."""

from dataclasses import dataclass
from typing import Final

from azure.core import PipelineClient
from azure.core.exceptions import AzureError
from azure.core.rest import HttpRequest

from operations.errors import CloudError

METADATA_API_VERSION: Final = "2022-09-01"
METADATA_RETRIES: Final = 2


@dataclass(frozen=True)
class Cloud:
    """Where resources are managed (URL), what a token for that must be issued for (its audience), and who issues it to
    a service principal (URL)."""

    resource_manager: str
    audience: str
    authority: str

    @property
    def scope(self) -> str:
        """What a credential is asked for to manage resources."""
        return f"{self.audience.rstrip('/')}/.default"


PUBLIC_CLOUD: Final = Cloud(
    "https://management.azure.com", "https://management.azure.com", "https://login.microsoftonline.com"
)


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
        sign_in = document["authentication"]
        return Cloud(
            document["resourceManager"].rstrip("/"), sign_in["audiences"][0], sign_in["loginEndpoint"].rstrip("/")
        )
    except AzureError as error:
        raise CloudError(f"{base} does not answer: {error.message}; is ARM_METADATA_HOSTNAME right?") from error
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise CloudError(f"{base} does not describe a cloud: {error!r} is what is wrong with it") from error
