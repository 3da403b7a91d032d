"""Turns many small requests into few large ones: what arrives during a round shares the next."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Generic, TypeVar

from domain.errors import Busy

Request = TypeVar("Request")
Answer = TypeVar("Answer")


class Coalescer(Generic[Request, Answer]):
    """At most one round is under way; it never waits for company, so an idle request pays nothing.

    Cancelling a caller drops its answer and nothing else: the round goes on.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Request]], Sequence[Answer]],
        *,
        executor: Executor,
        batch_max: int,
        waiting_max: int,
    ) -> None:
        self._run = run
        self._executor = executor
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._waiting: deque[tuple[Request, asyncio.Future[Answer]]] = deque()
        self._rounds: asyncio.Task[None] | None = None

    async def ask(self, request: Request) -> Answer:
        """Raises Busy when too many wait already, and whatever `run` raises for the whole round."""
        if len(self._waiting) >= self._waiting_max:
            raise Busy("Too many requests wait for the database; send this one again in a moment.")
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((request, future))
        if self._rounds is None:
            self._rounds = asyncio.create_task(self._work())
        return await future

    async def settle(self) -> None:
        """Wait until every round that was asked for has ended."""
        if self._rounds is not None:
            await self._rounds

    async def _work(self) -> None:
        try:
            while self._waiting:
                batch = [self._waiting.popleft() for _ in range(min(self._batch_max, len(self._waiting)))]
                await self._round(batch)
        finally:
            self._rounds = None

    async def _round(self, batch: list[tuple[Request, asyncio.Future[Answer]]]) -> None:
        requests = [request for request, _ in batch]
        try:
            answers = await asyncio.get_running_loop().run_in_executor(self._executor, self._run, requests)
        except Exception as error:  # noqa: BLE001 - every caller of the round gets it
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():
                future.set_result(answer)
