"""Cost and capacity: what breaks each rule, and what must not."""

from tests.policy.cases.edits import CONTAINER, T4, Case, added_profile, adopt, job
from tests.policy.example import both, put, without

BREAKING = [
    Case("capacity-fits-profile", "all of a node", put("batch", f"{CONTAINER}.resources.cpu", 24), "batch"),
    Case("cost-gpus-per-app", "5 replicas", put("app", "template.scale.maxReplicas", 5)),
    Case("cost-gpus-per-app", "the service's own maximum", put("app", "template.scale.maxReplicas", None)),
    Case(
        "cost-gpus-per-stack",
        "4 + 5",
        both(put("app", "template.scale.maxReplicas", 4), put("nodes", "workloadProfiles.1.maximumCount", 5)),
        None,
    ),
    Case("cost-idle-replicas", "always on", put("app", "template.scale.minReplicas", 1)),
    Case(
        "cost-idle-replicas",
        "on a profile that the stack adds",
        both(added_profile, put("app", "template.scale.minReplicas", 1)),
    ),
    Case("cost-cooldown", "an hour", put("app", "template.scale.cooldownPeriod", 3600)),
    Case("cost-idle-nodes", "a node kept", put("nodes", "workloadProfiles.1.minimumCount", 1), "nodes"),
    Case("cost-unused-quota", "2 nodes for 1 replica", put("nodes", "workloadProfiles.1.maximumCount", 2), "nodes"),
    Case(
        "cost-monthly",
        "always on",
        both(put("app", "template.scale.minReplicas", 1), put("batch", "template.scale.minReplicas", 1)),
        None,
    ),
    Case("capacity-profile-offered", "a name that is not there", put("app", "workloadProfileName", "gpu-2")),
    Case("capacity-fits-profile", "too much memory", put("app", f"{CONTAINER}.resources.memory", "256Gi")),
    Case("capacity-fits-profile", "too many vCPU", put("app", f"{CONTAINER}.resources.cpu", 32)),
    Case("capacity-fits-profile", "a smaller GPU", put("environment", "workloadProfiles.1", T4)),
    Case(
        "capacity-one-gpu-container",
        "a second one",
        lambda example: (
            example["app"]
            .inputs["template"]["containers"]
            .append({"name": "proxy", "image": "mcr.microsoft.com/proxy:1.0", "resources": {"cpu": 0, "memory": "0Gi"}})
        ),
    ),
    Case(
        "capacity-profile-counts",
        "counts on serverless",
        put("environment", "workloadProfiles.1.maximumCount", 1),
        "environment",
    ),
    Case(
        "capacity-profile-counts", "dedicated without", put("nodes", "workloadProfiles.1.minimumCount", None), "nodes"
    ),
    Case(
        "capacity-probes",
        "no liveness",
        lambda example: example["app"].inputs["template"]["containers"][0]["probes"].pop(),
    ),
    Case("capacity-probe-path", "home page", put("app", f"{CONTAINER}.probes.1.httpGet.path", "/")),
    Case(
        "capacity-model-load",
        "waits 90 s for the model",
        put("app", f"{CONTAINER}.probes.0.httpGet.path", "/health/ready"),
    ),
    Case("capacity-model-load", "6 s for the process", put("app", f"{CONTAINER}.probes.0.failureThreshold", 2)),
    Case("capacity-startup-period", "two minutes", put("app", f"{CONTAINER}.probes.0.periodSeconds", 120)),
    Case("capacity-liveness-patience", "one second", put("app", f"{CONTAINER}.probes.2.timeoutSeconds", None)),
    Case("capacity-liveness-patience", "one failure", put("app", f"{CONTAINER}.probes.2.failureThreshold", 1)),
    Case(
        "cost-unused-quota",
        "3 nodes for a job on 2",
        both(job, put("nodes", "workloadProfiles.1.maximumCount", 3)),
        "nodes",
    ),
    Case(
        "capacity-fits-profile",
        "all memory of a node, in a job",
        both(job, put("batch", f"{CONTAINER}.resources.memory", "220Gi")),
        "batch",
    ),
    Case("capacity-profile-offered", "a job's", both(job, put("batch", "workloadProfileName", "gpu-2")), "batch"),
]

KEEPING = [
    Case("cost-gpus-per-app", "no more nodes than one", put("batch", "template.scale.maxReplicas", 30), "batch"),
    Case(
        "cost-unused-quota",
        "2 nodes for a job on 2",
        both(job, put("nodes", "workloadProfiles.1.maximumCount", 2)),
        "nodes",
    ),
    Case(
        "cost-gpus-per-stack",
        "another's nodes",
        both(adopt("nodes"), put("nodes", "workloadProfiles.1.maximumCount", 20)),
        "example-dev",
    ),
    Case(
        "cost-idle-replicas",
        "no GPU",
        both(put("app", "workloadProfileName", "Consumption"), put("app", "template.scale.minReplicas", 1)),
    ),
    Case(
        "cost-unused-quota",
        "profile without apps of the stack",
        both(without("batch"), put("nodes", "workloadProfiles.1.maximumCount", 4)),
        "nodes",
    ),
    Case("capacity-profile-offered", "added to another's environment", added_profile),
    Case(
        "capacity-model-load",
        "long enough for the model",
        both(
            put("app", f"{CONTAINER}.probes.0.httpGet.path", "/health/ready"),
            put("app", f"{CONTAINER}.probes.0.periodSeconds", 20),
        ),
    ),
]
