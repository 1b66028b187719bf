"""For each rule: edits of the good example that break it, and others that must not. One module for each family."""

from tests.policy.cases import (
    adoption,
    capacity,
    cost,
    exposure,
    logs,
    names,
    placement,
    secrets,
    storage,
    supply,
    tags,
)
from tests.policy.cases.case import Case

_FAMILIES = (exposure, cost, capacity, supply, secrets, storage, logs, adoption, placement, tags, names)
BREAKING: list[Case] = [case for family in _FAMILIES for case in family.BREAKING]
KEEPING: list[Case] = [case for family in _FAMILIES for case in family.KEEPING]

__all__ = ["BREAKING", "KEEPING", "Case"]
