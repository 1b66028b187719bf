"""What a stack's file says that `doctor` can look at before anything is provisioned."""

import os
from collections.abc import Iterator

from cli.local_stack import STACK
from cli.target import enter_sandbox
from cli.workplace import STATE_DIR
from operations.doctor import Finding, Verdict
from operations.prospects import Prospect, foresee
from sandbox import control
from stack.settings import Settings, SettingsError, stack_file
from stack.settings.secrets import PREFIX


def prospects(stack: str) -> Iterator[Finding]:
    """What provisioning this stack would meet; its file is read as it stands, without Pulumi."""
    if stack == STACK and control.status(STATE_DIR) is None:
        yield Finding("sandbox", Verdict.UNKNOWN, "does not run; `aca-inference provision` starts it")
        return
    path = stack_file.path_of(stack)
    try:
        ours, azure = stack_file.values_in(path, PREFIX), stack_file.values_in(path, "azure-native:")
    except SettingsError as error:
        yield Finding("stack", Verdict.BAD, str(error), "mend the file")
        return
    if stack == STACK:
        enter_sandbox()
    subscription = str(azure.get("subscriptionId") or os.environ.get("ARM_SUBSCRIPTION_ID") or "")
    location = str(ours.get("location") or azure.get("location") or "")
    if not (subscription and location and ours.get("resourceGroup")):
        what = f"{path} names no resourceGroup, location or subscriptionId (ARM_SUBSCRIPTION_ID)"
        yield Finding("stack", Verdict.UNKNOWN, f"{what}, so nothing can be foreseen")
        return
    profile = ours.get("gpuProfile") or Settings.model_fields["gpu_profile"].default
    yield from foresee(
        Prospect(subscription, str(ours["resourceGroup"]), location, str(profile), ours.get("storageAccountName"))
    )
