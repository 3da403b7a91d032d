"""Every error code, in one enum, and the exceptions that carry them; a docstring is the message a person reads."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from msgspec import Struct


class Code(StrEnum):
    """`type:surface`. The HTTP status of each is decided in `adapters/http/errors.py`, nowhere else."""

    BAD_REQUEST = "bad_request:api"
    UNAUTHORIZED = "unauthorized:auth"
    FORBIDDEN = "forbidden:auth"
    NOT_FOUND_ROUTE = "not_found:api"
    NOT_FOUND_SKILL = "not_found:skills"
    NOT_FOUND_VERSION = "not_found:skill_versions"
    NOT_FOUND_PROVIDER = "not_found:providers"
    NOT_FOUND_RUN = "not_found:install_runs"
    NOT_FOUND_INSTALLATION = "not_found:installations"
    NOT_FOUND_KEY = "not_found:keys"
    NOT_FOUND_CHAT_ACTION = "not_found:chat_actions"
    NOT_FOUND_EVENT = "not_found:events"
    NOT_FOUND_ALERT = "not_found:alerts"
    NOT_ALLOWED = "not_allowed:api"
    CONFLICT_SKILL = "conflict:skills"
    CONFLICT_PROVIDER = "conflict:providers"
    CONFLICT_RUN = "conflict:install_runs"
    CONFLICT_KEY = "conflict:keys"
    CONFLICT_EVIDENCE = "conflict:evidence"
    CONFLICT_BUSY = "conflict:api"
    TOO_LARGE_BODY = "too_large:api"
    TOO_LARGE_SKILL = "too_large:skills"
    TOO_LARGE_EVIDENCE = "too_large:evidence"
    UNSUPPORTED = "unsupported:api"
    UNPROCESSABLE_SKILL = "unprocessable:skills"
    UNPROCESSABLE_CREDENTIAL = "unprocessable:providers"
    UNPROCESSABLE_IDEMPOTENCY = "unprocessable:idempotency"
    RATE_LIMIT = "rate_limit:api"
    OFFLINE_GIT = "offline:git"
    OFFLINE_DATABASE = "offline:database"
    INTERNAL = "internal:api"

    PROVIDER_UNAUTHORIZED = "unauthorized:provider"
    PROVIDER_FORBIDDEN = "forbidden:provider"
    PROVIDER_QUOTA_EXCEEDED = "quota_exceeded:provider"
    PROVIDER_NOT_FOUND = "not_found:provider"
    PROVIDER_INVALID_SKILL = "invalid_skill:provider"
    PROVIDER_TOO_LARGE = "too_large:provider"
    PROVIDER_CONFLICT = "conflict:provider"
    PROVIDER_RATE_LIMIT = "rate_limit:provider"
    PROVIDER_OVERLOADED = "overloaded:provider"
    PROVIDER_INTERNAL = "internal:provider"
    PROVIDER_TIMEOUT = "timeout:provider"
    PROVIDER_OFFLINE = "offline:provider"
    PROVIDER_BAD_RESPONSE = "bad_response:provider"
    PROVIDER_MISCONFIGURED = "misconfigured:provider"

    RUN_CANCELLED = "cancelled:run"
    RUN_ROLLED_BACK = "rolled_back:run"
    RUN_START_TIMEOUT = "start_timeout:run"
    RUN_TIMEOUT = "run_timeout:run"
    RUN_LEASE_EXPIRED = "lease_expired:run"


class Problem(Struct, frozen=True, kw_only=True):
    """One finding about one place in the input: `pointer` is a JSON pointer into the request body."""

    pointer: str
    message: str


class WaybillError(Exception):
    """Something went against a rule."""

    code: ClassVar[Code]

    def __init__(
        self,
        detail: str | None = None,
        *,
        problems: tuple[Problem, ...] = (),
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        self.detail = detail or (type(self).__doc__ or "").strip()
        self.problems = problems
        self.extra = dict(extra or {})
        super().__init__(self.detail)


class BadRequest(WaybillError):  # noqa: N818 - these read as facts: `raise SkillNotFound`
    """The request is not in the form that this endpoint takes."""

    code = Code.BAD_REQUEST


class Unauthorized(WaybillError):  # noqa: N818
    """A valid API key is needed: `Authorization: Bearer wb_...`."""

    code = Code.UNAUTHORIZED


class Forbidden(WaybillError):  # noqa: N818
    """The role of this API key does not allow this."""

    code = Code.FORBIDDEN


class SkillNotFound(WaybillError):  # noqa: N818
    """No skill has this id or name."""

    code = Code.NOT_FOUND_SKILL


class VersionNotFound(WaybillError):  # noqa: N818
    """The skill has no version that this ref picks."""

    code = Code.NOT_FOUND_VERSION


class ProviderNotFound(WaybillError):  # noqa: N818
    """No provider connection has this id or name."""

    code = Code.NOT_FOUND_PROVIDER


class RunNotFound(WaybillError):  # noqa: N818
    """No install run has this id."""

    code = Code.NOT_FOUND_RUN


class InstallationNotFound(WaybillError):  # noqa: N818
    """No installation has this id, or what it was has been uninstalled."""

    code = Code.NOT_FOUND_INSTALLATION


class ApiKeyNotFound(WaybillError):  # noqa: N818
    """No API key has this id."""

    code = Code.NOT_FOUND_KEY


class ChatActionNotFound(WaybillError):  # noqa: N818
    """No chat action has this id."""

    code = Code.NOT_FOUND_CHAT_ACTION


class ChatTextForbidden(WaybillError):  # noqa: N818
    """Only whoever said it, or an admin, has it erased."""

    code = Code.FORBIDDEN


class EventNotFound(WaybillError):  # noqa: N818
    """There is no event with this id or at this position."""

    code = Code.NOT_FOUND_EVENT


class AlertNotFound(WaybillError):  # noqa: N818
    """No alert has this id."""

    code = Code.NOT_FOUND_ALERT


class NotSealed(WaybillError):  # noqa: N818
    """No checkpoint covers this event yet; the notary signs one within a second, so send the request again."""

    code = Code.CONFLICT_EVIDENCE


class EvidenceBroken(WaybillError):  # noqa: N818
    """What is stored is not what was signed; `waybill audit verify` says where."""

    code = Code.INTERNAL


class EvidenceTooLarge(WaybillError):  # noqa: N818
    """There is more of it than goes into one file; ask for less time, or for single runs."""

    code = Code.TOO_LARGE_EVIDENCE


class ApiKeyUnfit(WaybillError):  # noqa: N818
    """This cannot be done with this API key."""

    code = Code.CONFLICT_KEY


class SkillUnavailable(WaybillError):  # noqa: N818
    """The skill is archived, so nothing new is done with it."""

    code = Code.CONFLICT_SKILL


class SkillInvalid(WaybillError):  # noqa: N818
    """The bundle does not follow the Agent Skills specification."""

    code = Code.UNPROCESSABLE_SKILL


class SkillTooLarge(WaybillError):  # noqa: N818
    """The bundle is larger than the limits allow."""

    code = Code.TOO_LARGE_SKILL


class ProviderNameTaken(WaybillError):  # noqa: N818
    """A provider connection with this name exists already."""

    code = Code.CONFLICT_PROVIDER


class ProviderInactive(WaybillError):  # noqa: N818
    """The provider connection is not active, so nothing can be installed through it."""

    code = Code.CONFLICT_PROVIDER


class CredentialRefused(WaybillError):  # noqa: N818
    """The credential is not a secret, nor a reference that this server may follow."""

    code = Code.UNPROCESSABLE_CREDENTIAL


class RunConflict(WaybillError):  # noqa: N818
    """Another run is at work on the same skill and provider; `conflictingRuns` names it."""

    code = Code.CONFLICT_RUN

    def __init__(self, detail: str | None = None, *, conflicting_runs: tuple[UUID, ...]) -> None:
        super().__init__(detail, extra={"conflictingRuns": [str(run) for run in conflicting_runs]})


class RunUnfit(WaybillError):  # noqa: N818
    """The run is not in a state in which this makes sense."""

    code = Code.CONFLICT_RUN


class ProviderOnHold(WaybillError):  # noqa: N818
    """The provider connection is paused, so nothing is sent through it now."""

    code = Code.CONFLICT_PROVIDER


class Busy(WaybillError):  # noqa: N818
    """Others kept changing the same thing at the same moment; send the request again."""

    code = Code.CONFLICT_BUSY


class HistoryTooNew(WaybillError):  # noqa: N818
    """A newer version of Waybill has been at work here; upgrade this server."""

    code = Code.INTERNAL


class GitOffline(WaybillError):  # noqa: N818
    """The git server does not answer, or did not deliver in time; nothing was registered."""

    code = Code.OFFLINE_GIT


class StoreOffline(WaybillError):  # noqa: N818
    """The database does not answer. What was accepted before is safe; send the request again."""

    code = Code.OFFLINE_DATABASE
