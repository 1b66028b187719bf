"""The resource types that the stand-in knows, as one table: how Pulumi's flat inputs map to ARM's bodies.

Names and API versions are those of the azure-native package 3.29.0; what is immutable follows ARM's documentation of
each type (a change replaces the resource).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

_GROUP: Final = "/resourceGroups/{resourceGroupName}"
_ACCOUNT: Final = f"{_GROUP}/providers/Microsoft.Storage/storageAccounts/{{accountName}}"
_APP: Final = f"{_GROUP}/providers/Microsoft.App"
_ENVIRONMENT: Final = f"{_APP}/managedEnvironments/{{environmentName}}"


@dataclass(frozen=True)
class TypeSpec:
    """One resource type.

    `path` is the ARM path below the subscription, with inputs in braces; the last of them is the resource's own name.
    `inputs` are the inputs beside those, `top_level` those of them that stand beside `properties` in the body, and
    `renamed` those that ARM calls otherwise. `immutable`, `write_only` and `computed` hold paths into the inputs, with
    dots; `computed` ones are known only after a create.
    """

    token: str
    path: str
    api_version: str
    inputs: frozenset[str]
    top_level: frozenset[str] = frozenset()
    renamed: Mapping[str, str] = field(default_factory=dict[str, str])
    immutable: frozenset[str] = frozenset()
    write_only: frozenset[str] = frozenset()
    computed: frozenset[str] = frozenset()
    made_with_parent: bool = False
    """The resource comes with its parent: a create adopts it, a delete leaves it."""

    @property
    def path_inputs(self) -> tuple[str, ...]:
        """The inputs that the path is made of, parents first."""
        return tuple(part.partition("}")[0] for part in self.path.split("{")[1:])

    @property
    def own_name(self) -> str:
        """The input that names the resource."""
        return self.path_inputs[-1]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SPECS: Final = (
    TypeSpec(
        token="azure-native:resources:ResourceGroup",  # noqa: S106  a type's name
        path=_GROUP,
        api_version="2024-03-01",
        inputs=_words("location managedBy tags"),
        top_level=_words("location managedBy tags"),
        immutable=_words("location"),
    ),
    TypeSpec(
        token="azure-native:storage:StorageAccount",  # noqa: S106
        path=_ACCOUNT,
        api_version="2024-01-01",
        inputs=_words(
            "accessTier allowBlobPublicAccess allowCrossTenantReplication allowSharedKeyAccess allowedCopyScope"
            " azureFilesIdentityBasedAuthentication customDomain defaultToOAuthAuthentication dnsEndpointType"
            " enableExtendedGroups enableHttpsTrafficOnly enableNfsV3 encryption extendedLocation identity"
            " immutableStorageWithVersioning isHnsEnabled isLocalUserEnabled isSftpEnabled keyPolicy kind"
            " largeFileSharesState location minimumTlsVersion networkRuleSet publicNetworkAccess routingPreference"
            " sasPolicy sku tags"
        ),
        top_level=_words("location tags sku kind identity extendedLocation"),
        renamed={
            "enableHttpsTrafficOnly": "supportsHttpsTrafficOnly",
            "enableNfsV3": "isNfsV3Enabled",
            "networkRuleSet": "networkAcls",
        },
        immutable=_words("location enableNfsV3 isHnsEnabled dnsEndpointType extendedLocation"),
    ),
    TypeSpec(
        token="azure-native:storage:FileServiceProperties",  # noqa: S106
        path=f"{_ACCOUNT}/fileServices/{{fileServicesName}}",
        api_version="2024-01-01",
        inputs=_words("cors protocolSettings shareDeleteRetentionPolicy"),
        made_with_parent=True,
    ),
    TypeSpec(
        token="azure-native:storage:FileShare",  # noqa: S106
        path=f"{_ACCOUNT}/fileServices/default/shares/{{shareName}}",
        api_version="2024-01-01",
        inputs=_words(
            "accessTier enabledProtocols fileSharePaidBursting metadata provisionedBandwidthMibps provisionedIops"
            " rootSquash shareQuota signedIdentifiers"
        ),
        immutable=_words("enabledProtocols"),
    ),
    TypeSpec(
        token="azure-native:operationalinsights:Workspace",  # noqa: S106
        path=f"{_GROUP}/providers/Microsoft.OperationalInsights/workspaces/{{workspaceName}}",
        api_version="2023-09-01",
        inputs=_words(
            "defaultDataCollectionRuleResourceId features forceCmkForQuery identity location"
            " publicNetworkAccessForIngestion publicNetworkAccessForQuery retentionInDays sku tags workspaceCapping"
        ),
        top_level=_words("location tags identity"),
        immutable=_words("location"),
    ),
    TypeSpec(
        token="azure-native:app:ManagedEnvironment",  # noqa: S106
        path=_ENVIRONMENT,
        api_version="2025-02-02-preview",
        inputs=_words(
            "appInsightsConfiguration appLogsConfiguration availabilityZones customDomainConfiguration"
            " daprAiConnectionString daprAiInstrumentationKey diskEncryptionConfiguration identity"
            " infrastructureResourceGroup ingressConfiguration kind location openTelemetryConfiguration"
            " peerAuthentication peerTrafficConfiguration publicNetworkAccess tags vnetConfiguration"
            " workloadProfiles zoneRedundant"
        ),
        top_level=_words("location tags kind identity"),
        renamed={
            "daprAiConnectionString": "daprAIConnectionString",
            "daprAiInstrumentationKey": "daprAIInstrumentationKey",
        },
        immutable=_words("location zoneRedundant infrastructureResourceGroup vnetConfiguration"),
        write_only=_words("appLogsConfiguration.logAnalyticsConfiguration.sharedKey"),
    ),
    TypeSpec(
        token="azure-native:app:ManagedEnvironmentsStorage",  # noqa: S106
        path=f"{_ENVIRONMENT}/storages/{{storageName}}",
        api_version="2025-02-02-preview",
        inputs=_words("properties"),
        top_level=_words("properties"),
        write_only=_words("properties.azureFile.accountKey"),
    ),
    TypeSpec(
        token="azure-native:app:ContainerApp",  # noqa: S106
        path=f"{_APP}/containerApps/{{containerAppName}}",
        api_version="2025-02-02-preview",
        inputs=_words(
            "configuration environmentId extendedLocation identity kind location managedBy managedEnvironmentId"
            " patchingConfiguration tags template workloadProfileName"
        ),
        top_level=_words("location tags kind identity managedBy extendedLocation"),
        immutable=_words("location environmentId managedEnvironmentId extendedLocation"),
        write_only=_words("configuration.secrets"),
        computed=_words("configuration.ingress.fqdn"),
    ),
)

TYPES: Final = {spec.token: spec for spec in _SPECS}
