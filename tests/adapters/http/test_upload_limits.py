"""How many large uploads one key may have under way, and that small ones never wait for them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

import pytest

from adapters.http.requests import BODY_BYTES_MAX
from adapters.http.upload_limits import UPLOADS_MAX, UPLOADS_PER_KEY_MAX
from domain.events import Role
from tests.adapters.http.serving import Api, open_client, skill_files
from tests.kit.waiting import eventually

pytestmark = pytest.mark.anyio

LARGE: Final = BODY_BYTES_MAX + 1
ANSWER_SECONDS: Final = 10.0


@asynccontextmanager
async def uploading(api: Api, key: str, *, chunked: bool = False) -> AsyncIterator[bytes]:
    """An upload that began and does not go on; what it was told: to continue, once it has its place, or why not."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(api.url.rpartition(":")[2]))
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {LARGE}"
    head = ("POST /api/skills HTTP/1.1", "Host: waybill", f"Authorization: Bearer {key}", length)
    writer.write("\r\n".join((*head, "Content-Type: application/json", "Expect: 100-continue", "", "")).encode())
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            told = await reader.readuntil(b"\r\n\r\n")
        yield told
    finally:
        writer.close()
        await writer.wait_closed()


async def admitted(stack: AsyncExitStack, api: Api, key: str, *, chunked: bool = False) -> bool:
    """Whether one more may begin, as long as the stack lasts."""
    told = await stack.enter_async_context(uploading(api, key, chunked=chunked))
    if told == b"HTTP/1.1 100 Continue\r\n\r\n":
        return True
    assert told.startswith(b"HTTP/1.1 429 Too Many Requests")
    assert b"retry-after: 5\r\n" in told
    return False


async def new_keys(api: Api, count: int, *, of: str) -> list[str]:
    return [await api.new_key(f"{of}{number}", Role.ADMIN) for number in range(count)]


async def test_a_key_has_so_many_large_uploads_and_no_more(api: Api) -> None:
    [key, other] = await new_keys(api, 2, of="upload")
    async with AsyncExitStack() as stack:
        for chunked in (False, True):
            assert await admitted(stack, api, key, chunked=chunked)
        assert not await admitted(stack, api, key)
        assert not await admitted(stack, api, key, chunked=True)
        assert await admitted(stack, api, other)
        async with open_client(api.url, key) as client:
            small = await client.post("/api/skills", json=skill_files("small-one"))
            assert small.status_code == 201, small.text

    async def free_again() -> bool:
        async with AsyncExitStack() as stack:
            return await admitted(stack, api, key)

    await eventually(free_again, ANSWER_SECONDS)


async def test_all_keys_together_have_no_more_than_there_is_room_for(api: Api) -> None:
    keys = await new_keys(api, UPLOADS_MAX // UPLOADS_PER_KEY_MAX + 1, of="crowd")

    async def filled() -> bool:
        """What the test before left is gone soon."""
        async with AsyncExitStack() as stack:
            found = [await admitted(stack, api, key) for key in keys[:-1] for _ in range(UPLOADS_PER_KEY_MAX)]
            return all(found) and not await admitted(stack, api, keys[-1])

    await eventually(filled, ANSWER_SECONDS)


def test_the_contract_says_how_many() -> None:
    assert (UPLOADS_PER_KEY_MAX, UPLOADS_MAX) == (2, 8)
