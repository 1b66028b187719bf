"""Whether what the app asks for can be given, and whether the model gets the time that it needs to load."""

import re
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Final

from components.gpu import GPU_PROFILES, GpuKind
from policy.gpu_use import CONSUMPTION, OUTSIDE, environments_of, offered, placement
from policy.property import Property, UnreadableError, WrongKindError, select
from policy.resource import CONTAINER_APP, ENVIRONMENT, WORKLOADS, Resource
from policy.rule import Kind, Option, Options, Rule, Scope, Severity

PROBES: Final = ("Startup", "Readiness", "Liveness")
SERVICE_PERIOD_SECONDS: Final = 10
SERVICE_FAILURES: Final = 3
SERVICE_TIMEOUT_SECONDS: Final = 1
"""What the service assumes where a probe does not say."""
_GIB: Final = re.compile(r"(\d+(?:\.\d+)?)Gi")


def _named_profile(app: Resource, _: Options) -> Iterable[Property]:
    name = app.at("workloadProfileName")
    if name.text not in ("", CONSUMPTION):
        yield name if environments_of(app) else name.doubted(OUTSIDE)


def _is_offered(name: Property, _: Options) -> bool:
    return any(
        profile.name == name.text for environment in environments_of(name.resource) for profile in offered(environment)
    )


def _demands(app: Resource, _: Options) -> Iterable[Property]:
    """What the containers ask for together; where the profile is in doubt, the smallest has to do."""
    place = placement(app)
    if not place.gpus:
        return
    limits = (
        ("cpu", "vCPU", min(Decimal(str(gpu.container_vcpu)) for gpu in place.gpus), _amount),
        ("memory", "GiB", min(Decimal(gpu.container_memory.removesuffix("Gi")) for gpu in place.gpus), _gib),
    )
    for name, unit, limit, read in limits:
        path = f"template.containers[].resources.{name}"
        try:
            asked = sum(read(one.at(f"resources.{name}")) for one in app.items("template.containers"))
        except UnreadableError as error:
            yield app.computed(None, path).troubled(error)
        else:
            yield app.computed(f"{_short(asked)} {unit} of {_short(limit)}", path).doubted(place.doubt)


def _fits(demand: Property, _: Options) -> bool:
    asked, _unit, _of, there = demand.value.split()
    return Decimal(asked) <= Decimal(there)


def _short(number: Decimal | int) -> str:
    return f"{number.normalize():f}" if isinstance(number, Decimal) else str(number)


def _amount(cpu: Property) -> Decimal:
    return Decimal(str(cpu.number))


def _gib(memory: Property) -> Decimal:
    found = _GIB.fullmatch(memory.text or "0Gi")
    if not found:
        raise WrongKindError(memory, "an amount of memory, such as 56Gi")
    return Decimal(found[1])


def _containers_of_gpu_app(app: Resource, _: Options) -> Iterable[Property]:
    place = placement(app)
    if place.gpus:
        yield app.computed(sum(1 for _ in app.items("template.containers")), "template.containers").doubted(place.doubt)


def _is_gpu_profile(entry: Property) -> bool:
    return entry.at("workloadProfileType").text in GPU_PROFILES


def _counts(environment: Resource, _: Options) -> Iterable[Property]:
    return select(environment.each("workloadProfiles"), _is_gpu_profile)


def _has_right_counts(entry: Property, _: Options) -> bool:
    least, most = entry.at("minimumCount"), entry.at("maximumCount")
    if GPU_PROFILES[entry.at("workloadProfileType").text].kind is GpuKind.SERVERLESS:
        return least.raw is None and most.raw is None
    return least.raw is not None and least.number <= most.number and most.number > 0


def _serving(app: Resource) -> Iterator[Property]:
    """The container that gets the GPU and the traffic: the first one of an app with ingress."""
    place = placement(app)
    if place.gpus and app.at("configuration.ingress").value is not None:
        for container in list(app.items("template.containers"))[:1]:
            yield container.doubted(place.doubt)


def _probe_types(app: Resource, _: Options) -> Iterable[Property]:
    for container in _serving(app):
        probes = container.at("probes")
        try:
            types = sorted({probe.at("type").text for probe in probes.items()})
        except UnreadableError as error:
            yield probes.troubled(error)
        else:
            yield app.computed(types, probes.path).doubted(probes.doubt)


def _probe_paths(app: Resource, _: Options) -> Iterable[Property]:
    for container in _serving(app):
        for probe in select(container.each("probes"), lambda probe: probe.at("httpGet").value is not None):
            yield probe.at("httpGet.path")


def _probes_of(kind: str) -> Callable[[Resource, Options], Iterable[Property]]:
    def probes(app: Resource, _: Options) -> Iterable[Property]:
        for container in _serving(app):
            yield from select(container.each("probes"), lambda probe: probe.at("type").text == kind)

    return probes


def _budget_seconds(probe: Property) -> float:
    period = probe.at("periodSeconds").number or SERVICE_PERIOD_SECONDS
    failures = probe.at("failureThreshold").number or SERVICE_FAILURES
    return probe.at("initialDelaySeconds").number + period * failures


def _gives_time_to_load(startup: Property, options: Options) -> bool:
    """A startup probe that asks whether the model is loaded must wait for it; one that asks for life need not."""
    container = next(_serving(startup.resource))
    readiness = [probe for probe in container.items("probes") if probe.at("type").text == "Readiness"]
    waits_for_model = not readiness or _question(startup) == _question(readiness[-1])
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
        subjects=_named_profile,
        allowed=_is_offered,
        scope=Scope.STACK,
    ),
    Rule(
        id="capacity-fits-profile",
        title="The containers fit the GPU profile",
        reason="A replica that asks for more than the profile has is never started: the app waits for ever.",
        fix="Lower the containers' CPU or memory, or choose a larger profile.",
        wanted="no more than a container can have of the profile: all of a serverless replica; of a dedicated node"
        " what the node does not need itself (estimated at 1 vCPU and a tenth of the memory)",
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
        types=WORKLOADS,
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
        allowed=lambda types, _: set(PROBES) <= set(types.value),
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
        subjects=lambda app, options: (startup.at("periodSeconds") for startup in _probes_of("Startup")(app, options)),
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
