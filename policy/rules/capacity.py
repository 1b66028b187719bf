"""Whether what the app asks for can be given, and whether the model gets the time that it needs to load."""

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

from components.gpu import GPU_PROFILES, GpuKind
from policy.gpu_use import CONSUMPTION, gpu_of, placed_on
from policy.resource import CONTAINER_APP, ENVIRONMENT, WORKLOADS, Property, Resource, WrongKindError
from policy.rule import Kind, Option, Options, Rule, Scope, Severity, Subject, entries, within

PROBES: Final = ("Startup", "Readiness", "Liveness")
SERVICE_PERIOD_SECONDS: Final = 10
SERVICE_FAILURES: Final = 3
SERVICE_TIMEOUT_SECONDS: Final = 1
"""What the service assumes where a probe does not say."""
_GIB: Final = re.compile(r"(\d+(?:\.\d+)?)Gi")


def _placement(app: Resource, _: Options) -> Iterable[Subject]:
    """The profile's name, where the environment is in the stack to look it up."""
    name = app.at("workloadProfileName")
    if name.text not in ("", CONSUMPTION):
        placed_on(app)
        yield name


def _is_offered(name: Property, _: Options) -> bool:
    return placed_on(name.resource) is not None


def _demands(app: Resource, _: Options) -> Iterable[Subject]:
    """Of a dedicated node its containers get what the node's own runtime leaves."""
    if profile := gpu_of(app):
        listed = list(app.items("template.containers"))
        cpu = sum(Decimal(str(container.at("resources.cpu").number)) for container in listed)
        memory = sum(_gib(container.at("resources.memory")) for container in listed)
        there = profile.container_memory.removesuffix("Gi")
        yield app.computed(f"{cpu} vCPU of {profile.container_vcpu:g}", "template.containers[].resources.cpu")
        yield app.computed(f"{memory} GiB of {there}", "template.containers[].resources.memory")


def _fits(demand: Property, _: Options) -> bool:
    asked, _unit, _of, there = demand.value.split()
    return Decimal(asked) <= Decimal(there)


def _gib(memory: Property) -> Decimal:
    found = _GIB.fullmatch(memory.text or "0Gi")
    if not found:
        raise WrongKindError(memory, "an amount of memory, such as 56Gi")
    return Decimal(found[1])


def _containers_of_gpu_app(app: Resource, _: Options) -> Iterable[Subject]:
    if gpu_of(app):
        yield app.computed(sum(1 for _ in app.items("template.containers")), "template.containers")


def _counts(environment: Resource, _: Options) -> Iterable[Subject]:
    def of_gpus(entry: Property) -> Iterable[Property]:
        if entry.at("workloadProfileType").text in GPU_PROFILES:
            yield entry

    return within(entries(environment, "workloadProfiles"), of_gpus)


def _has_right_counts(entry: Property, _: Options) -> bool:
    least, most = entry.at("minimumCount"), entry.at("maximumCount")
    if GPU_PROFILES[entry.at("workloadProfileType").text].kind is GpuKind.SERVERLESS:
        return least.raw is None and most.raw is None
    return least.raw is not None and least.number <= most.number and most.number > 0


def _serving(app: Resource) -> Iterable[Property]:
    """The container that gets the GPU and the traffic: the first one of an app with ingress."""
    if app.at("configuration.ingress").value is not None and gpu_of(app):
        yield from list(app.items("template.containers"))[:1]


def _probe_types(app: Resource, _: Options) -> Iterable[Subject]:
    for container in _serving(app):
        yield app.computed(sorted(_probes(container)), f"{container.path}.probes")


def _probes(container: Property) -> dict[str, Property]:
    return {probe.at("type").text: probe for probe in container.items("probes")}


def _probe_paths(app: Resource, _: Options) -> Iterable[Subject]:
    def path(probe: Property) -> Iterable[Property]:
        if probe.at("httpGet").value is not None:
            yield probe.at("httpGet.path")

    return within(within(_serving(app), lambda container: container.items("probes")), path)


def _probes_of(kind: str) -> Callable[[Resource, Options], Iterable[Subject]]:
    def probes(app: Resource, _: Options) -> Iterable[Subject]:
        for container in _serving(app):
            if found := _probes(container).get(kind):
                yield found

    return probes


def _budget_seconds(probe: Property) -> float:
    period = probe.at("periodSeconds").number or SERVICE_PERIOD_SECONDS
    failures = probe.at("failureThreshold").number or SERVICE_FAILURES
    return probe.at("initialDelaySeconds").number + period * failures


def _gives_time_to_load(startup: Property, options: Options) -> bool:
    """A startup probe that asks whether the model is loaded must wait for it; one that asks for life need not."""
    readiness = _probes(next(iter(_serving(startup.resource)))).get("Readiness")
    waits_for_model = readiness is None or _question(startup) == _question(readiness)
    return _budget_seconds(startup) >= options["modelLoadSeconds" if waits_for_model else "processStartSeconds"]


def _question(probe: Property) -> tuple[str, float]:
    return probe.at("httpGet.path").text, probe.at("tcpSocket.port").number


def _is_patient(liveness: Property, options: Options) -> bool:
    timeout = liveness.at("timeoutSeconds").number or SERVICE_TIMEOUT_SECONDS
    return timeout >= options["timeoutSeconds"] and _budget_seconds(liveness) >= options["silenceSeconds"]


RULES: Final = (
    Rule(
        id="capacity-profile-offered",
        title="The environment offers the workload profile that the app is placed on",
        reason="The service refuses the app, after everything else has been created.",
        fix="Add the profile to the environment's workloadProfiles, or correct workloadProfileName.",
        wanted="the name of a profile in the environment's list",
        severity=Severity.HIGH,
        types=WORKLOADS,
        subjects=_placement,
        allowed=_is_offered,
        scope=Scope.STACK,
    ),
    Rule(
        id="capacity-fits-profile",
        title="The containers fit the GPU profile",
        reason="A replica that asks for more than the profile has is never started: the app waits for ever.",
        fix="Lower the containers' CPU or memory, or choose a larger profile.",
        wanted="no more than the containers of one replica can have",
        severity=Severity.HIGH,
        types=WORKLOADS,
        subjects=_demands,
        allowed=_fits,
        scope=Scope.STACK,
    ),
    Rule(
        id="capacity-one-gpu-container",
        title="An app on a GPU has one container",
        reason="Only the first container is given the GPU; another takes CPU and memory from the model.",
        fix="Move the other container into an app of its own, on the Consumption profile.",
        wanted="1 container",
        severity=Severity.MEDIUM,
        types=(CONTAINER_APP,),
        subjects=_containers_of_gpu_app,
        allowed=lambda count, _: count.value == 1,
        scope=Scope.STACK,
    ),
    Rule(
        id="capacity-profile-counts",
        title="Dedicated profiles say how many nodes, serverless ones do not",
        reason="The service refuses counts on a serverless profile (WorkloadProfilePropertyNotSupported) and a"
        " dedicated one without them.",
        fix="Remove minimumCount and maximumCount from serverless GPU profiles; set both on dedicated ones.",
        wanted="no counts (serverless), minimumCount at most maximumCount (dedicated)",
        severity=Severity.MEDIUM,
        types=(ENVIRONMENT,),
        subjects=_counts,
        allowed=_has_right_counts,
    ),
    Rule(
        id="capacity-probes",
        title="An app on a GPU has startup, readiness and liveness probes",
        reason="GPU apps get no probes by default: requests reach a replica that has not loaded its model, and one that"
        " hangs is never restarted.",
        fix="Add the three probes to the first container, each with a path of its own.",
        wanted="probes of the types Startup, Readiness and Liveness",
        severity=Severity.HIGH,
        types=(CONTAINER_APP,),
        subjects=_probe_types,
        allowed=lambda kinds, _: set(PROBES) <= set(kinds.value),
        scope=Scope.STACK,
    ),
    Rule(
        id="capacity-probe-path",
        title="Probes ask for health, not for the home page",
        reason="A page answers while the model is still loading, or is slow while the model works.",
        fix="Point each probe to a health route of the app, such as /health/ready.",
        wanted="a path other than /",
        severity=Severity.MEDIUM,
        types=(CONTAINER_APP,),
        subjects=_probe_paths,
        allowed=lambda path, _: path.text not in ("", "/"),
        scope=Scope.STACK,
    ),
    Rule(
        id="capacity-model-load",
        title="The startup probe gives the model time to load",
        reason="Reading gigabytes from a file share takes minutes; a replica that is killed meanwhile starts over.",
        fix="Raise failureThreshold or periodSeconds of the startup probe, or let it ask only whether the process lives"
        " and leave the model to the readiness probe.",
        wanted="at least {modelLoadSeconds} s in all; {processStartSeconds} s where only readiness waits for the model",
        severity=Severity.HIGH,
        types=(CONTAINER_APP,),
        subjects=_probes_of("Startup"),
        allowed=_gives_time_to_load,
        scope=Scope.STACK,
        options=(
            Option("modelLoadSeconds", Kind.INTEGER, 600, "seconds that loading a model may take"),
            Option("processStartSeconds", Kind.INTEGER, 30, "seconds until the process answers at all"),
        ),
    ),
    Rule(
        id="capacity-startup-period",
        title="A started app is noticed soon",
        reason="The replica is paid for but gets no requests until the next check.",
        fix="Lower periodSeconds of the startup probe and raise failureThreshold in its place.",
        wanted="checked at least every {maximum} s",
        severity=Severity.LOW,
        types=(CONTAINER_APP,),
        subjects=lambda app, options: within(
            _probes_of("Startup")(app, options), lambda startup: (startup.at("periodSeconds"),)
        ),
        allowed=lambda period, options: (period.number or SERVICE_PERIOD_SECONDS) <= options["maximum"],
        scope=Scope.STACK,
        options=(Option("maximum", Kind.INTEGER, 30, "seconds between two checks"),),
    ),
    Rule(
        id="capacity-liveness-patience",
        title="A busy replica is not taken for a dead one",
        reason="While the GPU works, an answer takes longer than a second; a kill loses every request in flight.",
        fix="Raise timeoutSeconds, and failureThreshold or periodSeconds, of the liveness probe.",
        wanted="a timeout of at least {timeoutSeconds} s, and {silenceSeconds} s of silence before a restart",
        severity=Severity.HIGH,
        types=(CONTAINER_APP,),
        subjects=_probes_of("Liveness"),
        allowed=_is_patient,
        scope=Scope.STACK,
        options=(
            Option("timeoutSeconds", Kind.INTEGER, 2, "seconds that one answer may take"),
            Option("silenceSeconds", Kind.INTEGER, 30, "seconds without an answer before a restart"),
        ),
    ),
)
