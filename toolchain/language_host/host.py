"""The language host's calls, as far as the engine makes them."""

import json
import platform
import queue
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import IO, Final

import grpc
from google.protobuf import empty_pb2

from toolchain.language_host.interpreter import Interpreter, VirtualEnvironmentError, interpreter_of
from toolchain.language_host.stubs import language_pb2, language_pb2_grpc, plugin_pb2

BAIL_EXIT_CODE: Final = 32
"""Exit code of a program that has already told the user, through the engine, what went wrong."""


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Runs programs with `executor`, the SDK's own script that connects a program to the engine at `engine`."""

    def __init__(self, executor: Path, engine: str) -> None:
        self._executor = executor
        self._engine = engine

    def Handshake(
        self, request: language_pb2.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        """Learns the engine's address, from an engine that does not give it on the command line."""
        self._engine = request.engine_address or self._engine
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """Names the SDK's version as the host's: the two are released together."""
        return plugin_pb2.PluginInfo(version=metadata.version("pulumi"))

    def About(self, request: language_pb2.AboutRequest, context: grpc.ServicerContext) -> language_pb2.AboutResponse:
        """Names the interpreter that programs run with by default."""
        return language_pb2.AboutResponse(executable=sys.executable, version=platform.python_version())

    def GetRequiredPackages(
        self, request: language_pb2.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        """Leaves providers to the moment when the program registers its first resource with them."""
        return language_pb2.GetRequiredPackagesResponse()

    def GetProgramDependencies(
        self, request: language_pb2.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetProgramDependenciesResponse:
        """Lists the distributions installed beside the host."""
        found = {item.name: item.version for item in metadata.distributions()}
        listed = [language_pb2.DependencyInfo(name=name, version=found[name]) for name in sorted(found)]
        return language_pb2.GetProgramDependenciesResponse(dependencies=listed)

    def InstallDependencies(
        self, request: language_pb2.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        """Says who installs them; set-up has pinned and hashed requirements, which the engine knows nothing about."""
        yield language_pb2.InstallDependenciesResponse(stdout=b"Python packages are installed by `make setup`.\n")

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        """Changes nothing yet: the engine follows with an interrupt, which ends the host."""
        return empty_pb2.Empty()

    def Run(self, request: language_pb2.RunRequest, context: grpc.ServicerContext) -> language_pb2.RunResponse:
        """Runs a program to its end. What it prints goes to our own output, where the engine reads it."""
        try:
            chosen = interpreter_of(request.info)
        except VirtualEnvironmentError as problem:
            return language_pb2.RunResponse(error=str(problem))
        command = [str(chosen.python), "-u", str(self._executor)]
        command += ["--monitor", request.monitor_address, "--engine", self._engine]
        command += ["--project", request.project, "--root_directory", request.info.root_directory]
        command += ["--stack", request.stack, "--organization", request.organization]
        command += ["--pwd", request.pwd, "--parallel", str(request.parallel)]
        command += ["--dry_run", "true" if request.dryRun else "false"]
        command += [request.info.entry_point or ".", *request.args]
        configuration = {
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }
        child = subprocess.Popen(
            command, cwd=request.pwd or None, env=chosen.environment | configuration, stdin=subprocess.DEVNULL
        )
        _end_with_call(child, context)
        code = child.wait()
        if code == BAIL_EXIT_CODE:
            return language_pb2.RunResponse(bail=True)
        return language_pb2.RunResponse(error=_failure(code))

    def RunPlugin(
        self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.RunPluginResponse]:
        """Runs a plugin written in Python, a policy pack for one; streams its output, then its exit code."""
        try:
            chosen = interpreter_of(request.info)
        except VirtualEnvironmentError as problem:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(problem))
            return
        child = subprocess.Popen(
            _plugin_command(request, chosen),
            cwd=request.pwd or None,
            env=chosen.environment | dict(item.split("=", 1) for item in request.env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        _end_with_call(child, context)
        yield from _output(child)
        yield language_pb2.RunPluginResponse(exitcode=child.wait())


def _plugin_command(request: language_pb2.RunPluginRequest, chosen: Interpreter) -> list[str]:
    folder = request.info.program_directory
    if request.kind == "analyzer":
        return [str(chosen.python), "-u", "-m", "pulumi.policy", *request.args, folder]
    return [str(chosen.python), "-u", folder, *request.args]


def _end_with_call(child: subprocess.Popen[bytes], context: grpc.ServicerContext) -> None:
    """Ends the child when the engine gives up on the call that it was started for."""

    def end() -> None:
        if child.poll() is None:
            child.terminate()

    if not context.add_callback(end):
        end()


def _failure(code: int) -> str:
    if code == 0:
        return ""
    if code < 0:
        return f"the program was ended by signal {-code}"
    return f"the program ended with exit code {code}"


def _output(child: subprocess.Popen[bytes]) -> Iterator[language_pb2.RunPluginResponse]:
    """Both outputs of the child in the order in which they come, until both are closed."""
    arrived: queue.SimpleQueue[language_pb2.RunPluginResponse | None] = queue.SimpleQueue()

    def pump(stream: IO[bytes], message: Callable[[bytes], language_pb2.RunPluginResponse]) -> None:
        while line := stream.readline():
            arrived.put(message(line))
        arrived.put(None)

    assert child.stdout is not None and child.stderr is not None  # they are pipes
    streams = (
        (child.stdout, lambda line: language_pb2.RunPluginResponse(stdout=line)),
        (child.stderr, lambda line: language_pb2.RunPluginResponse(stderr=line)),
    )
    for stream_and_message in streams:
        threading.Thread(target=pump, args=stream_and_message, daemon=True).start()
    for _ in streams:
        while (response := arrived.get()) is not None:
            yield response
