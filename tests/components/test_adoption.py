"""Import, retention and ignored changes travel together, or not at all."""

from components.adoption import MISSING, Presence, child_options


def test_a_missing_resource_is_simply_created() -> None:
    options = child_options(None, MISSING)
    assert (options.import_, options.retain_on_delete, options.ignore_changes) == (None, None, [])


def test_an_adopted_resource_is_never_changed_and_never_deleted() -> None:
    options = child_options(None, Presence("/id", owned=False))
    assert (options.import_, options.retain_on_delete, options.ignore_changes) == ("/id", True, ["*"])


def test_a_resource_of_the_stack_that_the_state_lost_is_imported_and_stays_the_stacks() -> None:
    options = child_options(None, Presence("/id", owned=True))
    assert (options.import_, options.retain_on_delete, options.ignore_changes) == ("/id", None, [])
