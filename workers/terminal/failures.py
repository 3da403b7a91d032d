"""Why a command could not do what it was asked: always in the form of a problem, whoever found it."""

from collections.abc import Sequence
from typing import Any, Final

from msgspec import Struct, ValidationError, convert

from domain.errors import WaybillError
from workers.terminal.exit_codes import ExitCode, exit_code_of_problem

DETAIL_CHARS_MAX: Final = 2_000


class Place(Struct, frozen=True, kw_only=True):
    """What is wrong at one place of what was sent; `path` is the file that the pointer means, where it is known."""

    pointer: str
    message: str
    path: str | None = None


class Trouble(Struct, frozen=True, kw_only=True, rename="camel"):
    """A problem (RFC 9457) as this side reads it: only `detail` and `code` are sure to be there."""

    detail: str
    code: str
    title: str | None = None
    request_id: str | None = None
    errors: tuple[Place, ...] = ()
    conflicting_runs: tuple[str, ...] = ()


class Failure(Exception):  # noqa: N818 - house style: it reads as a fact
    """Ends a command. `document` is the problem as `--json` prints it, `trouble` the same as people read it."""

    def __init__(self, document: dict[str, Any], *, exit_code: ExitCode) -> None:
        self.document = document
        self.trouble = _read(document)
        self.exit_code = exit_code
        super().__init__(self.trouble.detail)


def failure(code: str, detail: str, *, title: str, request_id: str | None = None) -> Failure:
    """One that this side found itself; without an HTTP status, since no server gave one."""
    document: dict[str, Any] = {"type": "about:blank", "title": title, "detail": detail, "code": code}
    if request_id is not None:
        document["requestId"] = request_id
    return Failure(document, exit_code=exit_code_of_problem(code))


def answered(document: object, *, status: int, request_id: str) -> Failure:
    """One that the server answered. What is no problem of ours comes from something that stands before the server."""
    if isinstance(document, dict) and isinstance(document.get("code"), str) and isinstance(document.get("detail"), str):
        return Failure(document, exit_code=exit_code_of_problem(document["code"], status=status))
    detail = (
        f"Something answered with HTTP status {status}, but not in Waybill's words. Is this the address of Waybill?"
    )
    return failure("bad_response:api", detail, title="Unknown answer", request_id=request_id)


def broken_rule(error: WaybillError) -> Failure:
    """One that the rules of the domain found before anything was sent."""
    return Failure(
        {
            "type": "about:blank",
            "title": "Not sent",
            "detail": error.detail,
            "code": error.code.value,
            "errors": [{"pointer": problem.pointer, "message": problem.message} for problem in error.problems],
        },
        exit_code=exit_code_of_problem(error.code.value, status=422),
    )


def _read(document: dict[str, Any]) -> Trouble:
    try:
        return convert(document, Trouble)
    except ValidationError:
        return Trouble(detail=_text(document, ("detail", "title")), code=_text(document, ("code",)))


def _text(document: dict[str, Any], names: Sequence[str]) -> str:
    found = (document[name] for name in names if isinstance(document.get(name), str))
    return next(found, "unknown")[:DETAIL_CHARS_MAX]
