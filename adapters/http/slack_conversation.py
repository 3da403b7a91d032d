"""Carries out what is said in Slack: answered in time or later, as the key that the user stands for, and followed to its end."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import UUID, uuid5

import structlog
from msgspec import Struct

from adapters.http import slack_messages as say
from adapters.http.authentication import require_role
from adapters.http.tracing import Trace
from commands.converse import Converse, Conversed
from domain.chat.grammar.parsing import parse
from domain.chat.intent import Language
from domain.errors import Unauthorized, WaybillError
from domain.events import WAYBILL_NAMESPACE, Actor, Context, Role

# Slack waits three seconds for an answer.
ANSWER_SECONDS: Final = 2.0
CONVERSATIONS_MAX: Final = 100
CLOSE_SECONDS: Final = 5.0

log = structlog.get_logger(__name__)


class Spoken(Struct, frozen=True, kw_only=True):
    """`user` is `team/user`; `delivery` is the same when Slack delivers the same again. `confirm` is the token of a pressed button."""

    user: str
    text: str
    delivery: str
    response_url: str
    confirm: str | None = None


class Slack:
    """`users` maps `team/user` to the id of the key that the user stands for, `holder_of` an id to who holds it. `follow` waits for
    runs to end and says how they did. What takes longer than an answer may is posted when it is done, as far as this process lives.
    """

    def __init__(
        self,
        *,
        is_genuine: Callable[..., bool],
        users: Mapping[str, str],
        holder_of: Callable[[str], Awaitable[Actor]],
        converse: Callable[[Converse, Context], Awaitable[Conversed]],
        follow: Callable[[tuple[UUID, ...], Language], Awaitable[str | None]],
        post: Callable[[str, dict[str, Any]], Awaitable[None]],
    ) -> None:
        self.is_genuine = is_genuine
        self._users = users
        self._holder_of = holder_of
        self._converse = converse
        self._follow = follow
        self._post = post
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()

    async def hear(self, spoken: Spoken, trace: Trace) -> dict[str, Any]:
        """The answer, or that it comes later."""
        language = parse(spoken.text).language
        if len(self._tasks) >= CONVERSATIONS_MAX:
            return say.message(say.BUSY[language])
        answered: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(self._carry_out(spoken, trace, answered))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await asyncio.shield(answered)
        except TimeoutError:
            # Whoever carries it out sees that nobody waits any more, and posts.
            answered.cancel()
            return say.message(say.WORKING[language])

    async def close(self) -> None:
        """Those under way have a moment left; runs are followed no further."""
        self._closing.set()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_SECONDS)
        for task in self._tasks:
            task.cancel()

    async def _carry_out(self, spoken: Spoken, trace: Trace, answered: "asyncio.Future[dict[str, Any]]") -> None:
        language = parse(spoken.text).language
        try:
            conversed = await self._say(spoken, trace)
            language = conversed.outcome.language
            await self._answer(_shown(conversed, replaces=spoken.confirm is not None), spoken, answered)
            if conversed.outcome.accepted and conversed.run_ids:
                await self._follow_up(conversed.run_ids, spoken, language)
        except WaybillError as error:
            detail = say.FAILED[language].format(detail=error.detail, code=error.code)
            if isinstance(error, Unauthorized):
                detail = say.STRANGER[language].format(user=spoken.user)
            await self._answer(say.message(detail), spoken, answered)
        except Exception as error:
            log.exception("slack_message_failed", error=type(error).__name__, request_id=trace.request_id)
            text = say.UNEXPECTED[language].format(request_id=trace.request_id)
            await self._answer(say.message(text), spoken, answered)

    async def _follow_up(self, run_ids: tuple[UUID, ...], spoken: Spoken, language: Language) -> None:
        """Say how the runs ended, unless this process ends before they do."""
        following = asyncio.ensure_future(self._follow(run_ids, language))
        closing = asyncio.create_task(self._closing.wait())
        await asyncio.wait((following, closing), return_when=asyncio.FIRST_COMPLETED)
        closing.cancel()
        if not following.done():
            following.cancel()
        elif (ended := following.result()) is not None:
            await self._post(spoken.response_url, say.message(ended, everybody=True))

    async def _say(self, spoken: Spoken, trace: Trace) -> Conversed:
        """Raises Unauthorized for a user who stands for no key, Forbidden, and what the command raises."""
        key_id = self._users.get(spoken.user)
        if key_id is None:
            raise Unauthorized
        actor = await self._holder_of(key_id)
        require_role(actor, Role.OPERATOR)
        context = Context(actor=actor, request_id=trace.request_id, correlation_id=trace.correlation_id)
        command = Converse(
            message=spoken.text,
            confirm=spoken.confirm,
            action_id=None if spoken.confirm else uuid5(WAYBILL_NAMESPACE, f"slack:{spoken.user}:{spoken.delivery}"),
        )
        return await self._converse(command, context)

    async def _answer(
        self, message: dict[str, Any], spoken: Spoken, answered: "asyncio.Future[dict[str, Any]]"
    ) -> None:
        if spoken.confirm is None and not answered.done():
            answered.set_result(message)
            return
        # A message with buttons is replaced through its address, and not by the answer to the press.
        if not answered.done():
            answered.set_result({})
        await self._post(spoken.response_url, message)


def _shown(conversed: Conversed, *, replaces: bool) -> dict[str, Any]:
    if conversed.token is not None:
        return say.question(conversed.reply, token=conversed.token, language=conversed.outcome.language)
    done = conversed.outcome.accepted and conversed.outcome.intent.action.changes
    return say.message(conversed.reply, everybody=done, replaces=replaces and not done)
