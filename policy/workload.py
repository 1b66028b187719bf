"""What apps and jobs have in common: containers, and what they run."""

from collections.abc import Iterator

from policy.property import Property
from policy.resource import Resource


def containers(workload: Resource) -> Iterator[Property]:
    """The containers of an app or a job, those that only prepare it last."""
    yield from workload.each("template.containers")
    yield from workload.each("template.initContainers")
