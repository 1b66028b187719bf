"""For each rule: edits of the good example that break it, and others that must not."""

from tests.policy.cases import access, content, money, order
from tests.policy.cases.edits import Case

__all__ = ["BREAKING", "KEEPING", "Case"]

BREAKING = [*access.BREAKING, *money.BREAKING, *content.BREAKING, *order.BREAKING]
KEEPING = [*access.KEEPING, *money.KEEPING, *content.KEEPING, *order.KEEPING]
