from datetime import timedelta

from msgspec.structs import replace

from domain.errors import Code
from domain.events import Event
from domain.installation.events import (
    InstallationCheckFailed,
    InstallationDriftFound,
    InstallationSwept,
    InstallationVerified,
    Receipt,
)
from domain.installation.state import Claim, Former, Installation, Live, installation_stream
from tests.domain.facts import CLAUDE, DIGEST, NOON, OPENAI, RECEIPT, SKILL_ID
from tests.domain.installation.facts import (
    FIRST_RUN,
    PAIR,
    SECOND_RUN,
    THIRD_RUN,
    awaited,
    changed,
    late,
    released,
    removed,
    reserved,
    withdrawn,
)
from tests.kit.specification import folded

LATER = NOON + timedelta(minutes=1)


def installation_after(*events: Event) -> Installation:
    installation = folded(events)
    assert isinstance(installation, Installation)
    return installation


LINE = (reserved(FIRST_RUN, 1), awaited(SECOND_RUN, 2), awaited(THIRD_RUN, 3))
FIRST = Claim(run_id=FIRST_RUN, version=1)
SECOND = Claim(run_id=SECOND_RUN, version=2)
THIRD = Claim(run_id=THIRD_RUN, version=3)


def test_claims_stand_in_line_in_the_order_they_came() -> None:
    installation = installation_after(*LINE)
    assert installation == Installation(holder=FIRST, waiting=(SECOND, THIRD))
    assert installation.claims == (FIRST, SECOND, THIRD)


def test_who_gets_the_slot_leaves_the_line() -> None:
    installation = installation_after(*LINE, released(FIRST_RUN), reserved(SECOND_RUN, 2))
    assert installation == Installation(holder=SECOND, waiting=(THIRD,), given_up=frozenset({FIRST_RUN}))


def test_a_change_is_live_and_frees_the_slot() -> None:
    installation = installation_after(*LINE, changed(FIRST_RUN, 1))
    live = Live(run_id=FIRST_RUN, version=1, digest=DIGEST, receipt=RECEIPT, **PAIR)
    assert installation == Installation(holder=None, waiting=(SECOND, THIRD), live=live)
    assert installation.claims == (SECOND, THIRD)


def test_a_release_frees_the_slot_and_leaves_what_was_live() -> None:
    before = installation_after(reserved(FIRST_RUN, 1), changed(FIRST_RUN, 1))
    after = installation_after(
        reserved(FIRST_RUN, 1),
        changed(FIRST_RUN, 1),
        reserved(SECOND_RUN, 2),
        released(SECOND_RUN),
    )
    assert after == replace(before, given_up=frozenset({SECOND_RUN}))
    assert before.live is not None


def test_who_gives_up_its_place_leaves_the_line_and_is_remembered_until_something_changes() -> None:
    installation = installation_after(*LINE, withdrawn(SECOND_RUN))
    assert installation == Installation(holder=FIRST, waiting=(THIRD,), given_up=frozenset({SECOND_RUN}))
    both = installation_after(*LINE, withdrawn(SECOND_RUN), released(FIRST_RUN), reserved(THIRD_RUN, 3))
    assert both.given_up == {FIRST_RUN, SECOND_RUN}
    for known in (changed(FIRST_RUN, 1), removed(FIRST_RUN)):
        assert installation_after(*LINE, withdrawn(SECOND_RUN), known).given_up == frozenset()


def test_who_changed_something_and_frees_the_slot_later_has_not_given_up() -> None:
    kept = installation_after(*LINE, changed(FIRST_RUN, 1, kept=True))
    assert (kept.holder, kept.live and kept.live.run_id) == (FIRST, FIRST_RUN)
    freed = installation_after(*LINE, changed(FIRST_RUN, 1, kept=True), released(FIRST_RUN))
    assert freed == replace(kept, holder=None)
    gone = installation_after(*LINE, removed(FIRST_RUN, kept=True))
    assert gone == Installation(holder=FIRST, waiting=(SECOND, THIRD))


def test_what_was_live_before_a_change_is_remembered() -> None:
    upgraded = installation_after(
        reserved(FIRST_RUN, 1), changed(FIRST_RUN, 1, digest="one"), reserved(SECOND_RUN, 2), changed(SECOND_RUN, 2)
    )
    assert upgraded.live is not None
    assert upgraded.live.before == Former(version=1, digest="one")
    again = installation_after(
        reserved(FIRST_RUN, 1), changed(FIRST_RUN, 1), reserved(SECOND_RUN, 1, removes=True), removed(SECOND_RUN)
    )
    assert again.live is None


def test_what_a_change_leaves_in_doubt_is_its_own_version_beside_those_from_before() -> None:
    doubtful = (reserved(FIRST_RUN, 1), released(FIRST_RUN, NOON), reserved(SECOND_RUN, 2))
    still = installation_after(*doubtful, changed(SECOND_RUN, 2, doubtful_since=NOON))
    assert (still.doubtful_since, still.doubtful_versions, still.doubtful_run) == (NOON, frozenset({1, 2}), SECOND_RUN)
    gone = installation_after(*doubtful, removed(SECOND_RUN, doubtful_since=NOON))
    assert (gone.doubtful_since, gone.doubtful_versions, gone.doubtful_run) == (NOON, frozenset({1}), SECOND_RUN)


def test_what_is_given_up_in_doubt_is_the_version_that_is_said_or_that_the_slot_was_held_for() -> None:
    held = installation_after(reserved(FIRST_RUN, 2), released(FIRST_RUN, NOON))
    said = installation_after(reserved(FIRST_RUN, 2), released(FIRST_RUN, NOON, 1))
    assert (held.doubtful_versions, held.doubtful_run) == (frozenset({2}), FIRST_RUN)
    assert said.doubtful_versions == {1}


def test_a_late_receipt_is_a_doubt_from_when_its_attempt_began() -> None:
    live = (reserved(FIRST_RUN, 1), changed(FIRST_RUN, 1), reserved(SECOND_RUN, 2), changed(SECOND_RUN, 2))
    noted = installation_after(*live, late(FIRST_RUN, 1, since=LATER))
    assert noted == replace(
        installation_after(*live), doubtful_since=LATER, doubtful_versions=frozenset({1}), doubtful_run=FIRST_RUN
    )
    earlier = installation_after(*live, late(FIRST_RUN, 1, since=LATER), late(SECOND_RUN, 3, since=NOON))
    assert (earlier.doubtful_since, earlier.doubtful_versions) == (NOON, frozenset({1, 3}))


def test_a_sweep_settles_the_doubt_only_when_it_says_so() -> None:
    doubtful = (reserved(FIRST_RUN, 1), changed(FIRST_RUN, 1, doubtful_since=NOON))
    in_doubt = installation_after(*doubtful)
    assert installation_after(*doubtful, InstallationSwept(run_id=FIRST_RUN, discarded=(RECEIPT,))) == in_doubt
    settled = installation_after(*doubtful, InstallationSwept(run_id=FIRST_RUN, settled=True))
    assert settled == installation_after(reserved(FIRST_RUN, 1), changed(FIRST_RUN, 1))


def test_doubt_is_kept_from_its_beginning_until_a_change() -> None:
    doubtful = (
        reserved(FIRST_RUN, 1),
        released(FIRST_RUN, NOON),
        reserved(SECOND_RUN, 2),
    )
    assert installation_after(*doubtful).doubtful_since == NOON
    for since in (LATER, None):
        still = (*doubtful, released(SECOND_RUN, since))
        assert installation_after(*still).doubtful_since == NOON
    settled = installation_after(*doubtful, changed(SECOND_RUN, 2))
    assert (settled.doubtful_since, settled.doubtful_versions) == (None, frozenset())


def test_every_version_that_may_have_been_put_there_is_in_doubt() -> None:
    doubtful = (
        reserved(FIRST_RUN, 1),
        released(FIRST_RUN, NOON),
        reserved(SECOND_RUN, 2),
        released(SECOND_RUN, NOON),
        reserved(THIRD_RUN, 3),
    )
    assert installation_after(*doubtful).doubtful_versions == {1, 2}
    for known in (changed(THIRD_RUN, 3), removed(THIRD_RUN)):
        assert installation_after(*doubtful, known).doubtful_versions == frozenset()
    assert installation_after(*doubtful, released(THIRD_RUN)).doubtful_versions == {1, 2}


def test_what_was_live_before_is_kept_by_its_bytes_until_all_is_removed() -> None:
    second = Receipt(remote_id="skill_1", remote_version="2")
    story = (
        reserved(FIRST_RUN, 1),
        changed(FIRST_RUN, 1, digest="one"),
        reserved(SECOND_RUN, 2),
        changed(SECOND_RUN, 2, digest="two", receipt=second),
    )
    assert installation_after(*story).former == {"one": RECEIPT}
    third = Receipt(remote_id="skill_1", remote_version="3")
    back = (*story, reserved(THIRD_RUN, 1), changed(THIRD_RUN, 1, digest="one", receipt=third))
    assert installation_after(*back).former == {"one": RECEIPT, "two": second}
    again = (*back, reserved(FIRST_RUN, 2), changed(FIRST_RUN, 2, digest="two"))
    assert installation_after(*again).former == {"one": third, "two": second}
    assert installation_after(*back, reserved(FIRST_RUN, 1, removes=True), removed(FIRST_RUN)).former == {}


def test_a_removal_leaves_nothing_but_the_line() -> None:
    line = (reserved(FIRST_RUN, 1), changed(FIRST_RUN, 1), reserved(SECOND_RUN, 1, removes=True), awaited(THIRD_RUN, 3))
    assert installation_after(*line).holder == Claim(run_id=SECOND_RUN, version=1, removes=True)
    assert installation_after(*line, removed(SECOND_RUN)) == Installation(waiting=(THIRD,))


def test_what_a_check_found_changes_nothing_that_is_decided_on() -> None:
    before = (reserved(FIRST_RUN, 1), changed(FIRST_RUN, 1))
    for found in (
        InstallationVerified(run_id=FIRST_RUN),
        InstallationDriftFound(run_id=FIRST_RUN, drift="changed"),
        InstallationCheckFailed(run_id=FIRST_RUN, code=Code.PROVIDER_TIMEOUT, message="No answer."),
    ):
        assert installation_after(*before, found) == installation_after(*before)


def test_what_is_live_is_missing_until_a_check_or_a_run_says_otherwise() -> None:
    gone = (
        reserved(FIRST_RUN, 1),
        changed(FIRST_RUN, 1),
        InstallationDriftFound(run_id=FIRST_RUN, drift="missing"),
    )
    assert installation_after(*gone).missing
    unheard = InstallationCheckFailed(run_id=FIRST_RUN, code=Code.PROVIDER_TIMEOUT, message="No answer.")
    assert installation_after(*gone, unheard).missing
    for said in (
        InstallationVerified(run_id=FIRST_RUN),
        InstallationDriftFound(run_id=FIRST_RUN, drift="changed"),
    ):
        assert not installation_after(*gone, said).missing
    assert not installation_after(*gone, reserved(SECOND_RUN, 2), changed(SECOND_RUN, 2)).missing


def test_a_pair_has_one_stream_and_no_other_pair_has_it() -> None:
    streams = {
        installation_stream(SKILL_ID, OPENAI.id),
        installation_stream(SKILL_ID, CLAUDE.id),
        installation_stream(OPENAI.id, SKILL_ID),
        installation_stream(CLAUDE.id, OPENAI.id),
    }
    assert len(streams) == 4
    assert installation_stream(SKILL_ID, OPENAI.id) in streams
