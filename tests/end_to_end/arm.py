"""What the sandbox's ARM holds, asked through Azure's own SDK with the environment that the sandbox prints."""

import json
import subprocess
import sys
from pathlib import Path

from tests.workspace import environment

_ASK = """
import json, os
from azure.identity import ManagedIdentityCredential
from azure.mgmt.resource.resources import ResourceManagementClient
from sandbox import control
from pathlib import Path
os.environ.update(control.environment(Path(".sandbox")))
host = "https://" + os.environ["ARM_METADATA_HOSTNAME"]
scopes = [host + "/.default"]
client = ResourceManagementClient(
    ManagedIdentityCredential(), os.environ["ARM_SUBSCRIPTION_ID"], base_url=host, credential_scopes=scopes)
groups = list(client.resource_groups.list())
ids = [group.id for group in groups]
ids += [item.id for group in groups for item in client.resources.list_by_resource_group(group.name)]
print(json.dumps(ids))
"""


def list_resources(workspace: Path) -> set[str]:
    """Ids of all resource groups and of the resources in them."""
    done = subprocess.run(
        [sys.executable, "-c", _ASK],
        cwd=workspace,
        env=environment(workspace),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return set(json.loads(done.stdout))
