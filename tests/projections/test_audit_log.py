import re
from uuid import UUID

import msgspec
import pytest

from domain.access.events import AccessDenied, ApiKeyIssued, ApiKeyRevoked
from domain.access.state import denials_stream, key_stream
from domain.catalog import BY_TOPIC, EVENTS
from domain.chat.reasons import Reason
from domain.errors import Code
from domain.events import Actor, Role
from domain.install_run.policy import Policy
from domain.provider.events import ProviderReconfigured, ProviderVerificationFailed, ProviderVerified
from domain.skill.events import SkillArchived, SkillLabelled, SkillUnarchived
from projections.audit_actions import ACTIONS
from projections.audit_log import AUDIT_LOG, AuditEntry, AuditRow
from projections.rows import ImpossibleHistoryError
from tests.kit.projection_spec import ADMIN, History, given
from tests.projections.stories import OPENAI, SKILL, Story
from tests.projections.story_chats import ANNA, RECEIVED, TOKEN, Chats


def entries(history: History) -> list[AuditRow]:
    return given(history).rows(AUDIT_LOG)


def test_every_event_is_audited() -> None:
    """An event without an action would park the audit log; an action without an event would be a word for nothing."""
    assert ACTIONS.keys() == BY_TOPIC.keys()
    assert {*EVENTS} <= AUDIT_LOG.events


def test_actions_are_plain_and_different() -> None:
    assert len(set(ACTIONS.values())) == len(ACTIONS)
    assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*\.[a-z]+(_[a-z]+)*", action) for action in ACTIONS.values())


def test_actions_stay() -> None:
    """People search for these: one that is renamed breaks their searches, so only ever add to this list."""
    assert sorted(ACTIONS.values()) == [
        "access.denied",
        "alert.raised",
        "alert.repeated",
        "alert.resolved",
        "api_key.issued",
        "api_key.revoked",
        "chat.accepted",
        "chat.confirmation_asked",
        "chat.confirmed",
        "chat.received",
        "chat.rejected",
        "chat.text_erased",
        "evidence.exported",
        "install_run.cancel_requested",
        "install_run.failed",
        "install_run.partially_failed",
        "install_run.provider_failed",
        "install_run.provider_given_up",
        "install_run.provider_lease_expired",
        "install_run.provider_refused",
        "install_run.provider_rescued",
        "install_run.provider_retry_scheduled",
        "install_run.provider_rollback_failed",
        "install_run.provider_rolled_back",
        "install_run.provider_started",
        "install_run.provider_succeeded",
        "install_run.queued",
        "install_run.retried",
        "install_run.rollback_requested",
        "install_run.started",
        "install_run.succeeded",
        "installation.awaited",
        "installation.changed",
        "installation.check_failed",
        "installation.doubted",
        "installation.drift_found",
        "installation.receipt_late",
        "installation.released",
        "installation.removed",
        "installation.reserved",
        "installation.swept",
        "installation.verified",
        "installation.withdrawn",
        "provider.activated",
        "provider.connected",
        "provider.credential_changed",
        "provider.deactivated",
        "provider.paused",
        "provider.reconfigured",
        "provider.resumed",
        "provider.verification_failed",
        "provider.verified",
        "skill.archived",
        "skill.labelled",
        "skill.registered",
        "skill.unarchived",
        "skill.version_published",
        "store.checked",
        "store.restored",
    ]


def test_things_with_a_name_are_called_by_it_in_every_entry() -> None:
    story = Story()
    story.publish()
    story.connect("openai")
    story.publish()
    story.add(OPENAI, ProviderVerified())
    story.add(SKILL, SkillLabelled(label="stable", version=2), SkillArchived(), SkillUnarchived())
    story.add(OPENAI, ProviderReconfigured(base_url="https://api.example/v2", concurrency_max=1))
    assert [(entry.action, entry.target) for entry in entries(story)] == [
        ("skill.registered", "skill:kbo-results"),
        ("skill.version_published", "skill:kbo-results"),
        ("provider.connected", "provider:openai"),
        ("skill.version_published", "skill:kbo-results"),
        ("provider.verified", "provider:openai"),
        ("skill.labelled", "skill:kbo-results"),
        ("skill.archived", "skill:kbo-results"),
        ("skill.unarchived", "skill:kbo-results"),
        ("provider.reconfigured", "provider:openai"),
    ]


def test_an_installation_is_called_by_its_skill_and_connection() -> None:
    story = Story()
    story.publish()
    story.connect("openai")
    story.run(1, "openai")
    targets = {entry.target for entry in entries(story) if entry.action.startswith("installation.")}
    assert targets == {"installation:kbo-results@openai"}


def test_an_installation_of_what_has_no_name_yet_is_called_by_its_id() -> None:
    story = Story()
    story.run(1, "openai")
    (target,) = {entry.target for entry in entries(story) if entry.action.startswith("installation.")}
    assert str(UUID(target.removeprefix("installation:"))) == target.removeprefix("installation:")


def test_an_entry_says_who_when_and_from_which_request() -> None:
    story = Story()
    run = story.run(1, "openai")
    entry = entries(story)[0]
    recorded = story.events[0]
    assert (entry.action, entry.target, entry.result, entry.code) == (
        "install_run.queued",
        f"install_run:{run.id}",
        "success",
        None,
    )
    assert (entry.actor, entry.actor_id) == (ADMIN, "key-1")
    assert (entry.position, entry.at, entry.request_id, entry.correlation_id) == (
        1,
        recorded.at,
        recorded.request_id,
        recorded.correlation_id,
    )


def test_failures_carry_their_code() -> None:
    story = Story()
    story.connect("openai")
    story.add(OPENAI, ProviderVerificationFailed(code=Code.PROVIDER_UNAUTHORIZED, message="no"))
    story.run(1, "openai").start("openai").fail("openai", Code.PROVIDER_TOO_LARGE)
    failures = [(entry.action, entry.code) for entry in entries(story) if entry.result == "failure"]
    assert failures == [
        ("provider.verification_failed", Code.PROVIDER_UNAUTHORIZED),
        ("install_run.provider_failed", Code.PROVIDER_TOO_LARGE),
        ("install_run.failed", Code.PROVIDER_TOO_LARGE),
    ]


def test_what_a_provider_would_refuse_and_what_has_drifted_are_failures() -> None:
    story = Story()
    story.run(1, "openai", "gemini", refused=["gemini"]).start("openai").succeed("openai")
    story.check("openai", "in_use")
    story.check("openai", "missing")
    story.fail_check("openai", Code.PROVIDER_TIMEOUT)
    failures = [(entry.action, entry.code) for entry in entries(story) if entry.result == "failure"]
    assert failures == [
        ("install_run.provider_refused", Code.PROVIDER_TOO_LARGE),
        ("install_run.partially_failed", Code.PROVIDER_TOO_LARGE),
        ("installation.drift_found", None),
        ("installation.check_failed", Code.PROVIDER_TIMEOUT),
    ]


def test_what_is_given_up_expired_and_not_taken_back_is_a_failure() -> None:
    story = Story()
    run = story.run(1, "openai", "claude", policy=Policy(mode="all_or_nothing"))
    run.start("openai").expire_lease("openai").rescue("openai").start("openai").succeed("openai")
    run.start("claude").fail("claude", Code.PROVIDER_TIMEOUT).give_up("openai")
    story.run(2, "gemini").cancel()
    failures = [(entry.action, entry.code) for entry in entries(story) if entry.result == "failure"]
    assert failures == [
        ("install_run.provider_lease_expired", Code.RUN_LEASE_EXPIRED),
        ("install_run.provider_failed", Code.PROVIDER_TIMEOUT),
        ("install_run.provider_rollback_failed", Code.PROVIDER_UNAUTHORIZED),
        ("install_run.partially_failed", Code.PROVIDER_TIMEOUT),
        ("install_run.provider_given_up", Code.RUN_CANCELLED),
        ("install_run.failed", Code.RUN_CANCELLED),
    ]


def test_a_run_that_failed_for_several_reasons_has_no_single_code() -> None:
    story = Story()
    run = story.run(1, "openai", "claude", "gemini").start("openai").start("claude").start("gemini")
    run.fail("openai", Code.PROVIDER_TIMEOUT).fail("claude", Code.PROVIDER_TOO_LARGE).succeed("gemini")
    ended = next(entry for entry in entries(story) if entry.action == "install_run.partially_failed")
    assert (ended.result, ended.code) == ("failure", None)


def test_a_run_that_says_what_tells_most_has_the_code_of_that() -> None:
    story = Story()
    run = story.run(1, "openai", "claude").start("openai").fail("openai", Code.PROVIDER_TIMEOUT)
    run.cancel()
    ended = entries(story)[-1]
    assert (ended.action, ended.result, ended.code) == ("install_run.failed", "failure", Code.RUN_CANCELLED)


def test_keys_and_denials() -> None:
    nobody = Actor(kind="anonymous", id="127.0.0.1", name="127.0.0.1")
    history = History()
    history.add(
        key_stream("key-2"), ApiKeyIssued(key_id="key-2", name="ci", role=Role.OPERATOR, secret_sha256=f"{7:064x}")
    )
    history.add(key_stream("key-2"), ApiKeyRevoked(key_id="key-2"))
    denied = AccessDenied(source="127.0.0.1", code=Code.UNAUTHORIZED, method="POST", path="/api/skills")
    history.add(denials_stream("127.0.0.1"), denied, actor=nobody)
    assert [(entry.action, entry.target, entry.result, entry.code) for entry in entries(history)] == [
        ("api_key.issued", "api_key:key-2", "success", None),
        ("api_key.revoked", "api_key:key-2", "success", None),
        ("access.denied", "route:POST /api/skills", "denied", Code.UNAUTHORIZED),
    ]
    assert f"{7:064x}".encode() not in msgspec.json.encode(entries(history))


def test_what_was_said_in_chat() -> None:
    """By its id: the words are not for everybody who may read the log."""
    story = Story()
    chats = Chats(story)
    done, declined, refused, denied = (chats.say(asks=asks) for asks in (True, True, False, False))
    chats.confirm(done)
    chats.accept(done)
    chats.reject(declined, Reason.DECLINED)
    chats.reject(refused, Reason.SKILL_ARCHIVED, Code.CONFLICT_SKILL)
    chats.reject(denied, Reason.FORBIDDEN, Code.FORBIDDEN)
    chats.erase(done)
    by_target = {
        action_id: [
            (entry.action, entry.result, entry.code)
            for entry in entries(story)
            if entry.target == f"chat_action:{action_id}" and entry.action != "chat.received"
        ]
        for action_id in (done, declined, refused, denied)
    }
    asked = ("chat.confirmation_asked", "success", None)
    assert by_target == {
        done: [
            asked,
            ("chat.confirmed", "success", None),
            ("chat.accepted", "success", None),
            ("chat.text_erased", "success", None),
        ],
        declined: [asked, ("chat.rejected", "failure", None)],
        refused: [("chat.rejected", "failure", Code.CONFLICT_SKILL)],
        denied: [("chat.rejected", "denied", Code.FORBIDDEN)],
    }
    assert [entry.actor for entry in entries(story)] == [ANNA] * len(story.events)
    assert RECEIVED.text_sha256.encode() not in msgspec.json.encode(entries(story))
    assert TOKEN.encode() not in msgspec.json.encode(entries(story))


def test_a_name_that_was_never_given_cannot_be() -> None:
    history = History()
    history.add(OPENAI, ProviderVerified())
    with pytest.raises(ImpossibleHistoryError):
        entries(history)


def test_the_resource_has_the_fields_of_the_contract() -> None:
    contract = "position at actor action target result code requestId correlationId"
    assert [field.encode_name for field in msgspec.structs.fields(AuditEntry)] == contract.split()
