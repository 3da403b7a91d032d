"""What the environment says of how runs are carried out, where they do not say it themselves, and of how much is done at once."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from domain.install_run.policy import Policy
from domain.provider.events import ProviderKind

CONCURRENCY_MAX: Final = 1000
Places = Annotated[int, Meta(ge=1, le=CONCURRENCY_MAX)]

POLICY: Final[Mapping[str, str]] = {
    "WAYBILL_ATTEMPTS_MAX": "attemptsMax",
    "WAYBILL_BACKOFF_SECONDS": "backoffSeconds",
    "WAYBILL_BACKOFF_MAX_SECONDS": "backoffMaxSeconds",
    "WAYBILL_ATTEMPT_TIMEOUT_SECONDS": "attemptTimeoutSeconds",
    "WAYBILL_START_TIMEOUT_SECONDS": "startTimeoutSeconds",
    "WAYBILL_RUN_TIMEOUT_SECONDS": "runTimeoutSeconds",
}
CONCURRENCY: Final[Mapping[str, ProviderKind]] = {
    "WAYBILL_CONCURRENCY_OPENAI": "openai",
    "WAYBILL_CONCURRENCY_CLAUDE": "claude",
    "WAYBILL_CONCURRENCY_GEMINI": "gemini",
    "WAYBILL_CONCURRENCY_NOOP": "noop",
}


def read_policy(environment: Mapping[str, str]) -> Policy:
    """What a run does unless it says otherwise. Raises ValueError with a message that names the setting."""
    given: dict[str, str] = {}
    for name, field in POLICY.items():
        if text := environment.get(name):
            _convert(name, {field: text}, Policy)
            given[field] = text
    return msgspec.convert(given, Policy, strict=False)


def read_concurrency(environment: Mapping[str, str]) -> Mapping[ProviderKind, int]:
    """How many installs a process has under way at all connections of a kind; a kind that is not set has no such limit.

    Raises ValueError with a message that names the setting.
    """
    return {kind: _convert(name, text, Places) for name, kind in CONCURRENCY.items() if (text := environment.get(name))}


def _convert(name: str, given: Any, wanted: Any) -> Any:
    try:
        return msgspec.convert(given, wanted, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(f"{name} must be {_words(str(error))}.") from None


def _words(reason: str) -> str:
    """`Expected `int` >= 1 - at `$.attemptsMax`` in words for a person."""
    expected = reason.partition(" - at ")[0].partition(", got ")[0].replace("`", "").removeprefix("Expected ")
    for word, plain in (("int | float", "a number"), ("float", "a number"), ("int", "a whole number")):
        if expected.startswith(word):
            return plain + expected.removeprefix(word)
    return expected
