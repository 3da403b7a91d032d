import msgspec

from projections.run_history import RUN_HISTORY, HistoryEvent
from tests.kit.projection_spec import given
from tests.projections.stories import Story


def test_a_history_has_every_event_of_the_run_and_of_its_slots() -> None:
    story = Story()
    story.publish()
    first = story.run(1, "openai").start("openai")
    second = story.run(2, "openai", version=2)
    first.succeed("openai")
    rows = given(story).rows(RUN_HISTORY)
    assert [row.event for row in rows if row.run_id == first.id] == [
        "RunQueued",
        "InstallationReserved",
        "RunStarted",
        "ProviderStarted",
        "ProviderSucceeded",
        "InstallationChanged",
        "RunSucceeded",
    ]
    assert [row.event for row in rows if row.run_id == second.id] == [
        "RunQueued",
        "InstallationAwaited",
        "InstallationReserved",
    ]


def test_a_history_tells_of_refusals_and_removals_and_not_of_later_checks() -> None:
    story = Story()
    first = story.run(1, "openai", "gemini", refused=["gemini"]).start("openai").succeed("openai")
    story.check("openai", "in_use")
    story.check("openai", "changed")
    story.fail_check("openai")
    removal = story.removal(2, "openai").start("openai").succeed("openai")
    rows = given(story).rows(RUN_HISTORY)
    assert [row.event for row in rows if row.run_id == first.id] == [
        "RunQueued",
        "ProviderRefused",
        "InstallationReserved",
        "RunStarted",
        "ProviderStarted",
        "ProviderSucceeded",
        "InstallationChanged",
        "RunPartiallyFailed",
    ]
    assert [row.event for row in rows if row.run_id == removal.id] == [
        "RunQueued",
        "InstallationReserved",
        "RunStarted",
        "ProviderStarted",
        "ProviderSucceeded",
        "InstallationRemoved",
        "RunSucceeded",
    ]


def test_a_history_tells_of_doubts_and_of_what_other_runs_did_about_it() -> None:
    story = Story()
    first = story.run(1, "openai").start("openai").expire_lease("openai").start("openai").succeed("openai")
    first.come_late("openai")
    story.sweep("openai")
    undoing = story.roll_back(2, first).start("openai").succeed("openai")
    story.run(3, "openai", version=2)
    waiting = story.run(4, "openai", version=3).cancel()
    rows = given(story).rows(RUN_HISTORY)
    told = [row.event for row in rows if row.run_id == first.id]
    assert told[told.index("RunSucceeded") :] == [
        "RunSucceeded",
        "InstallationReceiptLate",
        "InstallationSwept",
        "RollbackRequested",
        "ProviderRolledBack",
    ]
    assert [row.event for row in rows if row.run_id == undoing.id][-2:] == ["InstallationRemoved", "RunSucceeded"]
    assert [row.event for row in rows if row.run_id == waiting.id] == [
        "RunQueued",
        "InstallationAwaited",
        "RunCancelRequested",
        "ProviderGivenUp",
        "InstallationWithdrawn",
        "RunFailed",
    ]


def test_an_event_is_shown_with_all_that_is_known_of_it() -> None:
    story = Story()
    story.run(1, "openai")
    recorded = story.events[1]
    row = given(story).rows(RUN_HISTORY)[1]
    for field in ("id", "position", "stream", "version", "at", "actor", "request_id", "correlation_id", "causation_id"):
        assert getattr(row, field) == getattr(recorded, field)
    assert msgspec.json.decode(row.data) == msgspec.to_builtins(recorded.event)


def test_the_resource_has_the_fields_of_the_contract() -> None:
    contract = "id position event stream version at actor requestId correlationId causationId data"
    assert [field.encode_name for field in msgspec.structs.fields(HistoryEvent)] == contract.split()
