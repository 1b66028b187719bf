"""One edit of the good example, and edits that several families need."""

import copy
from dataclasses import dataclass
from typing import Any

from policy.resource import Step
from tests.policy.edits import Edit, both, put
from tests.policy.example import Declared, Example, ref

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
    """Makes one somebody else's: named in the settings, and untouched."""

    def edit(example: Example) -> None:
        example[resource].ignored = ("*",)
        example[resource].exists = exists
        example[resource].adopted = True
        example[resource].step = step

    return edit


def image(reference: str) -> Edit:
    return put("app", f"{CONTAINER}.image", reference)


def command(*words: Any) -> Edit:
    return put("app", f"{CONTAINER}.command", list(words))


def script(text: str) -> Edit:
    return command("/bin/bash", "-c", text)


def added_profile(example: Example) -> None:
    """The environment is another's and has no GPU; the stack adds one."""
    adopt("environment")(example)
    example["environment"].inputs["workloadProfiles"].pop()
    example["added"] = Declared(
        "dynamic:WorkloadProfile",
        {
            "environment_id": ref("environment", "id"),
            "profile_name": "GPU",
            "profile_type": "Consumption-GPU-NC24-A100",
        },
    )


def elsewhere(example: Example) -> None:
    """The app's environment, with its link, is not part of the stack."""
    del example["environment"], example["link"]


def job(name: str = "train", **configuration: Any) -> Edit:
    """Adds a job that runs the app's container."""

    def edit(example: Example) -> None:
        app = copy.deepcopy(example["app"].inputs)
        example[name] = Declared(
            "app:Job",
            {
                "resourceGroupName": ref("group"),
                "jobName": name,
                "location": app["location"],
                "tags": app["tags"],
                "environmentId": app["environmentId"],
                "workloadProfileName": "GPU",
                "configuration": {
                    "triggerType": "Manual",
                    "replicaTimeout": 3600,
                    "secrets": app["configuration"]["secrets"],
                    "registries": app["configuration"]["registries"],
                    **configuration,
                },
                "template": {"containers": app["template"]["containers"]},
            },
        )

    return edit


def with_job(*edits: Edit, **configuration: Any) -> Edit:
    return both(job(**configuration), *edits)
