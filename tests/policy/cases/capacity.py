"""What breaks the rules about capacity, and what does not."""

from tests.policy.cases.case import CONTAINER, T4, Case, added_profile, elsewhere, with_job
from tests.policy.edits import both, put

_small = both(put("app", f"{CONTAINER}.resources.cpu", 8), put("app", f"{CONTAINER}.resources.memory", "50Gi"))

BREAKING = [
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
    Case("capacity-fits-profile", "a whole node", put("batch", f"{CONTAINER}.resources.memory", "220Gi"), "batch"),
    Case("capacity-fits-profile", "a job", with_job(put("train", f"{CONTAINER}.resources.cpu", 32)), "train"),
    Case("capacity-profile-offered", "a job", with_job(put("train", "workloadProfileName", "x")), "train"),
]

KEEPING = [
    Case("capacity-profile-offered", "added to another's environment", added_profile),
    Case(
        "capacity-model-load",
        "long enough for the model",
        both(
            put("app", f"{CONTAINER}.probes.0.httpGet.path", "/health/ready"),
            put("app", f"{CONTAINER}.probes.0.periodSeconds", 20),
        ),
    ),
    Case("capacity-fits-profile", "a T4's share, whatever the GPU elsewhere", both(elsewhere, _small)),
    Case("capacity-probes", "all there, whatever the GPU elsewhere", elsewhere),
]
