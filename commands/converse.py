"""Carry out what somebody says, answer it, or ask first whether it is meant."""

from collections.abc import Callable
from functools import reduce
from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from commands.chatting.answers import (
    Beside,
    beside,
    beside_again,
    ending,
    outcome_of,
    outcome_of_trial,
    received,
)
from commands.chatting.execution import Execution
from commands.chatting.planning import role_for
from commands.chatting.understanding import Understanding
from commands.handling import Handling, Session
from domain.chat.confirmation import SECRET_BYTES, action_of, hash_text, hash_token, write_token
from domain.chat.decisions import ConfirmationRefused, ask_again, confirm, decline, receive
from domain.chat.grammar.assent import assent
from domain.chat.grammar.parsing import parse
from domain.chat.intent import Intent, Language
from domain.chat.outcome import Outcome
from domain.chat.plan import Plan
from domain.chat.ports import ChatWorld, LanguageModel
from domain.chat.reasons import Reason
from domain.chat.redaction import without_secrets
from domain.chat.replies.replying import plan_words, reply
from domain.chat.said import MESSAGE_CHARS_MAX
from domain.chat.state import CHAT_ACTION, ChatAction, ChatStatus, evolve
from domain.chat.texts import ChatTexts, text_row
from domain.errors import BadRequest, ChatActionNotFound, Forbidden, Problem
from domain.events import Context

SALT_BYTES: Final = 16


class Converse(Struct, frozen=True, kw_only=True):
    """`message` may be left out beside `confirm`, which is the token that came with the question whether it is meant.

    `action_id` is for a message that may come again: if there is such a chat action already, it is that of this message.
    """

    message: str | None
    dry_run: bool = False
    confirm: str | None = None
    action_id: UUID | None = None


class Conversed(Struct, frozen=True, kw_only=True):
    """`token` and `plan_words` come with the question whether it is meant. `action_id` is None if nothing was stored."""

    outcome: Outcome
    reply: str
    run_ids: tuple[UUID, ...]
    action_id: UUID | None
    token: str | None = None
    plan_words: str | None = None


class ConverseHandler:
    """`random_bytes` are for salts and tokens."""

    def __init__(
        self,
        *,
        handling: Handling,
        world: ChatWorld,
        texts: ChatTexts,
        random_bytes: Callable[[int], bytes],
        model: LanguageModel | None = None,
    ) -> None:
        self._handling = handling
        self._texts = texts
        self._random_bytes = random_bytes
        self._understand = Understanding(handling=handling, world=world, model=model)
        self._execution = Execution(handling=handling, world=world)

    async def __call__(self, command: Converse, context: Context) -> Conversed:
        """Raises Forbidden, BadRequest, Busy, StoreOffline; after the last one the same again does what is left to be done."""
        text = _checked(command)
        if command.confirm is not None:
            return await self._decide(command.confirm, text, context)
        assert text is not None  # noqa: S101 - one of the two was given
        if command.dry_run:
            return await self._try(text, context)
        if command.action_id is not None and await self._handling.history(command.action_id):
            return await self._hear_again(command.action_id, text, context)
        return await self._hear(command.action_id or self._handling.new_id(), text, context)

    async def _try(self, text: str, context: Context) -> Conversed:
        understood = await self._understand(text, context)
        if understood.forbidden:
            raise _forbidden(understood.meaning.intent, None)
        return self._answer(None, outcome_of_trial(understood, now=self._handling.clock()))

    async def _hear(self, action_id: UUID, text: str, context: Context) -> Conversed:
        understood = await self._understand(text, context)
        salt = self._random_bytes(SALT_BYTES)
        heard = received(understood, caller=context.actor.id, text_sha256=hash_text(salt, text))
        token = self._new_token(action_id) if understood.asks else None

        async def decide(session: Session) -> ChatAction | None:
            state = await session.load(action_id, CHAT_ACTION)
            begun = receive(state, heard, ask=hash_token(token) if token else None, now=session.now)
            if not begun:
                return None
            action = reduce(evolve, begun[1:], evolve(None, heard))
            ended = () if token else ending(understood, action)
            session.append(action_id, *begun, *ended)
            session.write(text_row(action_id=action_id, salt=salt, text=text))
            return reduce(evolve, ended, action)

        action, _ = await self._handling.handle(decide, context=context)
        if action is None:
            return await self._hear_again(action_id, text, context)
        return await self._finish(action_id, action, known=beside(understood), token=token, context=context)

    async def _hear_again(self, action_id: UUID, text: str, context: Context) -> Conversed:
        """What was decided the first time stands, and is brought to its end; what was asked is asked with another token."""
        token = self._new_token(action_id)

        async def decide(session: Session) -> tuple[ChatAction, bool]:
            action = await session.load(action_id, CHAT_ACTION)
            if action is None or action.caller != context.actor.id:
                raise ChatActionNotFound
            asked = ask_again(action, token_sha256=hash_token(token), now=session.now)
            session.append(action_id, *asked)
            return reduce(evolve, asked, action), bool(asked)

        (action, asks), _ = await self._handling.handle(decide, context=context)
        known = Beside(unsure=parse(text).unsure)
        if action.plan == Plan():
            # It was only looked up, or not clear: what else there is to say about that is found again.
            known = beside_again(await self._understand(text, context), action)
        return await self._finish(action_id, action, known=known, token=token if asks else None, context=context)

    async def _finish(
        self, action_id: UUID, action: ChatAction, *, known: Beside, token: str | None, context: Context
    ) -> Conversed:
        if action.reason is Reason.FORBIDDEN:
            raise _forbidden(action.intent, action_id)
        if action.status in (ChatStatus.RECEIVED, ChatStatus.CONFIRMED):
            action = await self._execution(action_id, context)
        known = replace(known, found=known.found or await self._execution.found(action))
        outcome = outcome_of(action, language=action.language, now=self._handling.clock(), beside=known)
        return self._answer(action_id, outcome, token=token)

    async def _decide(self, token: str, text: str | None, context: Context) -> Conversed:
        """Do what was asked about, or do it not."""
        action_id = action_of(token)
        meant = await self._is_meant(action_id, text)
        language = parse(text).language if text else None
        if action_id is None or meant is None:
            return self._answer(None, _refused(Reason.CONFIRMATION_INVALID, language))

        async def decide(session: Session) -> tuple[ChatAction | None, Reason | None]:
            state = await session.load(action_id, CHAT_ACTION)
            caller, token_sha256 = context.actor.id, hash_token(token)
            try:
                events = (
                    confirm(state, caller=caller, token_sha256=token_sha256, now=session.now)
                    if meant
                    else decline(state, caller=caller, token_sha256=token_sha256)
                )
            except ConfirmationRefused as refused:
                return state, refused.reason
            session.append(action_id, *events)
            return reduce(evolve, events, state), None

        (action, reason), _ = await self._handling.handle(decide, context=context)
        if action is None or reason is Reason.CONFIRMATION_INVALID:
            return self._answer(None, _refused(Reason.CONFIRMATION_INVALID, language))
        if meant and action.status is ChatStatus.CONFIRMED:
            action = await self._execution(action_id, context)
        known = Beside(found=await self._execution.found(action))
        now = self._handling.clock()
        outcome = outcome_of(action, language=language or action.language, now=now, beside=known)
        if reason is not None:
            outcome = replace(outcome, accepted=False, reason=reason)
        return self._answer(action_id, outcome)

    async def _is_meant(self, action_id: UUID | None, text: str | None) -> bool | None:
        """Nothing said beside the token is a yes, and so is the same message again. None: neither a yes nor a no."""
        if text is None or action_id is None:
            return True
        said = assent(text)
        if said is None and (await self._texts.read((action_id,))).get(action_id) == text:
            return True
        return said

    def _new_token(self, action_id: UUID) -> str:
        return write_token(action_id, self._random_bytes(SECRET_BYTES))

    def _answer(self, action_id: UUID | None, outcome: Outcome, *, token: str | None = None) -> Conversed:
        asks = outcome.reason is Reason.CONFIRMATION_REQUIRED
        return Conversed(
            outcome=outcome,
            reply=reply(outcome),
            run_ids=outcome.run_ids,
            action_id=action_id,
            token=token if asks else None,
            plan_words=plan_words(outcome.plan, outcome.language) if asks else None,
        )


def _checked(command: Converse) -> str | None:
    """The message without what looks like a secret. Raises BadRequest."""
    if command.confirm is not None and command.dry_run:
        raise _unfit("/dryRun", "A confirmation is carried out or not sent.")
    if command.message is None:
        if command.confirm is None:
            raise _unfit("/message", "There is no message.")
        return None
    message = command.message.strip()
    if not 1 <= len(message) <= MESSAGE_CHARS_MAX:
        raise _unfit("/message", f"A message has 1 to {MESSAGE_CHARS_MAX} characters.")
    if "\0" in message:
        raise _unfit("/message", "A message holds no NUL character.")
    return without_secrets(message)


def _unfit(pointer: str, message: str) -> BadRequest:
    return BadRequest(message, problems=(Problem(pointer=pointer, message=message),))


def _forbidden(intent: Intent, action_id: UUID | None) -> Forbidden:
    required = role_for(intent.action)
    on_record = {} if action_id is None else {"chatActionId": str(action_id)}
    return Forbidden(f"This needs the role {required}.", extra={"requiredRole": required.value, **on_record})


def _refused(reason: Reason, language: Language | None) -> Outcome:
    """Of somebody else's action nothing is told."""
    return Outcome(language=language or Language.ENGLISH, accepted=False, reason=reason)
