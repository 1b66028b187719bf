"""Our language host under the real engine: what a program's author sees, and that nothing outlives the engine."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.toolchain.conftest import PROJECT

CLI = PROJECT / ".toolchain/bin/pulumi"
TIMEOUT_SECONDS = 60

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(
        not CLI.with_name("pulumi-language-python").exists(), reason="an official CLI brings the official host"
    ),
]

DYNAMIC = """
import pulumi, time
from pulumi import dynamic

class Provider(dynamic.ResourceProvider):
    def create(self, props):
        return dynamic.CreateResult("an-id", {**props, "seen": "by the provider"})

class Thing(dynamic.Resource):
    seen: pulumi.Output[str]
    def __init__(self, name):
        super().__init__(Provider(), name, {"seen": None})

pulumi.export("seen", Thing("thing").seen)
"""

POLICY_PACK = """
import sys
from concurrent import futures
import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc, plugin_pb2

class Pack(analyzer_pb2_grpc.AnalyzerServicer):
    def Handshake(self, request, context):
        return analyzer_pb2.AnalyzerHandshakeResponse()
    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="1.0.0")
    def GetAnalyzerInfo(self, request, context):
        policy = analyzer_pb2.PolicyInfo(name="no-stacks", enforcementLevel=analyzer_pb2.MANDATORY)
        return analyzer_pb2.AnalyzerInfo(name="pack", version="1.0.0", policies=[policy])
    def Configure(self, request, context):
        return empty_pb2.Empty()
    def ConfigureStack(self, request, context):
        return analyzer_pb2.AnalyzerStackConfigureResponse()
    def Analyze(self, request, context):
        return analyzer_pb2.AnalyzeResponse()
    def Remediate(self, request, context):
        return analyzer_pb2.RemediateResponse()
    def Cancel(self, request, context):
        return empty_pb2.Empty()
    def AnalyzeStack(self, request, context):
        return analyzer_pb2.AnalyzeResponse(diagnostics=[analyzer_pb2.AnalyzeDiagnostic(
            policyName="no-stacks", policyPackName="pack", policyPackVersion="1.0.0",
            message="stacks are not allowed", enforcementLevel=analyzer_pb2.MANDATORY)])

server = grpc.server(futures.ThreadPoolExecutor(4))
analyzer_pb2_grpc.add_AnalyzerServicer_to_server(Pack(), server)
print(server.add_insecure_port("127.0.0.1:0"), flush=True)
server.start()
print("said on the way", file=sys.stderr, flush=True)
server.wait_for_termination()
"""
"""What the policy SDK serves, without the SDK: the least that the engine asks of a pack."""


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    """A project with a stack on a backend in the same folder; its program is empty so far."""
    (tmp_path / "Pulumi.yaml").write_text(
        f"name: example\nruntime:\n  name: python\n  options:\n    virtualenv: {PROJECT / '.venv'}\n"
    )
    (tmp_path / "__main__.py").write_text("")
    pulumi(tmp_path, "stack", "init", "dev")
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PULUMI_")}
    return kept | {
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_BACKEND_URL": f"file://{folder}",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }


def pulumi(folder: Path, *words: str, code: int = 0) -> str:
    """Runs the CLI, without its folder on PATH, and returns all that it printed."""
    done = subprocess.run(
        [CLI, *words, "--non-interactive"],
        cwd=folder,
        env=environment(folder),
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=TIMEOUT_SECONDS,
    )
    assert done.returncode == code, done.stdout
    return done.stdout


def test_up_preview_and_destroy(stack: Path) -> None:
    """Configuration, secrets and arguments reach the program; no warning about whose host it is."""
    (stack / "__main__.py").write_text(
        "import pulumi\n"
        "config = pulumi.Config()\n"
        "print('from the program')\n"
        "pulumi.export('greeting', config.require('greeting'))\n"
        "pulumi.export('hidden', config.require_secret('hidden'))\n"
        "pulumi.export('where', [pulumi.get_project(), pulumi.get_stack(), pulumi.runtime.is_dry_run()])\n"
    )
    pulumi(stack, "config", "set", "greeting", "hello")
    pulumi(stack, "config", "set", "--secret", "hidden", "s3cret")
    assert "from the program" in pulumi(stack, "preview")
    printed = pulumi(stack, "up", "--yes", "--skip-preview")
    assert "warning" not in printed
    assert "s3cret" not in printed
    assert pulumi(stack, "stack", "output", "greeting") == "hello\n"
    assert pulumi(stack, "stack", "output", "hidden", "--show-secrets") == "s3cret\n"
    assert pulumi(stack, "stack", "output", "where") == '["example","dev",false]\n'
    pulumi(stack, "destroy", "--yes", "--skip-preview")


def test_a_failing_program_shows_its_own_lines_once(stack: Path) -> None:
    (stack / "__main__.py").write_text("def fails():\n    raise ValueError('the reason')\nfails()\n")
    told = pulumi(stack, "preview", code=1).split("Diagnostics:")[1]
    assert told.count("ValueError: the reason") == 1
    assert re.findall(r'File "(.*?)", line (\d+)', told) == [
        (f"{stack}/__main__.py", "3"),
        (f"{stack}/__main__.py", "2"),
    ]
    assert "exit code" not in told


@pytest.mark.parametrize(
    ("program", "told"),
    [
        ("import sys; sys.exit(7)", "the program ended with exit code 7"),
        ("import os; os.kill(os.getpid(), 9)", "the program was ended by signal 9"),
    ],
)
def test_a_program_that_says_nothing_is_spoken_for(stack: Path, program: str, told: str) -> None:
    (stack / "__main__.py").write_text(program)
    assert told in pulumi(stack, "preview", code=1)


def test_a_missing_virtual_environment_is_told_with_its_path(stack: Path) -> None:
    file = stack / "Pulumi.yaml"
    file.write_text(file.read_text().replace(str(PROJECT / ".venv"), "nowhere"))
    printed = pulumi(stack, "preview", code=1)
    assert f"the virtual environment {stack}/nowhere" in printed
    assert "Traceback" not in printed


def test_a_dynamic_provider_creates(stack: Path) -> None:
    (stack / "__main__.py").write_text(DYNAMIC)
    pulumi(stack, "up", "--yes", "--skip-preview")
    assert pulumi(stack, "stack", "output", "seen") == "by the provider\n"


def test_a_policy_pack_is_heard(stack: Path) -> None:
    pack = stack / "policy"
    pack.mkdir()
    (pack / "PulumiPolicy.yaml").write_text((stack / "Pulumi.yaml").read_text())
    (pack / "__main__.py").write_text(POLICY_PACK)
    told = pulumi(stack, "preview", "--policy-pack", str(pack), code=1)
    assert "stacks are not allowed" in told
    assert "said on the way" in told


def test_about_names_the_interpreter(stack: Path) -> None:
    assert str(PROJECT / ".venv/bin/python") in pulumi(stack, "about")


def test_nothing_outlives_the_engine(stack: Path, running: Callable[[], subprocess.Popen[str]]) -> None:
    """Killed while the program, a process that it started and a dynamic provider are running."""
    (stack / "__main__.py").write_text(
        DYNAMIC + "import subprocess\n"
        "def wait(seen):\n"
        f"    open({str(stack / 'waiting')!r}, 'w').close()\n"
        "    subprocess.run(['sleep', '600'])\n"
        "pulumi.Output.all(Thing('other').seen).apply(wait)\n"
    )
    engine = running()
    eventually((stack / "waiting").exists)
    family = psutil.Process(engine.pid).children(recursive=True)
    commands = [" ".join(process.cmdline()) for process in family]
    for expected in ("language_host", "pulumi-language-python-exec", "pulumi.dynamic", "sleep 600"):
        assert any(expected in command for command in commands), commands
    engine.kill()
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive


def test_an_interrupt_ends_everything_quietly(stack: Path, running: Callable[[], subprocess.Popen[str]]) -> None:
    """As Ctrl-C does: the engine is told, not its plugins; it ends them."""
    (stack / "__main__.py").write_text(f"import time\nopen({str(stack / 'waiting')!r}, 'w').close()\ntime.sleep(600)\n")
    engine = running()
    eventually((stack / "waiting").exists)
    family = psutil.Process(engine.pid).children(recursive=True)
    engine.send_signal(signal.SIGINT)
    printed, _ = engine.communicate(timeout=30)
    assert "Traceback" not in printed
    _, alive = psutil.wait_procs(family, timeout=10)
    assert not alive


@pytest.fixture
def running(stack: Path) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts `pulumi up`, which is killed at the end of the test if it still runs."""
    started: list[subprocess.Popen[str]] = []

    def start() -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [CLI, "up", "--yes", "--skip-preview", "--non-interactive"],
            cwd=stack,
            env=environment(stack),
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def eventually(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)
