"""What the cases are made of: one edit of the good example, and edits that several need."""

from dataclasses import dataclass

from policy.resource import Step
from tests.policy.example import Declared, Edit, Example, both, put, ref

CONTAINER = "template.containers.0"
INGRESS = "configuration.ingress"
T4 = {"name": "GPU", "workloadProfileType": "Consumption-GPU-NC8as-T4"}


@dataclass(frozen=True)
class Case:
    """One edit; `resource` is the one that the finding is about, None for the stack."""

    rule: str
    what: str
    edit: Edit
    resource: str | None = "app"

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}"


def adopt(resource: str, step: Step | None = None, exists: bool = True) -> Edit:
    def edit(example: Example) -> None:
        example[resource].ignored = ("*",)
        example[resource].exists = exists
        example[resource].step = step

    return edit


def sign_in(action: str, *excluded: str) -> Edit:
    def edit(example: Example) -> None:
        example["sign-in"] = Declared(
            "app:ContainerAppsAuthConfig",
            {
                "containerAppName": ref("app"),
                "platform": {"enabled": True},
                "globalValidation": {"unauthenticatedClientAction": action, "excludedPaths": list(excluded)},
            },
        )

    return edit


NO_KEY = put("app", f"{CONTAINER}.env", [{"name": "INFERENCE_PORT", "value": "7860"}])
NO_IP_RULE = put("app", f"{INGRESS}.ipSecurityRestrictions", [])
OPEN = both(NO_KEY, NO_IP_RULE)


def job(example: Example) -> None:
    """A job in the place of the app `batch`, on two nodes at a time."""
    made = example["batch"]
    made.type = "app:Job"
    made.inputs["jobName"] = made.inputs.pop("containerAppName")
    made.inputs["template"].pop("scale")
    del made.inputs["configuration"]["ingress"]
    made.inputs["configuration"] |= {
        "triggerType": "Manual",
        "replicaTimeout": 1800,
        "manualTriggerConfig": {"parallelism": 2},
    }


def elsewhere(example: Example) -> None:
    """The app's environment, with its link, is of another stack."""
    for name in ("environment", "link"):
        example.pop(name)


def image(reference: str) -> Edit:
    return put("app", f"{CONTAINER}.image", reference)


def script(script: str) -> Edit:
    return put("app", f"{CONTAINER}.command", ["/bin/bash", "-c", script])


def added_profile(example: Example) -> None:
    """The environment is another's and has no GPU; the stack adds one."""
    example["environment"].ignored = ("*",)
    example["environment"].exists = True
    example["environment"].inputs["workloadProfiles"].pop()
    example["added"] = Declared(
        "dynamic:WorkloadProfile",
        {
            "environment_id": ref("environment", "id"),
            "profile_name": "GPU",
            "profile_type": "Consumption-GPU-NC24-A100",
        },
    )
