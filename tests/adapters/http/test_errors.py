"""Every code has one status, the one that the docs say, and none is without an answer."""

import re
from typing import Any, Final

import msgspec
import pytest
from litestar.exceptions import ClientException, MethodNotAllowedException, NotFoundException

from adapters.http.errors import RETRYABLE, STATUSES, answer_to
from adapters.http.tracing import Trace
from domain.errors import Busy, Code, Forbidden, StoreOffline, Unauthorized, WaybillError
from tests.architecture.sources import ROOT
from tests.kit.facts import context

DOCS: Final = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
SECTIONS: Final = dict(re.findall(r"^### `([^`]+)`\n(.*?)(?=^#|\Z)", DOCS, re.MULTILINE | re.DOTALL))


def scope() -> Any:
    trace = Trace(request_id="a-request", correlation_id=context().correlation_id)
    return {"type": "http", "path": "/api/skills", "state": {"waybill_trace": trace}}


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
        (Unauthorized(), "unauthorized:auth", {"WWW-Authenticate": "Bearer"}),
        (Forbidden(), "forbidden:auth", {}),
        (StoreOffline(), "offline:database", {"Retry-After": "1"}),
        (Busy(), "conflict:api", {"Retry-After": "1"}),
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
