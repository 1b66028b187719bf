"""The resource types that the stand-in knows, as one table.

Names and API versions are those of the package azure-native 3.29.0; where a property stands in ARM's body, its name
there, what is immutable, secret or identifies an item are those of ARM's published specification of that version.
"""

from typing import Final

from sandbox.provider.type_spec import TypeSpec

_GROUP: Final = "/resourceGroups/{resourceGroupName}"
_ACCOUNT: Final = f"{_GROUP}/providers/Microsoft.Storage/storageAccounts/{{accountName}}"
_APP: Final = f"{_GROUP}/providers/Microsoft.App"
_ENVIRONMENT: Final = f"{_APP}/managedEnvironments/{{environmentName}}"
_NAME: Final = ("name",)
_TRIGGER: Final = ("triggerParameter",)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_RESOURCE_GROUP: Final = TypeSpec(
    token="azure-native:resources:ResourceGroup",  # noqa: S106  a type's name, here and below
    path=_GROUP,
    api_version="2024-03-01",
    inputs=_words("location managedBy tags"),
    read_only=_words("properties"),
    top_level=_words("location managedBy tags properties"),
    required=_words("location"),
    immutable=_words("location"),
)

_STORAGE_ACCOUNT: Final = TypeSpec(
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
    read_only=_words(
        "accountMigrationInProgress blobRestoreStatus creationTime failoverInProgress geoReplicationStats"
        " isSkuConversionBlocked keyCreationTime lastGeoFailoverTime primaryEndpoints primaryLocation"
        " privateEndpointConnections provisioningState secondaryEndpoints secondaryLocation statusOfPrimary"
        " statusOfSecondary storageAccountSkuConversionStatus sku.tier identity.principalId identity.tenantId"
        " encryption.keyVaultProperties.currentVersionedKeyExpirationTimestamp"
        " encryption.keyVaultProperties.currentVersionedKeyIdentifier"
        " encryption.keyVaultProperties.lastKeyRotationTimestamp encryption.services.blob.lastEnabledTime"
        " encryption.services.file.lastEnabledTime encryption.services.queue.lastEnabledTime"
        " encryption.services.table.lastEnabledTime"
    ),
    top_level=_words("location tags sku kind identity extendedLocation"),
    renamed={
        "enableHttpsTrafficOnly": "supportsHttpsTrafficOnly",
        "enableNfsV3": "isNfsV3Enabled",
        "networkRuleSet": "networkAcls",
        "networkRuleSet.ipRules.iPAddressOrRange": "value",
        "networkRuleSet.virtualNetworkRules.virtualNetworkResourceId": "id",
        "encryption.encryptionIdentity": "identity",
        "encryption.encryptionIdentity.encryptionUserAssignedIdentity": "userAssignedIdentity",
        "encryption.encryptionIdentity.encryptionFederatedIdentityClientId": "federatedIdentityClientId",
        "encryption.keyVaultProperties": "keyvaultproperties",
        "encryption.keyVaultProperties.keyName": "keyname",
        "encryption.keyVaultProperties.keyVersion": "keyversion",
        "encryption.keyVaultProperties.keyVaultUri": "keyvaulturi",
    },
    required=_words("kind location sku"),
    immutable=_words("location isHnsEnabled"),
    resets={
        "networkRuleSet": {
            "bypass": "AzureServices",
            "defaultAction": "Allow",
            "ipRules": [],
            "virtualNetworkRules": [],
        }
    },
)

_FILE_SERVICE: Final = TypeSpec(
    token="azure-native:storage:FileServiceProperties",  # noqa: S106
    path=f"{_ACCOUNT}/fileServices/{{fileServicesName}}",
    api_version="2024-01-01",
    inputs=_words("cors protocolSettings shareDeleteRetentionPolicy"),
    read_only=_words("sku"),
    top_level=_words("sku"),
    singleton=True,
)

_FILE_SHARE: Final = TypeSpec(
    token="azure-native:storage:FileShare",  # noqa: S106
    path=f"{_ACCOUNT}/fileServices/default/shares/{{shareName}}",
    api_version="2024-01-01",
    inputs=_words(
        "accessTier enabledProtocols fileSharePaidBursting metadata provisionedBandwidthMibps provisionedIops"
        " rootSquash shareQuota signedIdentifiers"
    ),
    read_only=_words(
        "accessTierChangeTime accessTierStatus deleted deletedTime etag includedBurstIops lastModifiedTime"
        " leaseDuration leaseState leaseStatus maxBurstCreditsForIops nextAllowedProvisionedBandwidthDowngradeTime"
        " nextAllowedProvisionedIopsDowngradeTime nextAllowedQuotaDowngradeTime remainingRetentionDays"
        " shareUsageBytes snapshotTime version"
    ),
    top_level=_words("etag"),
    immutable=_words("enabledProtocols"),
)

_WORKSPACE: Final = TypeSpec(
    token="azure-native:operationalinsights:Workspace",  # noqa: S106
    path=f"{_GROUP}/providers/Microsoft.OperationalInsights/workspaces/{{workspaceName}}",
    api_version="2023-09-01",
    inputs=_words(
        "defaultDataCollectionRuleResourceId features forceCmkForQuery identity location"
        " publicNetworkAccessForIngestion publicNetworkAccessForQuery retentionInDays sku tags workspaceCapping"
    ),
    read_only=_words(
        "createdDate customerId etag modifiedDate privateLinkScopedResources provisioningState systemData"
        " features.unifiedSentinelBillingOnly identity.principalId identity.tenantId sku.lastSkuUpdate"
        " workspaceCapping.dataIngestionStatus workspaceCapping.quotaNextResetTime"
    ),
    top_level=_words("location tags identity etag systemData"),
    required=_words("location"),
    immutable=_words("location"),
)

_MANAGED_ENVIRONMENT: Final = TypeSpec(
    token="azure-native:app:ManagedEnvironment",  # noqa: S106
    path=_ENVIRONMENT,
    api_version="2025-02-02-preview",
    inputs=_words(
        "appInsightsConfiguration appLogsConfiguration availabilityZones customDomainConfiguration"
        " daprAIConnectionString daprAIInstrumentationKey diskEncryptionConfiguration identity"
        " infrastructureResourceGroup ingressConfiguration kind location openTelemetryConfiguration"
        " peerAuthentication peerTrafficConfiguration publicNetworkAccess tags vnetConfiguration"
        " workloadProfiles zoneRedundant"
    ),
    read_only=_words(
        "daprConfiguration defaultDomain deploymentErrors eventStreamEndpoint kedaConfiguration"
        " privateEndpointConnections privateLinkDefaultDomain provisioningState staticIp systemData"
        " identity.principalId identity.tenantId customDomainConfiguration.customDomainVerificationId"
        " customDomainConfiguration.expirationDate customDomainConfiguration.subjectName"
        " customDomainConfiguration.thumbprint"
    ),
    top_level=_words("location tags kind identity systemData"),
    required=_words("location"),
    immutable=_words("location zoneRedundant infrastructureResourceGroup"),
    secrets=_words(
        "appInsightsConfiguration.connectionString appLogsConfiguration.logAnalyticsConfiguration.sharedKey"
        " customDomainConfiguration.certificatePassword customDomainConfiguration.certificateValue"
        " daprAIConnectionString daprAIInstrumentationKey"
        " openTelemetryConfiguration.destinationsConfiguration.dataDogConfiguration.key"
    ),
    identifiers={
        "workloadProfiles": _NAME,
        "openTelemetryConfiguration.destinationsConfiguration.otlpConfigurations": _NAME,
        "openTelemetryConfiguration.destinationsConfiguration.otlpConfigurations.headers": ("key",),
    },
)

_ENVIRONMENT_STORAGE: Final = TypeSpec(
    token="azure-native:app:ManagedEnvironmentsStorage",  # noqa: S106
    path=f"{_ENVIRONMENT}/storages/{{storageName}}",
    api_version="2025-02-02-preview",
    inputs=_words("properties"),
    read_only=_words("systemData"),
    top_level=_words("properties systemData"),
    secrets=_words("properties.azureFile.accountKey"),
)

_CONTAINER_APP: Final = TypeSpec(
    token="azure-native:app:ContainerApp",  # noqa: S106
    path=f"{_APP}/containerApps/{{containerAppName}}",
    api_version="2025-02-02-preview",
    inputs=_words(
        "configuration environmentId extendedLocation identity kind location managedBy managedEnvironmentId"
        " patchingConfiguration tags template workloadProfileName"
    ),
    read_only=_words(
        "customDomainVerificationId deploymentErrors eventStreamEndpoint latestReadyRevisionName latestRevisionFqdn"
        " latestRevisionName outboundIpAddresses provisioningState runningStatus systemData configuration.ingress.fqdn"
        " identity.principalId identity.tenantId template.containers.resources.ephemeralStorage"
        " template.initContainers.resources.ephemeralStorage"
    ),
    top_level=_words("location tags kind identity managedBy extendedLocation systemData"),
    required=_words("location"),
    immutable=_words("location environmentId managedEnvironmentId kind"),
    secrets=_words("configuration.secrets.value"),
    identifiers={
        "configuration.identitySettings": ("identity",),
        "configuration.ingress.additionalPortMappings": ("targetPort",),
        "configuration.ingress.customDomains": _NAME,
        "configuration.ingress.ipSecurityRestrictions": _NAME,
        "configuration.ingress.traffic": ("revisionName",),
        "configuration.registries": ("server",),
        "configuration.runtime.java.javaAgent.logging.loggerSettings": ("logger", "level"),
        "configuration.secrets": _NAME,
        "template.containers": _NAME,
        "template.containers.env": _NAME,
        "template.containers.probes": ("type",),
        "template.containers.probes.httpGet.httpHeaders": _NAME,
        "template.containers.volumeMounts": ("volumeName",),
        "template.initContainers": _NAME,
        "template.initContainers.env": _NAME,
        "template.initContainers.volumeMounts": ("volumeName",),
        "template.scale.rules": _NAME,
        "template.scale.rules.azureQueue.auth": _TRIGGER,
        "template.scale.rules.custom.auth": _TRIGGER,
        "template.scale.rules.http.auth": _TRIGGER,
        "template.scale.rules.tcp.auth": _TRIGGER,
        "template.serviceBinds": _NAME,
        "template.volumes": _NAME,
        "template.volumes.secrets": ("secretRef",),
    },
)

_AUTH_CONFIG: Final = TypeSpec(
    token="azure-native:app:ContainerAppsAuthConfig",  # noqa: S106
    path=f"{_APP}/containerApps/{{containerAppName}}/authConfigs/{{authConfigName}}",
    api_version="2025-02-02-preview",
    inputs=_words("encryptionSettings globalValidation httpSettings identityProviders login platform"),
    read_only=_words("systemData"),
    top_level=_words("systemData"),
)

TYPES: Final = {
    spec.token: spec
    for spec in (
        _RESOURCE_GROUP,
        _STORAGE_ACCOUNT,
        _FILE_SERVICE,
        _FILE_SHARE,
        _WORKSPACE,
        _MANAGED_ENVIRONMENT,
        _ENVIRONMENT_STORAGE,
        _CONTAINER_APP,
        _AUTH_CONFIG,
    )
}
