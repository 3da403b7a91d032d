"""The policy that a request asks for: what it leaves out is as the server has it."""

from msgspec import UNSET, Struct, UnsetType, structs

from domain.errors import Code
from domain.install_run.policy import Attempts, AttemptTimeout, Backoff, Mode, Policy, RunTimeout, StartTimeout


class PolicyChoice(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """The fields of a policy, each of which may be left out."""

    mode: Mode | UnsetType = UNSET
    attempts_max: Attempts | UnsetType = UNSET
    backoff_seconds: Backoff | UnsetType = UNSET
    backoff_max_seconds: Backoff | UnsetType = UNSET
    attempt_timeout_seconds: AttemptTimeout | UnsetType = UNSET
    start_timeout_seconds: StartTimeout | UnsetType = UNSET
    run_timeout_seconds: RunTimeout | UnsetType = UNSET
    retry_codes: tuple[Code, ...] | UnsetType = UNSET

    def over(self, default: Policy) -> Policy:
        """The default with what was chosen in its place."""
        chosen = {name: value for name, value in structs.asdict(self).items() if value is not UNSET}
        return structs.replace(default, **chosen)
