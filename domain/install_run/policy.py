"""How a run is carried out, and when an attempt that failed is followed by another one."""

from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from domain.errors import Code

ATTEMPTS_MAX: Final = 20
ATTEMPT_TIMEOUT_SECONDS_MAX: Final = 600
BACKOFF_SECONDS_MAX: Final = 3600
START_TIMEOUT_SECONDS_MAX: Final = 24 * 3600
RUN_TIMEOUT_SECONDS_MAX: Final = 7 * 24 * 3600
# What a provider asks for is granted, but not that a run stands still for a day on its word.
RETRY_AFTER_SECONDS_MAX: Final = 600

Mode = Literal["best_effort", "all_or_nothing"]
Attempts = Annotated[int, Meta(ge=1, le=ATTEMPTS_MAX)]
Backoff = Annotated[int, Meta(ge=0, le=BACKOFF_SECONDS_MAX)] | Annotated[float, Meta(ge=0, le=BACKOFF_SECONDS_MAX)]

AttemptTimeout = Annotated[int, Meta(ge=1, le=ATTEMPT_TIMEOUT_SECONDS_MAX)]
StartTimeout = Annotated[int, Meta(ge=1, le=START_TIMEOUT_SECONDS_MAX)]
RunTimeout = Annotated[int, Meta(ge=1, le=RUN_TIMEOUT_SECONDS_MAX)]


class Policy(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """How a run is carried out.

    `attempt_timeout_seconds` is the total deadline of one attempt, `start_timeout_seconds` how long a target may wait for its
    first one, and `run_timeout_seconds` how long the whole run may take. Between attempts `backoff_seconds` pass, twice as
    many each time, up to `backoff_max_seconds`. `retry_codes` narrows what is tried again; without it that is whatever the
    provider's error says may be.
    """

    mode: Mode = "best_effort"
    attempts_max: Attempts = 4
    backoff_seconds: Backoff = 1
    backoff_max_seconds: Backoff = 60
    attempt_timeout_seconds: AttemptTimeout = 60
    start_timeout_seconds: StartTimeout = 900
    run_timeout_seconds: RunTimeout = 3600
    retry_codes: tuple[Code, ...] | UnsetType = UNSET

    def retries(self, code: Code, *, retryable: bool) -> bool:
        """Whether an attempt that failed like this is worth another one."""
        return retryable and (self.retry_codes is UNSET or code in self.retry_codes)


def next_attempt_at(
    policy: Policy, *, attempts: int, now: datetime, retry_after_seconds: float | None, jitter: float
) -> datetime:
    """When the next attempt is due after this many. `jitter`, from 0 to 1, takes up to half of the backoff away, so that what
    failed together does not come back together; a provider's own word is never undercut.
    """
    grown = policy.backoff_seconds * 2 ** (attempts - 1)
    backoff = min(grown, policy.backoff_max_seconds) * (1 - jitter / 2)
    asked = min(retry_after_seconds or 0, RETRY_AFTER_SECONDS_MAX)
    return now + timedelta(seconds=max(backoff, asked))
