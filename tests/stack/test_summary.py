"""What a person reads in the preview: one line for each resource, and what becomes of it."""

from collections.abc import Mapping

from stack.found import FoundAccount, FoundApp, FoundGroup, Survey
from stack.summary import describe, names_by_key, ownership
from tests.stack.surveys import MARK, NAMES, T4, decide, environment, link, settings


def lines(found: Survey, made: Mapping[str, str] | None = None, **values: object) -> dict[str, str]:
    text = describe(decide(found, **values), found, names_by_key(settings(**values), NAMES), made or {})
    return {line.partition(":")[0].strip(): line.partition(":")[2].strip() for line in text.splitlines()[1:]}


def test_each_resource_has_a_line_with_its_name() -> None:
    told = lines(Survey())
    assert told.keys() == {
        "resource group g",
        f"storage account {NAMES.storage_account}",
        f"file share {NAMES.file_share}",
        f"Log Analytics workspace {NAMES.log_workspace}",
        f"environment {NAMES.environment}",
        f"environment storage {NAMES.environment_storage}",
        f"Container App {NAMES.app}",
    }
    assert all(line.startswith("created") for line in told.values())


def test_what_is_adopted_stays_and_what_is_added_to_it_is_told() -> None:
    told = lines(Survey(storage_account=FoundAccount("/account"), environment=environment(None)))
    assert told[f"storage account {NAMES.storage_account}"].startswith("adopted")
    added = next(line for name, line in told.items() if name.startswith("workload profile gpu-"))
    assert "added to the environment" in added
    assert "takes it off again" in added


def test_what_is_lent_is_told() -> None:
    told = lines(Survey(environment=environment(None, GPU=T4), environment_storage=link()))
    assert told[f"workload profile GPU ({T4})"].startswith("lent by the environment")


def test_a_takeover_stands_out() -> None:
    found = Survey(environment=environment(None, GPU=T4), app=FoundApp("/app", None, environment_id="/env"))
    told = lines(found, adopt={"app": "always"})
    assert "CHANGED" in told[f"Container App {NAMES.app}"]


def test_an_app_that_moves_is_replaced() -> None:
    found = Survey(environment=environment(MARK, GPU=T4), app=FoundApp("/app", MARK, environment_id="/elsewhere"))
    assert "replaced" in lines(found)[f"Container App {NAMES.app}"]


def test_what_somebody_deleted_is_not_called_created() -> None:
    """The engine's state still has it, so `up` alone would not make it."""
    made = {"resourceGroup": "g", "fileShare": NAMES.file_share, "environmentStorage": NAMES.environment_storage}
    told = lines(Survey(resource_group=FoundGroup("/g", MARK)), {**made, "app": "of another name"})
    assert "`pulumi refresh`" in told[f"file share {NAMES.file_share}"]
    assert told["resource group g"].startswith("this stack's own")
    assert told[f"Container App {NAMES.app}"].startswith("created")
    assert told[f"environment storage {NAMES.environment_storage}"].startswith("created")


def test_ownership_has_the_keys_of_the_setting() -> None:
    found = Survey(storage_account=FoundAccount("/account"))
    assert ownership(decide(found)) == {
        "resourceGroup": "stack",
        "storageAccount": "adopted",
        "fileShare": "stack",
        "logAnalytics": "stack",
        "environment": "stack",
        "environmentStorage": "stack",
        "app": "stack",
    }
