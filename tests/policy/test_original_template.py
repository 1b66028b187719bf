"""The original template's resources trip the rules that its weaknesses deserve."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from cli.check_run import Result
from tests.policy.engine import make

pytestmark = pytest.mark.engine

PROGRAM = Path(__file__).parent / "program/original_template.py"
CAUGHT = {
    "W1: an A100 that always runs, with all of its node reserved": {"cost-idle-replicas", "capacity-fits-profile"},
    "W2: public without authentication": {"exposure-authentication"},
    "W3: packages installed at every start": {"supply-no-install"},
    "W6: commands joined by ;": {"supply-failing-command"},
    "W10: a liveness timeout that kills a busy replica": {"capacity-liveness-patience"},
    "W12: no TLS floor on the account": {"storage-tls", "storage-public-blob"},
    "W13: share mounted read-write into a public app": {"storage-read-only-mount"},
    "W14: probes of the home page, startup every two minutes": {"capacity-probe-path", "capacity-startup-period"},
    "W15: quota for a node that no replica can use": {"cost-unused-quota"},
    "W16: no look at regions and cost": {"placement-gpu-region", "placement-region", "cost-monthly"},
    "W19: no log retention": {"logs-retention"},
    "W23: an image of Docker Hub, by tag, without credentials": {
        "supply-registry",
        "supply-digest",
        "supply-pull-identity",
    },
}


@pytest.fixture(scope="module")
def results(sandbox: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> list[Result]:
    """What a preview of the program with the pack says, in its default configuration."""
    return make(tmp_path_factory.mktemp("original"), sandbox, PROGRAM.read_text()).check()


@pytest.mark.parametrize("weakness", CAUGHT)
def test_a_weakness_is_caught(weakness: str, results: list[Result]) -> None:
    assert CAUGHT[weakness] <= {result.rule.id for result in results if result.message.verdict.judged}


def test_nothing_is_found_that_is_not_one_of_them(results: list[Result]) -> None:
    """So that the rules do not cry wolf either; what a preview cannot judge is told apart."""
    judged = {result.rule.id for result in results if result.message.verdict.judged}
    assert judged == set().union(*CAUGHT.values())
