"""Why a message was not carried out, or not yet."""

from enum import StrEnum


class Reason(StrEnum):
    CONFIRMATION_REQUIRED = "confirmation_required"
    DRY_RUN = "dry_run"

    # What the sentence itself is.
    NOT_UNDERSTOOD = "not_understood"
    NEGATED = "negated"
    QUESTION = "question"
    SEVERAL_ACTIONS = "several_actions"

    # What it is about.
    MISSING_SKILL = "missing_skill"
    MISSING_PROVIDER = "missing_provider"
    MISSING_RUN = "missing_run"
    UNKNOWN_SKILL = "unknown_skill"
    UNKNOWN_VERSION = "unknown_version"
    UNKNOWN_PROVIDER = "unknown_provider"
    UNKNOWN_RUN = "unknown_run"
    UNKNOWN_NAME = "unknown_name"
    AMBIGUOUS_PROVIDER = "ambiguous_provider"
    AMBIGUOUS_NAME = "ambiguous_name"
    AMBIGUOUS_RUN = "ambiguous_run"
    TOO_MANY = "too_many"

    # What stands against it; `refused` says more in its codes.
    FORBIDDEN = "forbidden"
    SKILL_ARCHIVED = "skill_archived"
    PROVIDER_INACTIVE = "provider_inactive"
    ALREADY_RUNNING = "already_running"
    ALREADY_INSTALLED = "already_installed"
    WHOLE_RUN_ONLY = "whole_run_only"
    NOTHING_TO_DO = "nothing_to_do"
    REFUSED = "refused"

    # What became of the question whether it is meant.
    CONFIRMATION_INVALID = "confirmation_invalid"
    CONFIRMATION_EXPIRED = "confirmation_expired"
    DECLINED = "declined"
