"""The pack starts fast and knows the whole GPU catalogue."""

import subprocess
import sys

import components.adoption
from components.gpu import GPU_PROFILES
from policy.rules import adoption
from policy.rules.cost import LIST_PRICES
from tests.workspace import PROJECT


def test_it_starts_without_the_types_of_azure() -> None:
    """They take a second to import, which every preview would pay."""
    program = "import sys, policy.analyzer; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert {"pulumi_azure_native", "pydantic", "cli", "stack", "operations"}.isdisjoint(done.stdout.split())


def test_the_library_still_has_all_its_names() -> None:
    for name in components.__all__:
        value = getattr(components, name)
        assert name.isupper() or value.__module__.startswith("components.")


def test_the_mark_of_ownership_is_the_one_that_components_leave() -> None:
    """The pack imports nothing of components but the catalogue, so it has the names a second time."""
    assert (adoption.OWNER_TAG, adoption.OWNER_METADATA) == (
        components.adoption.OWNER_TAG,
        components.adoption.OWNER_METADATA,
    )


def test_every_gpu_profile_has_a_price() -> None:
    assert set(LIST_PRICES) == set(GPU_PROFILES)
