"""What every store of idempotency keys must do. Subclass it in a module with the fixture `keys`, where none is known."""

import asyncio
from uuid import UUID, uuid4

import pytest

from domain.idempotency import IdempotencyKeys, KeptAnswer, KeyClaim, KeyUse
from tests.kit.waiting import eventually

LONG_SECONDS = 60.0
SHORT_SECONDS = 0.1
SOON_SECONDS = 5.0
CALLERS = 20
SENT, OTHER = b"what was sent", b"something else"
ANSWER = KeptAnswer(status=202, headers={"Location": "/api/install-runs/1"}, body='{"name": "구단"}\0'.encode())


async def claim(
    keys: IdempotencyKeys,
    key_id: UUID,
    *,
    sent: bytes = SENT,
    seconds: float = LONG_SECONDS,
    kept_seconds: float = LONG_SECONDS,
) -> KeyClaim | KeptAnswer | KeyUse:
    return await keys.claim(
        key_id=key_id, fingerprint=sent, claim_id=uuid4(), seconds=seconds, kept_seconds=kept_seconds
    )


async def claimed(keys: IdempotencyKeys, key_id: UUID, **how: float) -> KeyClaim:
    outcome = await claim(keys, key_id, **how)  # type: ignore[arg-type]
    assert isinstance(outcome, KeyClaim)
    return outcome


async def claimed_soon(keys: IdempotencyKeys, key_id: UUID, *, sent: bytes = SENT) -> KeyClaim:
    """As soon as the one who has it now is not heard of any more."""
    claims: list[KeyClaim] = []

    async def is_claimed() -> bool:
        outcome = await claim(keys, key_id, sent=sent)
        claims.extend([outcome] if isinstance(outcome, KeyClaim) else [])
        return bool(claims)

    await eventually(is_claimed, SOON_SECONDS)
    return claims[0]


class IdempotencyConformance:
    pytestmark = pytest.mark.anyio

    async def test_of_those_who_come_at_once_one_has_the_claim(self, keys: IdempotencyKeys) -> None:
        key_id = uuid4()
        outcomes = await asyncio.gather(*(claim(keys, key_id) for _ in range(CALLERS)))
        (first,) = [outcome for outcome in outcomes if isinstance(outcome, KeyClaim)]
        assert first.is_first
        assert outcomes.count(KeyUse.IN_FLIGHT) == CALLERS - 1

    async def test_keys_are_independent(self, keys: IdempotencyKeys) -> None:
        one, other = await claimed(keys, uuid4()), await claimed(keys, uuid4())
        assert one.made_id != other.made_id
        assert await keys.keep(one, ANSWER, kept_seconds=LONG_SECONDS)
        assert await claim(keys, other.key_id) is KeyUse.IN_FLIGHT

    async def test_who_comes_later_gets_the_answer_as_it_was(self, keys: IdempotencyKeys) -> None:
        first = await claimed(keys, uuid4())
        assert await keys.keep(first, ANSWER, kept_seconds=LONG_SECONDS)
        for _ in range(2):
            assert await claim(keys, first.key_id) == ANSWER

    async def test_an_answer_outlives_the_claim(self, keys: IdempotencyKeys) -> None:
        first = await claimed(keys, uuid4(), seconds=SHORT_SECONDS)
        assert await keys.keep(first, ANSWER, kept_seconds=LONG_SECONDS)
        witness = await claimed(keys, uuid4(), seconds=SHORT_SECONDS)
        await claimed_soon(keys, witness.key_id)
        assert await claim(keys, first.key_id) == ANSWER

    @pytest.mark.parametrize("state", ["in flight", "released", "answered"])
    async def test_another_request_is_told_apart(self, keys: IdempotencyKeys, state: str) -> None:
        first = await claimed(keys, uuid4())
        if state == "released":
            await keys.release(first)
        if state == "answered":
            await keys.keep(first, ANSWER, kept_seconds=LONG_SECONDS)
        assert await claim(keys, first.key_id, sent=OTHER) is KeyUse.OTHER_REQUEST

    async def test_what_nothing_came_of_was_never_there(self, keys: IdempotencyKeys) -> None:
        first = await claimed(keys, uuid4())
        await keys.forget(first)
        other = await claim(keys, first.key_id, sent=OTHER)
        assert isinstance(other, KeyClaim)
        assert other.is_first
        assert other.made_id != first.made_id

    async def test_what_is_released_is_carried_out_again_under_the_same_id(self, keys: IdempotencyKeys) -> None:
        first = await claimed(keys, uuid4())
        await keys.release(first)
        second = await claimed(keys, first.key_id)
        assert (second.made_id, second.is_first) == (first.made_id, False)

    async def test_who_is_not_heard_of_in_time_loses_the_claim_but_not_the_id(self, keys: IdempotencyKeys) -> None:
        frozen = await claimed(keys, uuid4(), seconds=SHORT_SECONDS)
        second = await claimed_soon(keys, frozen.key_id)
        assert (second.made_id, second.is_first) == (frozen.made_id, False)
        assert not await keys.renew(frozen, seconds=LONG_SECONDS)
        assert not await keys.keep(frozen, ANSWER, kept_seconds=LONG_SECONDS)
        await keys.release(frozen)
        await keys.forget(frozen)
        assert await claim(keys, frozen.key_id) is KeyUse.IN_FLIGHT
        assert await keys.keep(second, ANSWER, kept_seconds=LONG_SECONDS)

    async def test_a_renewed_claim_outlives_its_first_time(self, keys: IdempotencyKeys) -> None:
        renewed = await claimed(keys, uuid4(), seconds=SHORT_SECONDS)
        assert await keys.renew(renewed, seconds=LONG_SECONDS)
        witness = await claimed(keys, uuid4(), seconds=SHORT_SECONDS)
        await claimed_soon(keys, witness.key_id)
        assert await claim(keys, renewed.key_id) is KeyUse.IN_FLIGHT

    async def test_an_answer_stands_whatever_its_claim_says_later(self, keys: IdempotencyKeys) -> None:
        first = await claimed(keys, uuid4())
        assert await keys.keep(first, ANSWER, kept_seconds=LONG_SECONDS)
        assert not await keys.renew(first, seconds=LONG_SECONDS)
        assert not await keys.keep(first, KeptAnswer(status=200, headers={}, body=b""), kept_seconds=LONG_SECONDS)
        await keys.release(first)
        await keys.forget(first)
        assert await claim(keys, first.key_id) == ANSWER

    async def test_a_key_whose_time_is_over_is_as_good_as_new(self, keys: IdempotencyKeys) -> None:
        first = await claimed(keys, uuid4())
        assert await keys.keep(first, ANSWER, kept_seconds=SHORT_SECONDS)
        second = await claimed_soon(keys, first.key_id, sent=OTHER)
        assert second.is_first
        assert second.made_id != first.made_id
        assert await claim(keys, first.key_id, sent=OTHER) is KeyUse.IN_FLIGHT
        other = KeptAnswer(status=200, headers={}, body=b"{}")
        assert await keys.keep(second, other, kept_seconds=LONG_SECONDS)
        assert await claim(keys, first.key_id, sent=OTHER) == other
