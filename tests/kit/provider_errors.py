"""What every provider's failures must come to, row by row, each brought about over HTTP by the sandbox or a canned reply."""

import gzip
import socket
import traceback
from collections.abc import AsyncIterator
from typing import Any, ClassVar, Final, NamedTuple

import pytest

from adapters.providers.failures import RETRY_AFTER_SECONDS_MAX
from adapters.providers.redaction import MESSAGE_CHARS_MAX, WEB_PAGE
from adapters.sandbox.app import DIALECTS
from adapters.sandbox.dialect import ProviderError as Refusal
from domain.errors import Code
from domain.installation.events import Receipt
from domain.ports import ProviderError
from domain.provider.events import ProviderKind
from tests.kit.canned import CannedServer
from tests.kit.providing import DEADLINE_SECONDS, SHORT_DEADLINE_SECONDS, bundle_of, intent_for, opened_at, provider_at
from tests.kit.sandboxed import Served, serving

BUNDLE: Final = bundle_of()
INTENT: Final = intent_for(BUNDLE)
RECEIPT: Final = Receipt(remote_id="skill-1", remote_version="1")


class Row(NamedTuple):
    """What the provider answers to a write, `said` being its own code for it, and what that comes to."""

    status: int
    code: Code
    said: str | None = None
    retryable: bool = False
    ambiguous: bool = False
    retry_after_seconds: int | None = None


# What a status says at all of them, when the provider's own code adds nothing.
COMMON_ROWS: Final = (
    Row(400, Code.PROVIDER_INVALID_SKILL),
    Row(401, Code.PROVIDER_UNAUTHORIZED),
    Row(402, Code.PROVIDER_QUOTA_EXCEEDED),
    Row(403, Code.PROVIDER_FORBIDDEN),
    Row(404, Code.PROVIDER_NOT_FOUND),
    Row(408, Code.PROVIDER_TIMEOUT, retryable=True, ambiguous=True),
    Row(409, Code.PROVIDER_CONFLICT, ambiguous=True),
    Row(413, Code.PROVIDER_TOO_LARGE),
    Row(415, Code.PROVIDER_MISCONFIGURED),
    Row(422, Code.PROVIDER_INVALID_SKILL),
    Row(429, Code.PROVIDER_RATE_LIMIT, retryable=True, retry_after_seconds=7),
    Row(500, Code.PROVIDER_INTERNAL, retryable=True, ambiguous=True),
    Row(502, Code.PROVIDER_INTERNAL, retryable=True, ambiguous=True),
    Row(503, Code.PROVIDER_OVERLOADED, retryable=True, ambiguous=True),
    Row(503, Code.PROVIDER_OVERLOADED, retryable=True, ambiguous=True, retry_after_seconds=30),
    Row(504, Code.PROVIDER_INTERNAL, retryable=True, ambiguous=True),
    Row(520, Code.PROVIDER_INTERNAL, retryable=True, ambiguous=True),
)
FAULTS: Final = (
    ("html", Code.PROVIDER_INTERNAL),
    ("drop_before", Code.PROVIDER_OFFLINE),
    ("drop_after", Code.PROVIDER_OFFLINE),
    ("garbage", Code.PROVIDER_BAD_RESPONSE),
    ("drip", Code.PROVIDER_TIMEOUT),
    ("hang", Code.PROVIDER_TIMEOUT),
)
NOT_OF_AN_API: Final = (
    (200, b"<!DOCTYPE html><html>Sign in</html>"),
    (204, b""),
    (200, b"[]"),
    (200, b"null"),
    (200, b'{"id": '),
    (200, b"\xff\xfe"),
)


class ProviderErrors:
    """A subclass says where its sandbox is, as in `ProviderConformance`, and which rows hold beside COMMON_ROWS."""

    pytestmark = pytest.mark.anyio

    kind: ClassVar[ProviderKind]
    path: ClassVar[str]
    key: ClassVar[str]
    rows: ClassVar[tuple[Row, ...]]

    @pytest.fixture(scope="class")
    async def sandbox(self, anyio_backend: str) -> AsyncIterator[Served]:
        """One for all rows: each uses up its fault, and none looks at what is live."""
        async with serving(None) as served:
            yield served

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if "row" in metafunc.fixturenames:
            rows = (*COMMON_ROWS, *self.rows)
            metafunc.parametrize("row", rows, ids=[f"{row.status}-{row.said}" for row in rows])

    async def test_a_status_of_a_write(self, sandbox: Served, row: Row) -> None:
        await self._fault(sandbox, "status", writing=True, **_told_by(row))
        number = len(await sandbox.calls())
        error = await self._refusal(f"{sandbox.url}{self.path}", writing=True)
        assert outcome(error) == (row.code, row.retryable, row.ambiguous)
        assert error.message == f"The sandbox was told to answer {row.status}."
        assert error.request_id
        assert error.retry_after_seconds == row.retry_after_seconds
        assert [call["operation"] for call in (await sandbox.calls())[number:]].count("create_skill") == 1

    async def test_a_status_of_a_read_is_never_ambiguous_nor_about_the_skill(self, sandbox: Served, row: Row) -> None:
        await self._fault(sandbox, "status", writing=False, **_told_by(row))
        number = len(await sandbox.calls())
        expected = Code.PROVIDER_MISCONFIGURED if row.code is Code.PROVIDER_INVALID_SKILL else row.code
        error = await self._refusal(f"{sandbox.url}{self.path}", writing=False)
        assert outcome(error) == (expected, row.retryable, False)
        assert error.retry_after_seconds == row.retry_after_seconds
        assert len(await sandbox.calls()) == number + 1

    @pytest.mark.parametrize(
        ("status", "code", "ambiguous"),
        [
            (400, Code.PROVIDER_MISCONFIGURED, False),
            (422, Code.PROVIDER_MISCONFIGURED, False),
            (500, Code.PROVIDER_INTERNAL, True),
        ],
    )
    async def test_a_status_of_a_removal_is_not_about_the_skill(
        self, sandbox: Served, *, status: int, code: Code, ambiguous: bool
    ) -> None:
        intent = intent_for(BUNDLE)
        async with opened_at(provider_at(f"{sandbox.url}{self.path}", kind=self.kind, key=self.key)) as adapter:
            receipt = await adapter.install(BUNDLE, intent)
            await sandbox.fault("status", provider=self.kind, operation="delete_skill", status=status)
            with pytest.raises(ProviderError) as caught:
                await adapter.uninstall(receipt)
        assert (caught.value.code, caught.value.ambiguous) == (code, ambiguous)

    @pytest.mark.parametrize(("fault", "code"), FAULTS)
    @pytest.mark.parametrize("writing", [True, False])
    async def test_a_fault_on_the_way(self, sandbox: Served, *, fault: str, code: Code, writing: bool) -> None:
        more = {"delaySeconds": 2 * SHORT_DEADLINE_SECONDS} if fault == "hang" else {}
        await self._fault(sandbox, fault, writing=writing, **more)
        deadline_seconds = SHORT_DEADLINE_SECONDS if code is Code.PROVIDER_TIMEOUT else DEADLINE_SECONDS
        url = f"{sandbox.url}{self.path}"
        error = await self._refusal(url, writing=writing, deadline_seconds=deadline_seconds)
        assert outcome(error) == (code, True, writing)
        assert "<" not in error.message

    async def test_a_page_of_a_proxy_is_told_in_a_sentence(self, sandbox: Served) -> None:
        await self._fault(sandbox, "html", writing=True, status=520, retryAfterSeconds=7)
        error = await self._refusal(f"{sandbox.url}{self.path}", writing=True)
        assert (error.message, error.retry_after_seconds) == (f"HTTP 520: {WEB_PAGE}", 7)

    async def test_a_huge_retry_after_is_capped(self, canned: CannedServer) -> None:
        canned.will_answer(429, self._body(429, "later"), retry_after="1e9")
        assert (await self._refusal(canned.url, writing=True)).retry_after_seconds == RETRY_AFTER_SECONDS_MAX

    async def test_nothing_is_repeated_by_itself(self, canned: CannedServer) -> None:
        canned.will_answer(500, self._body(500, "no"), x_should_retry="true", retry_after_ms="1")
        await self._refusal(canned.url, writing=False)
        assert len(canned.requests) == 1

    async def test_a_redirect_is_not_followed(self, canned: CannedServer) -> None:
        canned.will_answer(307, location="http://169.254.169.254/latest/meta-data")
        error = await self._refusal(canned.url, writing=True)
        assert outcome(error) == (Code.PROVIDER_MISCONFIGURED, False, False)
        assert "redirects are not followed" in error.message
        assert len(canned.requests) == 1

    @pytest.mark.parametrize("body", [b"<html><body>nginx</body></html>", b'{"detail": "Not Found"}', b""])
    async def test_a_404_that_is_not_the_providers_own_does_not_mean_missing(
        self, canned: CannedServer, body: bytes
    ) -> None:
        canned.will_answer(404, body, content_type="text/html")
        async with opened_at(provider_at(canned.url, kind=self.kind, key=self.key)) as adapter:
            with pytest.raises(ProviderError) as caught:
                await adapter.status(RECEIPT)
        assert outcome(caught.value) == (Code.PROVIDER_BAD_RESPONSE, True, False)

    @pytest.mark.parametrize(("status", "body"), NOT_OF_AN_API)
    @pytest.mark.parametrize("writing", [True, False])
    async def test_a_success_must_be_one_of_the_api(
        self, canned: CannedServer, *, status: int, body: bytes, writing: bool
    ) -> None:
        canned.will_answer(status, body)
        error = await self._refusal(canned.url, writing=writing)
        assert outcome(error) == (Code.PROVIDER_BAD_RESPONSE, True, writing)

    async def test_a_page_of_a_proxy_is_not_an_empty_list(self, canned: CannedServer) -> None:
        canned.will_answer(200, b"<html>Sign in</html>", content_type="text/html")
        async with opened_at(provider_at(canned.url, kind=self.kind, key=self.key)) as adapter:
            with pytest.raises(ProviderError) as caught:
                await adapter.find(INTENT)
        assert outcome(caught.value) == (Code.PROVIDER_BAD_RESPONSE, True, False)

    async def test_a_compressed_reply_is_not_unpacked(self, canned: CannedServer) -> None:
        canned.will_answer(200, gzip.compress(b"{}"), content_encoding="gzip")
        assert outcome(await self._refusal(canned.url, writing=True)) == (Code.PROVIDER_BAD_RESPONSE, True, True)
        assert canned.requests[0].headers["accept-encoding"] == "identity"

    async def test_an_endless_reply_is_not_read_to_its_end(
        self, canned: CannedServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("adapters.providers.http_clients.REPLY_BYTES_MAX", 1000)
        canned.will_answer(200, b" " * 1001)
        error = await self._refusal(canned.url, writing=True)
        assert outcome(error) == (Code.PROVIDER_BAD_RESPONSE, True, True)
        assert "longer than" in error.message

    @pytest.mark.parametrize("scheme", ["http", "https"])
    async def test_nobody_there_means_nothing_was_sent(self, scheme: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            address = f"127.0.0.1:{listener.getsockname()[1]}"
        error = await self._refusal(f"{scheme}://{address}", writing=True)
        assert outcome(error) == (Code.PROVIDER_OFFLINE, True, False)

    async def test_a_server_without_tls_was_sent_nothing(self, sandbox: Served) -> None:
        number = len(await sandbox.calls())
        error = await self._refusal(f"{sandbox.url.replace('http:', 'https:')}{self.path}", writing=True)
        assert outcome(error) == (Code.PROVIDER_OFFLINE, True, False)
        assert len(await sandbox.calls()) == number

    @pytest.mark.parametrize("own_form", [True, False])
    async def test_what_the_provider_says_is_redacted_and_bounded(
        self, canned: CannedServer, *, own_form: bool
    ) -> None:
        key = "opaque-credential"
        message = f"Incorrect API key provided: sk-proj-abc****wxyz, or {key}.\n{'x' * 900}"
        canned.will_answer(403, self._body(403, message) if own_form else message.encode())
        async with opened_at(provider_at(canned.url, kind=self.kind, key=key)) as adapter:
            with pytest.raises(ProviderError) as caught:
                await adapter.verify()
        assert "Incorrect API key provided: [redacted], or [redacted]. xxx" in caught.value.message
        assert len(caught.value.message) == MESSAGE_CHARS_MAX
        told = "".join(traceback.format_exception(caught.value))
        assert "xxx" in told
        assert "sk-proj" not in told
        assert key not in told

    async def _refusal(self, url: str, *, writing: bool, deadline_seconds: float = DEADLINE_SECONDS) -> ProviderError:
        """How installing, or for a read verifying, fails."""
        provider = provider_at(url, kind=self.kind, key=self.key)
        async with opened_at(provider, deadline_seconds=deadline_seconds) as adapter:
            with pytest.raises(ProviderError) as caught:
                await (adapter.install(BUNDLE, INTENT) if writing else adapter.verify())
        return caught.value

    async def _fault(self, sandbox: Served, fault: str, *, writing: bool, **more: Any) -> None:
        """One that was not met, because a deadline struck before, must not meet the next call."""
        (await sandbox.http.delete("/_sandbox/faults")).raise_for_status()
        operation = "create_skill" if writing else "list"
        await sandbox.fault(fault, provider=self.kind, operation=operation, **more)

    def _body(self, status: int, message: str) -> bytes:
        """An error in the form of the provider's own."""
        (dialect,) = [dialect for dialect in DIALECTS if dialect.name == self.kind]
        return dialect.render(Refusal(status, message))


def outcome(error: ProviderError) -> tuple[Code, bool, bool]:
    return error.code, error.retryable, error.ambiguous


def _told_by(row: Row) -> dict[str, Any]:
    told = {"status": row.status, "code": row.said, "retryAfterSeconds": row.retry_after_seconds}
    return {name: value for name, value in told.items() if value is not None}
