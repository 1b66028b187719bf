"""What the stack may cost: GPUs that run, GPUs that wait, and GPUs that nobody asked for."""

from collections.abc import Iterable
from typing import Final

from policy.gpu_use import dedicated_profiles, gpu_of, gpu_use, needed_nodes, possible_gpus
from policy.resource import CONTAINER_APP, ENVIRONMENT, STACK, Resource
from policy.rule import Kind, Level, Option, Options, Rule, Scope, Severity, Subject

HOURS_PER_MONTH: Final = 730
LIST_PRICES: Final = {
    "Consumption-GPU-NC8as-T4": 0.752,
    "Consumption-GPU-NC24-A100": 3.673,
    "NC24-A100": 3.673,
    "NC48-A100": 7.346,
    "NC96-A100": 14.692,
}
PRICES_AS_OF: Final = "2025"
"""US dollars an hour for planning: the pay-as-you-go list price of the virtual machine of the same size in East US
(Standard_NC8as_T4_v3, Standard_NC24ads_A100_v4 and its multiples; azure.microsoft.com/pricing).
Container Apps has a price list of its own, and you may have a contract: set `pricesPerHour`; `aca-inference cost` asks
for today's prices."""


def _gpu_count(app: Resource, _: Options) -> Iterable[Subject]:
    if gpu_of(app):
        yield app.computed(possible_gpus(app), "template.scale.maxReplicas")


def _stack_gpus(stack: Resource, _: Options) -> Iterable[Subject]:
    """What is known already counts, and what is not is told beside it."""
    uses, missing = gpu_use(stack.siblings)
    yield stack.computed(sum(use.possible * use.profile.gpus for use in uses))
    yield from missing


def _idle_replicas(app: Resource, _: Options) -> Iterable[Subject]:
    if gpu_of(app):
        yield app.at("template.scale.minReplicas")


def _cooldown(app: Resource, _: Options) -> Iterable[Subject]:
    if gpu_of(app):
        yield app.at("template.scale.cooldownPeriod")


def _idle_nodes(environment: Resource, _: Options) -> Iterable[Subject]:
    return (profile.entry.at("minimumCount") for profile in dedicated_profiles(environment))


def _unused_nodes(environment: Resource, _: Options) -> Iterable[Subject]:
    """Nodes beyond what the apps of the stack can fill; none where no app of the stack is placed on them."""
    for profile in dedicated_profiles(environment):
        most = profile.entry.at("maximumCount")
        usable = needed_nodes(environment, profile)[1]
        if usable:
            yield environment.computed(most.number - usable, most.path)


def _monthly(stack: Resource, options: Options) -> Iterable[Subject]:
    prices = {**LIST_PRICES, **options["pricesPerHour"]}
    uses, missing = gpu_use(stack.siblings)
    cost = sum(
        prices[use.profile.type] * (use.always * HOURS_PER_MONTH + (use.possible - use.always) * options["busyHours"])
        for use in uses
    )
    yield stack.computed(round(cost, 2))
    yield from missing


RULES: Final = (
    Rule(
        id="cost-gpus-per-app",
        title="One app cannot scale to more GPUs than it may",
        reason="A burst of requests, or a client gone wild, scales to the maximum within minutes.",
        fix="Lower template.scale.maxReplicas, or raise `maximum` for this stack.",
        wanted="at most {maximum} GPUs",
        severity=Severity.HIGH,
        types=(CONTAINER_APP,),
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
        subjects=_idle_replicas,
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
        subjects=_cooldown,
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
                "price of one replica or node an hour, by profile type; by default the list price, in US dollars, of"
                f" the virtual machine of the same size in East US, as of {PRICES_AS_OF}",
                keys=tuple(LIST_PRICES),
            ),
        ),
    ),
)
