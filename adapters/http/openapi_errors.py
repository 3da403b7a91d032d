"""The errors in the OpenAPI document: an example of each code, and one named answer for each set of codes under one status."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import UUID

from adapters.http.errors import (
    HEADERS,
    MEDIA_TYPE,
    STATUSES,
    BodyTooLarge,
    BodyUnsupported,
    IdempotencyKeyReused,
    InternalError,
    MethodNotAllowed,
    RouteNotFound,
    TooManyRequests,
    problem_of,
)
from adapters.http.openapi_headers import RATE_LIMIT, header_references
from domain.errors import (
    AlertNotFound,
    ApiKeyNotFound,
    ApiKeyUnfit,
    BadRequest,
    Busy,
    ChatActionNotFound,
    Code,
    CredentialRefused,
    EventNotFound,
    EvidenceTooLarge,
    Forbidden,
    GitOffline,
    InstallationNotFound,
    NotSealed,
    Problem,
    ProviderInactive,
    ProviderNotFound,
    RunConflict,
    RunNotFound,
    SkillInvalid,
    SkillNotFound,
    SkillTooLarge,
    SkillUnavailable,
    StoreOffline,
    Unauthorized,
    VersionNotFound,
    WaybillError,
)
from domain.events import Role

Json = dict[str, Any]

INSTANCE: Final = "/api/install-runs"
REQUEST_ID: Final = "3df0bcc0-c3fb-44ee-97f6-04aa0b21c245"
LIMIT: Final = Problem(pointer="?limit", message="Expected `int` <= 200")
NAME: Final = Problem(pointer="/files/0/path", message="SKILL.md must be at the root of the folder")
ERRORS: Final[tuple[WaybillError, ...]] = (
    BadRequest("The query does not fit at ?limit: Expected `int` <= 200.", problems=(LIMIT,)),
    Unauthorized(),
    Forbidden(
        "This needs the role operator; the key release-bot has the role viewer.", extra={"requiredRole": Role.OPERATOR}
    ),
    RouteNotFound(),
    SkillNotFound(),
    VersionNotFound(),
    ProviderNotFound(),
    RunNotFound(),
    InstallationNotFound(),
    ApiKeyNotFound(),
    ChatActionNotFound(),
    EventNotFound(),
    AlertNotFound(),
    MethodNotAllowed(),
    SkillUnavailable(),
    NotSealed(),
    EvidenceTooLarge(),
    ProviderInactive(),
    RunConflict(conflicting_runs=(UUID("019d33dd-8e40-7c52-a14e-81da897ceed6"),)),
    ApiKeyUnfit(),
    Busy(),
    BodyTooLarge(),
    SkillTooLarge(),
    BodyUnsupported(),
    SkillInvalid(problems=(NAME,)),
    CredentialRefused(),
    IdempotencyKeyReused(),
    TooManyRequests(),
    GitOffline(),
    StoreOffline(),
    InternalError(),
)
# Beside those that every answer has.
HEADERS_BY_CODE: Final[Mapping[Code, tuple[str, ...]]] = {
    **{code: tuple(headers) for code, headers in HEADERS.items()},
    Code.RATE_LIMIT: ("Retry-After", "RateLimit-Policy"),
}


class ErrorAnswers:
    """Collects the answers that operations refer to, so that each stands in the document once."""

    def __init__(self, problem: Json) -> None:
        """`problem` is the schema of their bodies."""
        self._problem = problem
        self._codes: dict[str, tuple[Code, ...]] = {}

    def references(self, codes: Iterable[Code]) -> dict[int, Json]:
        """By status."""
        grouped: defaultdict[int, list[Code]] = defaultdict(list)
        for code in dict.fromkeys(codes):
            grouped[STATUSES[code][0]].append(code)
        return {int(status): self._reference(tuple(sorted(found))) for status, found in grouped.items()}

    def components(self) -> Json:
        used = sorted({code for codes in self._codes.values() for code in codes})
        return {
            "responses": {name: self._answer(codes) for name, codes in sorted(self._codes.items())},
            "examples": {_name(code): _example(code) for code in used},
        }

    def _reference(self, codes: tuple[Code, ...]) -> Json:
        name = "-".join(map(_name, codes))
        self._codes[name] = codes
        return {"$ref": f"#/components/responses/{name}"}

    def _answer(self, codes: tuple[Code, ...]) -> Json:
        examples = {str(code): {"$ref": f"#/components/examples/{_name(code)}"} for code in codes}
        names = dict.fromkeys(name for code in codes for name in HEADERS_BY_CODE.get(code, ()))
        if Code.UNAUTHORIZED not in codes:
            names[RATE_LIMIT] = None
        return {
            "description": ", or ".join(f"{STATUSES[code][1]} (`{code}`)" for code in codes) + ".",
            "headers": header_references(names),
            "content": {MEDIA_TYPE: {"schema": self._problem, "examples": examples}},
        }


def _example(code: Code) -> Json:
    error = next(error for error in ERRORS if error.code is code)
    return {
        "summary": STATUSES[code][1],
        "value": problem_of(error, instance=INSTANCE, request_id=REQUEST_ID),
    }


def _name(code: Code) -> str:
    """As the names of components may be written."""
    return code.replace(":", ".")
