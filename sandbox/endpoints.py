"""Where a running sandbox listens, as it tells other processes, and the environment that its clients need."""

from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict

from sandbox.identity import TOKEN_PATH

_LOOPBACK: Final = "127.0.0.1,localhost"


class Endpoints(BaseModel):
    """Content of `endpoints.json`; for this user only, because the identity header opens everything."""

    model_config = ConfigDict(frozen=True)

    pid: int
    arm_url: str
    files_url: str
    identity_url: str
    identity_header: str
    provider_port: int | None
    subscription_id: str
    tenant_id: str
    bundle: Path

    @property
    def environment(self) -> dict[str, str]:
        """What unmodified clients read: Pulumi's engine and azure-native, azure-identity, requests, Go and curl."""
        variables = {
            "ARM_METADATA_HOSTNAME": self.arm_url.removeprefix("https://"),
            "ARM_USE_MSI": "true",
            "ARM_DISABLE_INSTANCE_DISCOVERY": "true",
            "ARM_SUBSCRIPTION_ID": self.subscription_id,
            "ARM_TENANT_ID": self.tenant_id,
            "AZURE_SUBSCRIPTION_ID": self.subscription_id,
            "AZURE_TENANT_ID": self.tenant_id,
            "IDENTITY_ENDPOINT": f"{self.identity_url}{TOKEN_PATH}",
            "IDENTITY_HEADER": self.identity_header,
            "REQUESTS_CA_BUNDLE": str(self.bundle),
            "SSL_CERT_FILE": str(self.bundle),
            "NO_PROXY": _LOOPBACK,
            "no_proxy": _LOOPBACK,
        }
        if self.provider_port is not None:
            variables["PULUMI_DEBUG_PROVIDERS"] = f"azure-native:{self.provider_port}"
        return variables
