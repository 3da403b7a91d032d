from datetime import timedelta

from domain.events import Event
from domain.installation.events import InstallationReleased
from domain.installation.state import Claim, Installation, Live, installation_stream
from tests.domain.facts import CLAUDE, DIGEST, NOON, OPENAI, RECEIPT, SKILL_ID
from tests.domain.installation.facts import FIRST_RUN, SECOND_RUN, THIRD_RUN, awaited, changed, reserved
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
    installation = installation_after(*LINE, InstallationReleased(run_id=FIRST_RUN), reserved(SECOND_RUN, 2))
    assert installation == Installation(holder=SECOND, waiting=(THIRD,))


def test_a_change_is_live_and_frees_the_slot() -> None:
    installation = installation_after(*LINE, changed(FIRST_RUN, 1))
    live = Live(run_id=FIRST_RUN, version=1, digest=DIGEST, receipt=RECEIPT)
    assert installation == Installation(holder=None, waiting=(SECOND, THIRD), live=live)
    assert installation.claims == (SECOND, THIRD)


def test_a_release_frees_the_slot_and_leaves_what_was_live() -> None:
    before = installation_after(reserved(FIRST_RUN, 1), changed(FIRST_RUN, 1))
    after = installation_after(
        reserved(FIRST_RUN, 1),
        changed(FIRST_RUN, 1),
        reserved(SECOND_RUN, 2),
        InstallationReleased(run_id=SECOND_RUN),
    )
    assert after == before
    assert before.live is not None


def test_doubt_is_kept_from_its_beginning_until_a_change() -> None:
    doubtful = (
        reserved(FIRST_RUN, 1),
        InstallationReleased(run_id=FIRST_RUN, doubtful_since=NOON),
        reserved(SECOND_RUN, 2),
    )
    assert installation_after(*doubtful).doubtful_since == NOON
    for since in (LATER, None):
        still = (*doubtful, InstallationReleased(run_id=SECOND_RUN, doubtful_since=since))
        assert installation_after(*still).doubtful_since == NOON
    assert installation_after(*doubtful, changed(SECOND_RUN, 2)).doubtful_since is None


def test_a_pair_has_one_stream_and_no_other_pair_has_it() -> None:
    streams = {
        installation_stream(SKILL_ID, OPENAI.id),
        installation_stream(SKILL_ID, CLAUDE.id),
        installation_stream(OPENAI.id, SKILL_ID),
        installation_stream(CLAUDE.id, OPENAI.id),
    }
    assert len(streams) == 4
    assert installation_stream(SKILL_ID, OPENAI.id) in streams
