"""What the stack may cost: GPUs that run, GPUs that wait, and GPUs that nobody asked for."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from policy.gpu_use import GpuUse, dedicated_profiles, gpu_use, needed_nodes, placement, replicas
from policy.property import Property, UnreadableError
from policy.resource import CONTAINER_APP, ENVIRONMENT, JOB, STACK, WORKLOADS, Resource
from policy.rule import Kind, Level, Option, Options, Rule, Scope, Severity

HOURS_PER_MONTH: Final = 730
PRICES_AS_OF: Final = "2025"
LIST_PRICES: Final = {
    "Consumption-GPU-NC8as-T4": 0.752,
    "Consumption-GPU-NC24-A100": 3.673,
    "NC24-A100": 3.673,
    "NC48-A100": 7.346,
    "NC96-A100": 14.692,
}
PRICES_SOURCE: Final = (
    "US dollars, for planning: the pay-as-you-go list price of the virtual machine of the same size in East US"
    f" (Standard_NC8as_T4_v3, Standard_NC24ads_A100_v4 and its multiples) in {PRICES_AS_OF}, from"
    " https://azure.microsoft.com/pricing/details/virtual-machines/linux/."
    " Container Apps has a price list of its own, which `aca-inference cost` reads"
)


def _gpu_count(app: Resource, _: Options) -> Iterable[Property]:
    """GPUs that the app's replicas take; no more than there may be nodes."""
    place = placement(app)
    if place.gpus:
        most = replicas(app)[1]
        most = most if place.nodes is None else min(most, place.nodes)
        yield app.computed(most * place.most_gpus, _REPLICAS[app.type]).doubted(place.doubt)


_REPLICAS: Final = {CONTAINER_APP: "template.scale.maxReplicas", JOB: "configuration"}


def _total(stack: Resource, weigh: Callable[[GpuUse], float]) -> Iterator[Property]:
    """The sum over what is certain; with what is in doubt, if there is any; and what cannot be read."""
    uses, troubles = gpu_use(stack.siblings)
    yield stack.computed(round(sum(weigh(use) for use in uses if not use.doubt), 2))
    if doubt := next((use.doubt for use in uses if use.doubt), ""):
        yield stack.computed(round(sum(map(weigh, uses)), 2)).doubted(f"of an app or a job, {doubt}")
    yield from (stack.computed(None).troubled(trouble) for trouble in troubles)


def _stack_gpus(stack: Resource, _: Options) -> Iterable[Property]:
    return _total(stack, lambda use: use.possible * max(profile.gpus for profile in use.profiles))


def _of_gpu_app(path: str) -> Callable[[Resource, Options], Iterable[Property]]:
    def subjects(app: Resource, _: Options) -> Iterable[Property]:
        place = placement(app)
        if place.gpus:
            yield app.at(path).doubted(place.doubt)

    return subjects


def _idle_nodes(environment: Resource, _: Options) -> Iterable[Property]:
    return (profile.entry.at("minimumCount") for profile in dedicated_profiles(environment))


def _unused_nodes(environment: Resource, _: Options) -> Iterable[Property]:
    """Nodes beyond what the apps of the stack can fill; none where no app of the stack is placed on them."""
    for profile in dedicated_profiles(environment):
        most = profile.entry.at("maximumCount")
        try:
            usable = needed_nodes(environment, profile)[1]
            if usable:
                yield environment.computed(int(most.number) - usable, most.path)
        except UnreadableError as error:
            yield most.troubled(error)


def _monthly(stack: Resource, options: Options) -> Iterable[Property]:
    prices = {**LIST_PRICES, **options["pricesPerHour"]}

    def cost(use: GpuUse) -> float:
        hours = use.always * HOURS_PER_MONTH + (use.possible - use.always) * options["busyHours"]
        return hours * max(prices[profile.type] for profile in use.profiles)

    return _total(stack, cost)


RULES: Final = (
    Rule(
        id="cost-gpus-per-app",
        title="One app cannot scale to more GPUs than it may",
        reason="A burst of requests, or a client gone wild, scales to the maximum within minutes.",
        fix="Lower template.scale.maxReplicas, or raise `maximum` for this stack.",
        wanted="at most {maximum} GPUs",
        severity=Severity.HIGH,
        types=WORKLOADS,
        subjects=_gpu_count,
        allowed=lambda count, options: count.value <= options["maximum"],
        scope=Scope.STACK,
        options=(Option("maximum", Kind.INTEGER, 4, "GPUs that one app may use at the same time"),),
    ),
    Rule(
        id="cost-gpus-per-stack",
        title="The stack cannot use more GPUs than it may",
        reason="Each app alone may look modest; the bill is their sum, and so is the quota that they need.",
        fix="Lower maxReplicas of the apps or maximumCount of the profiles, or raise `maximum` for this stack.",
        wanted="at most {maximum} GPUs",
        severity=Severity.HIGH,
        types=(STACK,),
        subjects=_stack_gpus,
        allowed=lambda count, options: count.value <= options["maximum"],
        scope=Scope.STACK,
        options=(Option("maximum", Kind.INTEGER, 8, "GPUs that the whole stack may use at the same time"),),
    ),
    Rule(
        id="cost-idle-replicas",
        title="An idle app on a GPU scales to zero",
        reason="A replica that waits for requests costs as much as one that answers them, all day and night.",
        fix="Set template.scale.minReplicas to 0; where the first request must not wait, raise `maximum`.",
        wanted="at most {maximum}",
        severity=Severity.HIGH,
        types=(CONTAINER_APP,),
        subjects=_of_gpu_app("template.scale.minReplicas"),
        allowed=lambda least, options: least.number <= options["maximum"],
        scope=Scope.STACK,
        options=(Option("maximum", Kind.INTEGER, 0, "replicas that may run without a request"),),
    ),
    Rule(
        id="cost-cooldown",
        title="A GPU is given back soon after the last request",
        reason="The replica is paid for during the whole time that the app waits for another request.",
        fix="Lower template.scale.cooldownPeriod, or raise `maximum` for this stack.",
        wanted="at most {maximum} s",
        severity=Severity.LOW,
        types=(CONTAINER_APP,),
        subjects=_of_gpu_app("template.scale.cooldownPeriod"),
        allowed=lambda seconds, options: seconds.number <= options["maximum"],
        scope=Scope.STACK,
        level=Level.ADVISORY,
        options=(Option("maximum", Kind.INTEGER, 1800, "seconds from the last request to scale-in"),),
    ),
    Rule(
        id="cost-idle-nodes",
        title="Dedicated GPU nodes are not kept without work",
        reason="A node of the minimum is paid for even when no app is placed on it.",
        fix="Set minimumCount to 0, or use a serverless GPU profile; where nodes must be kept, raise `maximum`.",
        wanted="at most {maximum}",
        severity=Severity.HIGH,
        types=(ENVIRONMENT,),
        subjects=_idle_nodes,
        allowed=lambda least, options: least.number <= options["maximum"],
        scope=Scope.STACK,
        options=(Option("maximum", Kind.INTEGER, 0, "nodes of one profile that may run without work"),),
    ),
    Rule(
        id="cost-unused-quota",
        title="A profile asks for no more nodes than the apps can fill",
        reason="The subscription needs quota for maximumCount nodes, even those that no replica can ever use.",
        fix="Set maximumCount to the sum of maxReplicas of the apps on the profile.",
        wanted="at most {maximum} nodes more than the apps can fill",
        severity=Severity.MEDIUM,
        types=(ENVIRONMENT,),
        subjects=_unused_nodes,
        allowed=lambda spare, options: spare.value <= options["maximum"],
        scope=Scope.STACK,
        options=(Option("maximum", Kind.INTEGER, 0, "nodes that may be beyond use"),),
    ),
    Rule(
        id="cost-monthly",
        title="The estimated cost of a month stays below the ceiling",
        reason="A GPU endpoint that looks small in code can cost more than the rest of the subscription.",
        fix="Scale to zero, lower the maxima or choose a smaller GPU; or raise `maximum` for this stack."
        " `pricesPerHour` and `busyHours` make the estimate yours.",
        wanted=f"at most {{maximum}} a month: what always runs for {HOURS_PER_MONTH} h, the rest for {{busyHours}} h",
        severity=Severity.HIGH,
        types=(STACK,),
        subjects=_monthly,
        allowed=lambda cost, options: cost.value <= options["maximum"],
        scope=Scope.STACK,
        options=(
            Option("maximum", Kind.NUMBER, 3000, "ceiling of the estimate, in the currency of the prices"),
            Option("busyHours", Kind.NUMBER, 200, "hours a month that GPUs run which can scale to zero"),
            Option(
                "pricesPerHour",
                Kind.NUMBERS,
                LIST_PRICES,
                f"price of one replica or node an hour, by profile type; the default is in {PRICES_SOURCE}",
                keys=tuple(LIST_PRICES),
            ),
        ),
    ),
)
