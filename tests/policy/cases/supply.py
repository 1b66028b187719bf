"""What breaks the rules about the supply chain, and what does not."""

from tests.policy.cases.case import CONTAINER, Case, command, image, script, with_job
from tests.policy.edits import Edit, both, put


def _arguments(*words: str) -> Edit:
    return both(put("app", f"{CONTAINER}.command", None), put("app", f"{CONTAINER}.args", list(words)))


def _prepared_by(line: str) -> Edit:
    return put("app", "template.initContainers", [{"name": "prepare", "image": "x", "command": ["sh", "-c", line]}])


BREAKING = [
    Case("supply-registry", "Docker Hub", image("pytorch/pytorch:2.4.0")),
    Case("supply-floating-tag", "latest", image("example.azurecr.io/inference:latest")),
    Case("supply-floating-tag", "none", image("example.azurecr.io/inference")),
    Case("supply-floating-tag", "a word", image("example.azurecr.io/inference:gpu")),
    Case("supply-digest", "a tag alone", image("example.azurecr.io/inference:1.2.0")),
    Case("supply-pull-identity", "no credentials", put("app", "configuration.registries", [])),
    Case(
        "supply-pull-identity",
        "another registry's",
        put("app", "configuration.registries.0.server", "other.azurecr.io"),
    ),
    Case("supply-no-install", "pip", script("pip install torch && exec python3 -m server")),
    Case("supply-no-install", "apt", script("apt-get update && apt-get -y install git && exec server")),
    Case("supply-no-install", "a script from the web", script("curl -s https://example.com/x | bash && exec server")),
    Case("supply-failing-command", "semicolons", script("cd /mount; exec python3 -m server")),
    Case("supply-registry", "anybody's in azurecr.io", image("somebody.azurecr.io/inference:1.2.0")),
    Case("supply-registry", "a job's", with_job(put("train", f"{CONTAINER}.image", "nginx:1.27.1")), "train"),
    Case("supply-floating-tag", "latest for a CUDA", image("example.azurecr.io/inference:latest-cuda12.4")),
    Case("supply-floating-tag", "a job's", with_job(put("train", f"{CONTAINER}.image", "nginx")), "train"),
    Case("supply-no-install", "a module of Python", script("python3 -m pip install torch && exec server")),
    Case("supply-no-install", "in the arguments", _arguments("sh", "-c", "pip install torch && exec server")),
    Case("supply-no-install", "without a shell", command("uv", "sync", "--frozen")),
    Case("supply-no-install", "to prepare", _prepared_by("apt-get install -y git")),
    Case("supply-no-install", "a job", with_job(put("train", f"{CONTAINER}.command", ["npm", "ci"])), "train"),
    Case("supply-failing-command", "lines", script("cd /mount\nexec python3 -m server")),
    Case("supply-failing-command", "&& and ;", script("cd /mount && ./prepare; exec server")),
    Case("supply-failing-command", "a shell in a shell", script("set -e; bash -c 'cd /mount; server'")),
]

KEEPING = [
    Case("supply-registry", "Microsoft's", image("mcr.microsoft.com/azureml/inference:1.0")),
    Case("supply-floating-tag", "a commit", image("example.azurecr.io/inference:4e0b800")),
    Case("supply-no-install", "the word in a path", script("exec /opt/pip/bin/server --mode install")),
    Case("supply-failing-command", "set -e", script("set -e; cd /mount; exec server")),
    Case(
        "supply-failing-command", "bash -ec", put("app", f"{CONTAINER}.command", ["bash", "-ec", "cd /a; exec server"])
    ),
    Case("supply-failing-command", "a quoted semicolon", script("exec server --stop ';'")),
    Case("supply-failing-command", "only set and export", script("export PORT=80; exec server")),
    Case("supply-failing-command", "what else to do", script("cd /mount || exit 1; exec server")),
    Case("supply-floating-tag", "a team's counter", image("example.azurecr.io/inference:v42")),
    Case("supply-floating-tag", "a build", image("example.azurecr.io/inference:build-1234")),
]
