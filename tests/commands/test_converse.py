"""What is said is understood, stored, done and answered, once and in this order; and what may not be, is not."""

import hashlib
from typing import Any
from uuid import uuid4

import pytest
from msgspec.structs import replace

from commands.converse import Converse
from domain.chat.events import ChatCommandAccepted, ChatCommandReceived, ChatCommandRejected, ChatConfirmationAsked
from domain.chat.facts import ProvidersFound
from domain.chat.intent import Action, Intent, Language
from domain.chat.plan import InstallStep, Plan, StepRefused
from domain.chat.reasons import Reason
from domain.chat.texts import CHAT_TEXTS
from domain.errors import BadRequest, Code, Forbidden
from domain.events import Recorded, Role
from domain.install_run.events import RunQueued
from domain.provider.events import ProviderDeactivated
from tests.commands.chats import ANNA, BERT, ROOT, Chat, context_of
from tests.commands.world import NAME, World, names
from tests.kit.memory_provider import KEY

pytestmark = pytest.mark.anyio

INSTALL = f"install {NAME} on openai"
INSTALL_BOTH = f"install {NAME} on openai and backup"


@pytest.fixture
def chat(world: World) -> Chat:
    return Chat(world)


async def stored(chat: Chat, since: int) -> tuple[Recorded, ...]:
    return await chat.world.store.read(after=since, limit=1_000)


def texts(chat: Chat) -> list[dict[str, Any]]:
    return chat.world.store.rows.get(CHAT_TEXTS, [])


async def test_one_step_is_done_at_once_its_plan_stored_before(chat: Chat) -> None:
    before = await chat.world.store.head()
    conversed = await chat.say(INSTALL)
    received, queued, *_, accepted = await stored(chat, before)
    heard = received.event
    assert isinstance(heard, ChatCommandReceived)
    assert isinstance(queued.event, RunQueued)
    (step,) = heard.plan.steps
    assert isinstance(step, InstallStep)
    assert (heard.caller, heard.language, heard.parser) == ("anna", Language.ENGLISH, "grammar")
    assert heard.intent == Intent(action=Action.INSTALL, skills=(NAME,), providers=("openai",))
    assert accepted.event == ChatCommandAccepted(run_ids=(step.run_id,))
    assert (conversed.run_ids, conversed.action_id, conversed.token) == ((step.run_id,), received.stream, None)
    assert (conversed.outcome.accepted, conversed.outcome.reason, conversed.outcome.found) == (True, None, None)
    assert (queued.stream, queued.actor, queued.correlation_id) == (step.run_id, ANNA, received.correlation_id)
    assert {queued.causation_id, accepted.causation_id} == {received.id}


async def test_the_words_are_stored_beside_the_events_without_secrets(chat: Chat) -> None:
    action_id = (await chat.say(f"  {INSTALL} token={KEY} ")).action_id
    (row,) = texts(chat)
    (received,) = [one for one in await chat.world.events(action_id) if isinstance(one, ChatCommandReceived)]
    assert (row["action_id"], len(row["salt"]), KEY in row["text"]) == (action_id, 16, False)
    assert row["text"].startswith(f"{INSTALL} token=")
    assert received.text_sha256 == hashlib.sha256(row["salt"] + row["text"].encode()).hexdigest()


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("install no-such-skill on openai", Reason.UNKNOWN_SKILL),
        (f"install {NAME}@7 on openai", Reason.UNKNOWN_VERSION),
        (f"install {NAME} on narnia", Reason.UNKNOWN_PROVIDER),
        (f"install {NAME}", Reason.MISSING_PROVIDER),
        (f"don't install {NAME} on openai", Reason.NEGATED),
        (f"should I install {NAME} on openai?", Reason.QUESTION),
        ("?!?", Reason.NOT_UNDERSTOOD),
        (f"uninstall {NAME}", Reason.NOTHING_TO_DO),
        ("cancel run 01234567", Reason.UNKNOWN_RUN),
        ("yes", Reason.CONFIRMATION_INVALID),
        ("아니", Reason.CONFIRMATION_INVALID),
    ],
)
async def test_what_cannot_be_done_is_one_append_that_says_why(chat: Chat, message: str, reason: Reason) -> None:
    before = await chat.world.store.head()
    conversed = await chat.say(message)
    received, rejected = await stored(chat, before)
    assert isinstance(received.event, ChatCommandReceived)
    assert received.event.plan.steps == ()
    assert rejected.event == ChatCommandRejected(reason=reason)
    assert (received.causation_id, rejected.causation_id) == (None, None)
    assert (conversed.outcome.accepted, conversed.outcome.reason, conversed.run_ids) == (False, reason, ())
    assert (conversed.action_id, conversed.token, chat.rest.carried_out) == (received.stream, None, [])
    assert conversed.reply
    assert [row["text"] for row in texts(chat)] == [message]


@pytest.mark.parametrize(
    ("message", "unknown"),
    [
        ("install release-notez on openai", "release-notez"),
        (f"install {NAME}@abad1deaabad1dea on openai", "abad1deaabad1dea"),
        ("cancel run 0198a7c2-1f00-7c3a-9a51-0a1b2c3d4e5f", "0198a7c2-1f00-7c3a-9a51-0a1b2c3d4e5f"),
    ],
    ids=["skill", "version", "run"],
)
async def test_words_that_name_nothing_are_in_the_answer_and_in_no_event(
    chat: Chat, message: str, unknown: str
) -> None:
    before = await chat.world.store.head()
    conversed = await chat.say(message)
    assert conversed.outcome.unknown == (unknown,)
    for recorded in await stored(chat, before):
        assert unknown not in repr(recorded)


async def test_what_is_asked_after_is_answered_in_one_append(chat: Chat) -> None:
    run_id = await chat.install("openai")
    before = await chat.world.store.head()
    conversed = await chat.say(f"is {NAME} installed on openai?")
    received, accepted = await stored(chat, before)
    assert isinstance(received.event, ChatCommandReceived)
    assert (received.event.plan, accepted.event) == (Plan(), ChatCommandAccepted())
    assert (conversed.outcome.accepted, conversed.run_ids) == (True, ())
    assert str(run_id) in conversed.reply


async def test_what_is_under_way_already_is_accepted_with_the_run_that_is_at_it(chat: Chat) -> None:
    run_id = await chat.queue("openai", by=BERT)
    before = await chat.world.store.head()
    conversed = await chat.say(INSTALL)
    _, accepted = await stored(chat, before)
    assert accepted.event == ChatCommandAccepted(run_ids=(run_id,))
    assert (conversed.outcome.accepted, conversed.run_ids, chat.rest.carried_out) == (True, (run_id,), [])
    (skipped,) = conversed.outcome.plan.skipped
    assert (skipped.reason, skipped.run_id) == (Reason.ALREADY_RUNNING, run_id)


async def test_what_is_under_way_in_part_is_accepted_with_both_runs(chat: Chat) -> None:
    theirs = await chat.queue("openai", by=BERT)
    conversed = await chat.say(INSTALL_BOTH)
    (step, _), *others = chat.rest.carried_out
    assert isinstance(step, InstallStep)
    assert (conversed.run_ids, others) == ((step.run_id, theirs), [])


async def test_an_inactive_connection_refuses_with_its_code(chat: Chat) -> None:
    await chat.world.happen_to("openai", ProviderDeactivated(requested=True))
    conversed = await chat.say(INSTALL)
    assert (conversed.outcome.accepted, conversed.outcome.reason) == (False, Reason.PROVIDER_INACTIVE)
    last = (await chat.world.events(conversed.action_id))[-1]
    assert last == ChatCommandRejected(reason=Reason.PROVIDER_INACTIVE, code=Code.CONFLICT_PROVIDER)


async def test_a_part_of_a_run_is_refused_with_what_can_be_said_instead(chat: Chat) -> None:
    run_id = await chat.queue("openai", "backup")
    conversed = await chat.say(f"cancel {NAME} on openai")
    assert (conversed.outcome.accepted, conversed.outcome.reason) == (False, Reason.WHOLE_RUN_ONLY)
    (candidate,) = conversed.outcome.candidates
    asked = await chat.say(f"cancel run {candidate}")
    assert asked.outcome.reason is Reason.CONFIRMATION_REQUIRED
    assert asked.outcome.intent.run_id == run_id


async def test_what_is_refused_while_it_is_done_is_said_with_its_code(chat: Chat) -> None:
    await chat.install("openai")
    asked = await chat.say(f"uninstall {NAME} from openai")
    await chat.world.happen_to("openai", ProviderDeactivated(requested=True))
    conversed = await chat.confirm(asked.token)
    refusals = (StepRefused(step=0, code=Code.CONFLICT_PROVIDER),)
    rejected = ChatCommandRejected(reason=Reason.PROVIDER_INACTIVE, code=Code.CONFLICT_PROVIDER, refusals=refusals)
    assert (await chat.world.events(asked.action_id))[-1] == rejected
    assert (conversed.outcome.accepted, conversed.outcome.refusals) == (False, refusals)


@pytest.mark.parametrize(
    ("message", "accepted", "reason"),
    [
        (INSTALL, True, Reason.DRY_RUN),
        (INSTALL_BOTH, True, Reason.DRY_RUN),
        ("list the skills", True, Reason.DRY_RUN),
        ("install no-such-skill on openai", False, Reason.UNKNOWN_SKILL),
        (f"uninstall {NAME} from openai", False, Reason.NOTHING_TO_DO),
    ],
    ids=["one", "asked_about", "only_asked", "unknown", "nothing"],
)
async def test_a_dry_run_says_what_would_be_and_stores_nothing(
    chat: Chat,
    message: str,
    accepted: bool,  # noqa: FBT001
    reason: Reason,
) -> None:
    before = await chat.world.store.head()
    conversed = await chat.say(message, dry_run=True, action_id=uuid4())
    assert (conversed.outcome.accepted, conversed.outcome.reason) == (accepted, reason)
    assert (conversed.action_id, conversed.token, conversed.plan_words, conversed.run_ids) == (None, None, None, ())
    assert (await chat.world.store.head(), texts(chat), chat.rest.carried_out) == (before, [], [])
    assert conversed.outcome.dry_run
    assert conversed.outcome.asks_first is (message == INSTALL_BOTH)


async def test_a_dry_run_of_what_is_under_way_names_no_run_as_its_own(chat: Chat) -> None:
    await chat.queue("openai")
    conversed = await chat.say(INSTALL, dry_run=True)
    assert (conversed.outcome.accepted, conversed.run_ids, conversed.outcome.run_ids) == (True, (), ())


async def test_what_the_role_may_not_do_is_stored_as_that_and_refused(chat: Chat) -> None:
    before = await chat.world.store.head()
    with pytest.raises(Forbidden) as refused:
        await chat.say("verify openai")
    received, rejected = await stored(chat, before)
    assert isinstance(received.event, ChatCommandReceived)
    assert received.event.intent == Intent(action=Action.VERIFY, providers=("openai",))
    assert rejected.event == ChatCommandRejected(reason=Reason.FORBIDDEN, code=Code.FORBIDDEN)
    assert refused.value.extra == {"chatActionId": str(received.stream), "requiredRole": "admin"}
    assert chat.rest.carried_out == []


async def test_a_dry_run_of_what_the_role_may_not_do_is_refused_too(chat: Chat) -> None:
    before = await chat.world.store.head()
    with pytest.raises(Forbidden) as refused:
        await chat.say("verify openai", dry_run=True)
    assert refused.value.extra == {"requiredRole": "admin"}
    assert await chat.world.store.head() == before


@pytest.mark.parametrize(
    ("message", "role"),
    [(INSTALL, None), (INSTALL, Role.VIEWER), ("list the skills", None), ("verify narnia", Role.OPERATOR)],
    ids=["nobody_installs", "a_viewer_installs", "nobody_looks", "an_operator_verifies_what_is_not_there"],
)
async def test_nobody_does_by_saying_so_what_the_role_does_not_allow(
    chat: Chat, message: str, role: Role | None
) -> None:
    with pytest.raises(Forbidden):
        await chat.say(message, by=replace(ANNA, role=role))
    assert chat.rest.carried_out == []


async def test_an_admin_verifies_and_is_told_how_it_is(chat: Chat) -> None:
    await chat.world.happen_to("openai", ProviderDeactivated(requested=False))
    conversed = await chat.say("verify openai", by=ROOT)
    assert (conversed.outcome.accepted, conversed.run_ids) == (True, ())
    found = conversed.outcome.found
    assert isinstance(found, ProvidersFound)
    assert [(provider.name, provider.active) for provider in found.items] == [("openai", True)]


async def test_a_verification_that_was_asked_about_says_how_it_is_too(chat: Chat) -> None:
    asked = await chat.say("could you verify openai?", by=ROOT)
    conversed = await chat.confirm(asked.token, by=ROOT)
    found = conversed.outcome.found
    assert isinstance(found, ProvidersFound)
    assert [provider.name for provider in found.items] == ["openai"]


@pytest.mark.parametrize(
    ("command", "pointer"),
    [
        (Converse(message=None), "/message"),
        (Converse(message=" \n"), "/message"),
        (Converse(message="x" * 1001), "/message"),
        (Converse(message=None, confirm="x", dry_run=True), "/dryRun"),
    ],
    ids=["none", "blank", "too_long", "a_trial_of_a_yes"],
)
async def test_what_is_no_message_is_refused(chat: Chat, command: Converse, pointer: str) -> None:
    before = await chat.world.store.head()
    with pytest.raises(BadRequest) as refused:
        await chat.handler(command, context_of(ANNA))
    assert [problem.pointer for problem in refused.value.problems] == [pointer]
    assert await chat.world.store.head() == before


async def test_whoever_asks_for_more_than_one_place_is_asked_first(chat: Chat) -> None:
    before = await chat.world.store.head()
    asked = await chat.say(INSTALL_BOTH)
    received, question = await stored(chat, before)
    assert names([received.event, question.event]) == ["ChatCommandReceived", "ChatConfirmationAsked"]
    assert isinstance(question.event, ChatConfirmationAsked)
    assert asked.token is not None
    assert question.event.token_sha256 == hashlib.sha256(asked.token.encode()).hexdigest()
    assert asked.token not in str(received) + str(question)
    assert (asked.outcome.accepted, asked.outcome.reason) == (False, Reason.CONFIRMATION_REQUIRED)
    assert (asked.outcome.expires_at, asked.outcome.asks_first) == (question.event.expires_at, True)
    assert (asked.run_ids, chat.rest.carried_out) == ((), [])
    assert asked.plan_words is not None
    assert NAME in asked.plan_words
