"""What Azure says about an app that does not work, in plain words, with what to do about it."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Problem:
    """What is wrong, what to do, and the words that Azure used for it."""

    what: str
    fix: str
    source: str


# Messages as the service words them; sources: issues of microsoft/azure-container-apps by number.
_KNOWN: Final = (
    (  # 873
        r"mount error\(13\)|mount.*permission denied|volume.*cannot be mounted",
        "the file share cannot be mounted: Azure Files refused the key or the network",
        "run `aca-inference provision` (it renews the environment's link after a key rotation); if the storage account"
        " has network rules, allow the environment's subnet",
    ),
    (
        r"mount error\(2\)|sub ?path.*(not exist|not found)|ShareNotFound|has no folder|no such.*share",
        "what the app mounts is not on the file share",
        "run `aca-inference deploy`; if the whole share is gone, `aca-inference provision`",
    ),
    (
        r"ManagedEnvironment Storage .* was not found",
        "the environment has no link to the file share any more",
        "run `aca-inference provision`",
    ),
    (  # 1529, 1272
        r"quota|Maximum ?Allowed ?Cores|NoAvailableCapacity|MaximumCoresConstraint|insufficient .*(capacity|cores|gpu)",
        "Azure has no GPU capacity for this app: quota used up, or none left in the region",
        "ask for quota (Azure portal, Quotas, Container Apps), use another region or another gpuProfile;"
        " `aca-inference doctor` shows what is used",
    ),
    (
        r"MANIFEST_UNKNOWN|ImagePull|pull.*image|image.*(pull|invalid)|ErrImage|UNAUTHORIZED.*regist|failed to pull",
        "the container image cannot be pulled",
        "check `image` in the stack's settings, and `registry` if it is private; then `aca-inference provision`",
    ),
    (
        r"TargetPort \d+ does not match",
        "the server listens on another port than the app expects",
        "let it listen on INFERENCE_PORT",
    ),
    (
        r"liveness.*(fail|timed? ?out)|(fail|timed? ?out).*liveness",
        "the server stopped answering and was restarted",
        "look at its last lines: `aca-inference logs`",
    ),
    (
        r"startup.*(fail|timed? ?out)|(fail|timed? ?out).*startup",
        "the server did not start to listen in time",
        "look at its last lines: `aca-inference logs`; if its commands install packages, put them into the image",
    ),
    (
        r"readiness.*(fail|timed? ?out)|(fail|timed? ?out).*readiness",
        "the server runs but is not ready: most often the base model is missing on the share or still loading",
        "look at `aca-inference logs`; `aca-inference upload FOLDER` puts a model there",
    ),
    (
        r"OOMKilled|out of memory|exit code 137|signal 9",
        "the server was killed, most likely for want of memory",
        "serve a smaller model, or choose a gpuProfile with more memory",
    ),
    (
        r"CrashLoopBackOff|Back-?off restarting|exit(ed)? (with )?(code|status) [1-9]|container.*terminated",
        "the server ends by itself soon after its start",
        "look at its last lines: `aca-inference logs`; the release before is one `aca-inference rollback` away",
    ),
    (
        r"Progress Deadline Exceeded",
        "the revision did not become ready in time",
        "look at `aca-inference logs --system` and `aca-inference logs`",
    ),
    (
        r"Ingress port \d+ .* not to be had",
        "the port of the endpoint is taken by another process on this machine",
        "end that process; the sandbox tries again by itself",
    ),
)


def diagnose(messages: Iterable[str]) -> list[Problem]:
    """One problem for each cause that the messages speak of, in their order; what is not known is told as it is."""
    found: dict[str, Problem] = {}
    for message in messages:
        for pattern, what, fix in _KNOWN:
            if re.search(pattern, message, re.IGNORECASE):
                found.setdefault(what, Problem(what, fix, message))
                break
        else:
            found.setdefault(message, Problem(message, "look at `aca-inference logs --system`", message))
    return list(found.values())
