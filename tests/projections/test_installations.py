from uuid import UUID

import msgspec
import pytest

from domain.errors import Code
from domain.events import Event, Recorded
from domain.install_run.policy import Policy
from domain.installation.events import InstallationReleased, InstallationVerified, Receipt
from domain.installation.state import installation_stream
from projections.installations import INSTALLATIONS, InstallationRow
from projections.rows import ImpossibleHistoryError
from queries.installation_view import Installation
from tests.kit.projection_spec import given
from tests.projections.stories import OPENAI, SKILL, Story, digest

PAIR = installation_stream(SKILL, OPENAI)


def only_row(story: Story) -> InstallationRow:
    (row,) = given(story).rows(INSTALLATIONS)
    return row


def only_row_of(story: Story, pair: UUID) -> InstallationRow:
    (row,) = (row for row in given(story).rows(INSTALLATIONS) if row.id == pair)
    return row


def of_pair(story: Story) -> list[Recorded]:
    return [event for event in story if event.stream == PAIR]


def installed() -> Story:
    story = Story()
    story.run(1, "openai").start("openai").succeed("openai")
    return story


def test_a_run_at_work_holds_the_pair_and_nothing_is_live_yet() -> None:
    story = Story()
    run = story.run(1, "openai")
    assert only_row(story) == InstallationRow(
        id=PAIR, skill_id=SKILL, provider_id=OPENAI, active_run_id=run.id, position=2, begun_position=2
    )


def test_what_was_installed_is_live() -> None:
    story = Story()
    run = story.run(1, "openai").start("openai").succeed("openai")
    changed = of_pair(story)[-1]
    assert only_row(story) == InstallationRow(
        id=PAIR,
        skill_id=SKILL,
        provider_id=OPENAI,
        live=True,
        version=1,
        digest=digest(1),
        receipt=Receipt(remote_id="skill_openai", remote_version="1"),
        run_id=run.id,
        at=changed.at,
        usage="use it so",
        position=changed.position,
        begun_position=2,
    )


def test_what_fails_leaves_what_is_live_as_it_is() -> None:
    story = installed()
    story.check("openai", "in_use")
    before = only_row(story)
    story.run(2, "openai", version=2).start("openai").fail("openai")
    story.removal(3, "openai").start("openai").fail("openai")
    after = only_row(story)
    assert after == msgspec.structs.replace(before, position=after.position)
    assert after.position == of_pair(story)[-1].position


def test_the_next_version_takes_the_place_and_was_never_asked_about() -> None:
    story = installed()
    story.fail_check("openai")
    run = story.run(2, "openai", version=2).start("openai").succeed("openai")
    row = only_row(story)
    assert (row.version, row.digest, row.run_id) == (2, digest(2), run.id)
    assert (row.drift, row.verified_at, row.code, row.message) == ("none", None, None, None)
    assert row.begun_position == 2


def test_what_the_provider_says_is_shown_with_the_time() -> None:
    story = installed()
    for answer, drift in (("in_use", "none"), ("missing", "missing"), ("changed", "changed"), ("in_use", "none")):
        story.check("openai", answer)  # type: ignore[arg-type]
        row = only_row(story)
        assert (row.drift, row.verified_at, row.live) == (drift, story.events[-1].at, True)


def test_a_check_that_failed_says_why_and_nothing_of_what_is_there() -> None:
    story = installed()
    story.check("openai", "missing")
    asked = story.events[-1].at
    story.fail_check("openai", Code.PROVIDER_FORBIDDEN)
    row = only_row(story)
    assert (row.drift, row.code, row.message) == ("unknown", Code.PROVIDER_FORBIDDEN, "no answer")
    assert row.verified_at == asked
    story.check("openai", "changed")
    row = only_row(story)
    assert (row.drift, row.code, row.message) == ("changed", None, None)
    story.fail_check("openai")
    story.check("openai", "in_use")
    row = only_row(story)
    assert (row.drift, row.code, row.message) == ("none", None, None)


def test_what_was_removed_is_live_no_more_and_may_come_back() -> None:
    story = installed()
    story.removal(2, "openai").start("openai").succeed("openai")
    row = only_row(story)
    assert row == InstallationRow(
        id=PAIR, skill_id=SKILL, provider_id=OPENAI, position=of_pair(story)[-1].position, begun_position=2
    )
    story.run(3, "openai", version=2).start("openai").succeed("openai")
    row = only_row(story)
    assert (row.live, row.version, row.begun_position) == (True, 2, 2)


def test_who_waits_does_not_hold_the_pair_before_its_turn() -> None:
    story = installed()
    first = story.run(2, "openai", version=2)
    second = story.run(3, "openai", version=3)
    assert only_row(story).active_run_id == first.id
    first.start("openai").fail("openai")
    assert only_row(story).active_run_id == second.id
    second.start("openai").succeed("openai")
    row = only_row(story)
    assert (row.active_run_id, row.version) == (None, 3)


def test_who_gives_up_its_place_in_the_line_does_not_hold_the_pair() -> None:
    story = installed()
    first = story.run(2, "openai", version=2)
    story.run(3, "openai", version=3).cancel()
    row = only_row(story)
    assert (row.active_run_id, row.version, row.position) == (first.id, 1, of_pair(story)[-1].position)


def test_a_run_that_may_have_to_take_its_work_back_holds_the_pair_until_it_has_ended() -> None:
    story = installed()
    whole = story.run(2, "openai", "claude", version=2, policy=Policy(mode="all_or_nothing"))
    whole.start("openai").succeed("openai")
    row = only_row_of(story, PAIR)
    assert (row.version, row.run_id, row.active_run_id) == (2, whole.id, whole.id)
    whole.start("claude").fail("claude").start("openai").succeed("openai")
    row = only_row_of(story, PAIR)
    assert (row.version, row.run_id, row.active_run_id) == (1, whole.id, None)


def test_a_removal_that_takes_work_back_holds_the_pair_no_longer_than_the_run_lasts() -> None:
    story = Story()
    whole = story.run(1, "openai", "claude", "gemini", policy=Policy(mode="all_or_nothing"))
    for name in ("openai", "claude", "gemini"):
        whole.start(name)
    whole.succeed("openai").fail("claude").start("openai").succeed("openai")
    row = only_row_of(story, PAIR)
    assert (row.live, row.active_run_id) == (False, whole.id)
    whole.fail("gemini")
    assert only_row_of(story, PAIR).active_run_id is None


def test_what_came_late_and_was_swept_leaves_what_is_live_as_it_is() -> None:
    story = Story()
    run = story.run(1, "openai").start("openai").expire_lease("openai").start("openai").succeed("openai")
    before = only_row(story)
    run.come_late("openai")
    story.sweep("openai", Receipt(remote_id="late_openai", remote_version="1"))
    after = only_row(story)
    assert after == msgspec.structs.replace(before, position=story.events[-1].position)


def test_pairs_do_not_touch_each_other() -> None:
    story = Story()
    story.run(1, "openai", "claude").start("openai").succeed("openai").start("claude").succeed("claude")
    story.run(2, "openai", skill="other").start("openai").succeed("openai")
    story.removal(3, "claude").start("claude").succeed("claude")
    rows = given(story).rows(INSTALLATIONS)
    assert [(row.live, row.version) for row in rows] == [(True, 1), (False, 0), (True, 1)]


@pytest.mark.parametrize("event", [InstallationReleased(run_id=PAIR), InstallationVerified(run_id=PAIR)])
def test_nothing_happens_to_a_pair_that_was_never_begun(event: Event) -> None:
    story = Story()
    story.add(PAIR, event)
    with pytest.raises(ImpossibleHistoryError):
        only_row(story)


def test_nobody_is_asked_about_what_is_not_live() -> None:
    story = installed()
    story.removal(2, "openai").start("openai").succeed("openai")
    story.add(PAIR, InstallationVerified(run_id=PAIR))
    with pytest.raises(ImpossibleHistoryError):
        only_row(story)


def test_the_resource_has_the_fields_of_the_contract() -> None:
    contract = (
        "id skill provider version digest remote runId at drift verifiedAt code message usage activeRunId position"
    )
    assert [field.encode_name for field in msgspec.structs.fields(Installation)] == contract.split()
