"""What somebody else made: the same kinds of resource, as fine-tuning or a person makes them, without any mark."""

from tests.engine.cloud import IMAGE, LOCATION, Cloud
from tests.engine.kinds import ACCOUNT, APP, ENVIRONMENT, GROUP, KINDS, LINK, SHARE, WORKSPACE, Json, Kind, name_of

GPU_TYPE = "Consumption-GPU-NC8as-T4"
GPU_NAME = "accelerated"
"""Not the name that the stack would choose."""
TAGS = {"made-by": "somebody else"}
FINE_TUNING_PROFILES = [
    {"name": "Consumption", "workloadProfileType": "Consumption"},
    {"name": "GPU", "workloadProfileType": "NC24-A100", "minimumCount": 0, "maximumCount": 2},
]
"""What the fine-tuning template gives an environment."""
SERVERLESS_PROFILES = [
    {"name": "Consumption", "workloadProfileType": "Consumption"},
    {"name": GPU_NAME, "workloadProfileType": GPU_TYPE},
]


def make(cloud: Cloud, where: dict[Kind, str], *kinds: Kind, **properties: Json) -> None:
    """Makes these kinds, and what they need, where these ids say; what is there already stays as it is.

    `properties`, by a kind's mode, are set on top of what the kind usually gets.
    """
    for kind in KINDS:
        if kind in with_needs(kinds) and cloud.get(where[kind]) is None:
            body = _body(cloud, where, kind)
            extra = properties.get(kind.mode)
            if extra:
                body = {**body, **extra, "properties": {**body.get("properties", {}), **extra.get("properties", {})}}
            cloud.put(where[kind], body)


def unfit(cloud: Cloud, where: dict[Kind, str], kind: Kind) -> dict[str, Json]:
    """What makes a resource of this kind unfit, for `make`: nothing that inference could use as it is."""
    if kind is LINK:
        make(cloud, where, ACCOUNT)
        properties: Json = {"azureFile": link(cloud, where[ACCOUNT], "another-share")}
    elif kind is APP:
        elsewhere = {**where, ENVIRONMENT: f"{where[ENVIRONMENT]}2"}
        make(cloud, elsewhere, ENVIRONMENT)
        properties = {"environmentId": elsewhere[ENVIRONMENT]}
    else:
        properties = {
            GROUP: {},
            ACCOUNT: {"allowSharedKeyAccess": False},
            SHARE: {"enabledProtocols": "NFS"},
            WORKSPACE: {"features": {"disableLocalAuth": True}},
            ENVIRONMENT: {"workloadProfiles": None},
        }[kind]
    return {kind.mode: {"properties": properties}}


def with_needs(kinds: tuple[Kind, ...]) -> set[Kind]:
    """These kinds, and those that somebody has to make before."""
    needs = {ENVIRONMENT: (WORKSPACE,), LINK: (SHARE,), APP: (ENVIRONMENT,)}
    found: set[Kind] = set()
    left = list(kinds)
    while left:
        kind = left.pop()
        found.add(kind)
        left += [*([kind.parent] if kind.parent else []), *needs.get(kind, ())]
    return found


def _body(cloud: Cloud, where: dict[Kind, str], kind: Kind) -> Json:
    if kind is GROUP:
        return {"location": LOCATION, "tags": TAGS}
    if kind is ACCOUNT:
        properties: Json = {"largeFileSharesState": "Enabled", "minimumTlsVersion": "TLS1_0"}
        sku = {"name": "Standard_LRS"}
        return {"location": LOCATION, "tags": TAGS, "kind": "StorageV2", "sku": sku, "properties": properties}
    if kind is SHARE:
        return {"properties": {"shareQuota": 512, "metadata": {"madeby": "somebodyelse"}}}
    if kind is WORKSPACE:
        return {"location": LOCATION, "tags": TAGS, "properties": {"retentionInDays": 90}}
    if kind is ENVIRONMENT:
        return {"location": LOCATION, "tags": TAGS, "properties": _environment(cloud, where[WORKSPACE])}
    if kind is LINK:
        return {"properties": {"azureFile": link(cloud, where[ACCOUNT], name_of(where[SHARE]))}}
    return {"location": LOCATION, "tags": TAGS, "properties": _app(where[ENVIRONMENT])}


def _environment(cloud: Cloud, workspace: str) -> Json:
    found = cloud.get(workspace)
    assert found is not None
    key = cloud.act(workspace, "sharedKeys")["primarySharedKey"]
    logs = {"customerId": found["properties"]["customerId"], "sharedKey": key}
    return {
        "workloadProfiles": SERVERLESS_PROFILES,
        "appLogsConfiguration": {"destination": "log-analytics", "logAnalyticsConfiguration": logs},
    }


def link(cloud: Cloud, account: str, share: str) -> Json:
    """A link to a share of an account, with the account's key."""
    key = cloud.act(account, "listKeys")["keys"][0]["value"]
    return {"accountName": name_of(account), "accountKey": key, "shareName": share, "accessMode": "ReadWrite"}


def _app(environment: str) -> Json:
    container = {"name": "main", "image": IMAGE, "resources": {"cpu": 0.5, "memory": "1Gi"}}
    return {
        "environmentId": environment,
        "configuration": {
            "ingress": {"external": False, "targetPort": 80},
            "secrets": [{"name": "token", "value": "theirs"}],
        },
        "template": {"containers": [container], "scale": {"minReplicas": 0, "maxReplicas": 1}},
    }
