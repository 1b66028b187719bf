"""What breaks the rules about cost, and what does not."""

from tests.policy.cases.case import Case, added_profile, adopt, elsewhere, job, with_job
from tests.policy.edits import Edit, both, put, without
from tests.policy.example import Example, ref


def _nodes(most: int) -> Edit:
    return put("nodes", "workloadProfiles.1.maximumCount", most)


def _ignoring_nodes(example: Example) -> None:
    """Ignoring every change makes a resource nobody else's."""
    example["nodes"].ignored = ("*",)
    example["nodes"].inputs["workloadProfiles"][1]["minimumCount"] = 1


def _job_on_nodes(example: Example) -> None:
    job()(example)
    example["train"].inputs["environmentId"] = ref("nodes", "id")


BREAKING = [
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
    Case("cost-gpus-per-app", "a job's executions", with_job(triggerType="Event"), "train"),
    Case("cost-gpus-per-app", "a job's replicas", with_job(manualTriggerConfig={"parallelism": 5}), "train"),
    Case("cost-gpus-per-app", "nodes", both(_nodes(6), put("batch", "template.scale.maxReplicas", 9)), "batch"),
    Case("cost-gpus-per-stack", "a job's too", with_job(manualTriggerConfig={"parallelism": 8}), None),
    Case("cost-idle-nodes", "of an environment that ignores changes", _ignoring_nodes, "nodes"),
]

KEEPING = [
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
    Case("cost-gpus-per-app", "no more than there are nodes", put("batch", "template.scale.maxReplicas", 9), "batch"),
    Case("cost-gpus-per-app", "a job of one replica", with_job(manualTriggerConfig={"parallelism": 1}), "train"),
    Case("cost-unused-quota", "a job fills the others", both(_nodes(2), _job_on_nodes), "nodes"),
    Case("cost-gpus-per-app", "one replica, whatever the GPU elsewhere", elsewhere),
]
