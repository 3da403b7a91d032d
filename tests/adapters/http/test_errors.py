"""Every code has one status, the one that the docs say, and none is without an answer."""

import re
from typing import Any, Final

import msgspec
import pytest
from litestar.exceptions import ClientException, MethodNotAllowedException, NotFoundException

from adapters.http.errors import RETRYABLE, STATUSES, TooManyRequests, answer_to
from adapters.http.tracing import Trace
from domain.errors import Busy, Code, Forbidden, StoreOffline, Unauthorized, WaybillError
from tests.architecture.sources import ROOT
from tests.kit.facts import context

DOCS: Final = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
SECTIONS: Final = dict(re.findall(r"^### `([^`]+)`\n(.*?)(?=^#|\Z)", DOCS, re.MULTILINE | re.DOTALL))


def scope(authorization: bytes = b"") -> Any:
    trace = Trace(request_id="a-request", correlation_id=context().correlation_id)
    headers = [(b"authorization", authorization)] if authorization else []
    return {"type": "http", "path": "/api/skills", "headers": headers, "state": {"waybill_trace": trace}}


def all_subclasses(kind: type[WaybillError]) -> set[type[WaybillError]]:
    return {found for child in kind.__subclasses__() for found in (child, *all_subclasses(child))}


def test_every_error_has_a_status() -> None:
    assert {error.code for error in all_subclasses(WaybillError)} <= set(STATUSES)
    assert set(STATUSES) == {code for code in Code if not code.endswith((":provider", ":run"))}


@pytest.mark.parametrize("code", STATUSES)
def test_the_docs_say_the_same_status(code: Code) -> None:
    documented = re.search(r"^- \*\*Status\*\*: (\d+)", SECTIONS[code], re.MULTILINE)
    assert documented is not None
    assert int(documented[1]) == STATUSES[code][0]


@pytest.mark.parametrize("code", STATUSES)
def test_the_docs_agree_on_what_may_be_sent_again(code: Code) -> None:
    documented = re.search(r"^- \*\*Retry\*\*: (\w+)", SECTIONS[code], re.MULTILINE)
    assert documented is not None
    assert (documented[1] == "yes") is (code in RETRYABLE)


def test_titles_tell_the_codes_apart() -> None:
    assert len({title for _, title in STATUSES.values()}) == len(STATUSES)


@pytest.mark.parametrize(
    ("error", "code", "headers"),
    [
        (Unauthorized(), "unauthorized:auth", {"WWW-Authenticate": 'Bearer realm="waybill"'}),
        (Forbidden(), "forbidden:auth", {}),
        (StoreOffline(), "offline:database", {"Retry-After": "1"}),
        (Busy(), "conflict:api", {"Retry-After": "1"}),
        (TooManyRequests(retry_after_seconds=7), "rate_limit:api", {"Retry-After": "7"}),
        (NotFoundException(), "not_found:api", {}),
        (MethodNotAllowedException(headers={"allow": "GET"}), "not_allowed:api", {"Allow": "GET"}),
        (ClientException("Invalid host header"), "bad_request:api", {}),
        (RuntimeError("canary"), "internal:api", {}),
    ],
)
def test_an_error_becomes_a_problem(error: Exception, code: str, headers: dict[str, str]) -> None:
    answer = answer_to(error, scope())
    problem = msgspec.json.decode(answer.body)
    assert (problem["code"], problem["status"]) == (code, answer.status)
    assert list(problem) == [
        "type",
        "title",
        "status",
        "detail",
        "instance",
        "code",
        "requestId",
        "retryable",
        "errors",
    ]
    assert answer.headers == headers
    assert b"canary" not in answer.body


@pytest.mark.parametrize(
    ("authorization", "presented"),
    [
        (b"", False),
        (b"Bearer", False),
        (b"Bearer ", False),
        (b"Basic YWRtaW46YWRtaW4=", False),
        (b"Bearer wb_mistyped", True),
        (b"bEARER wb_mistyped", True),
    ],
)
def test_only_who_presents_a_key_is_told_that_it_is_wrong(authorization: bytes, *, presented: bool) -> None:
    challenge = answer_to(Unauthorized(), scope(authorization)).headers["WWW-Authenticate"]
    assert challenge.startswith('Bearer realm="waybill"')
    assert ('error="invalid_token"' in challenge) is presented


def test_a_challenge_says_why_and_stays_one_header() -> None:
    answer = answer_to(Unauthorized('A "key"\r\nof \\ \u2013.'), scope(b"Bearer x"))
    _, _, described = answer.headers["WWW-Authenticate"].partition(", error_description=")
    assert described == '"' + "A 'key'''of ' '." + '"'


def test_a_missing_role_is_named() -> None:
    error = Forbidden("This needs the role admin.", extra={"requiredRole": "admin"})
    assert msgspec.json.decode(answer_to(error, scope()).body)["requiredRole"] == "admin"
