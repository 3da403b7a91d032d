"""The HTTP side, put together: the edge around authentication around the routes."""

from collections.abc import Collection, Sequence
from typing import Final, cast

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp

from adapters.http.alert_deliveries import show_alert_deliveries
from adapters.http.alerts import show_alert, show_alerts
from adapters.http.application import Application
from adapters.http.audit import show_audit_log
from adapters.http.audit_exports import export_audit_log, open_exports
from adapters.http.authentication import Authentication, Authenticator
from adapters.http.chat import converse
from adapters.http.chat_actions import erase_chat_text, show_chat_action, show_chat_actions
from adapters.http.checkpoint import show_checkpoint, show_consistency
from adapters.http.cors import Cors
from adapters.http.denials import Denials
from adapters.http.docs_page import show_docs, show_docs_asset
from adapters.http.edge import Edge, with_head
from adapters.http.errors import handle_error
from adapters.http.events import stream_events
from adapters.http.guarded_paths import PREFIX, guarded_paths
from adapters.http.health import Check, Checks, show_liveness, show_readiness
from adapters.http.incidents import export_incident
from adapters.http.install_runs import (
    queue_install_run,
    show_install_run,
    show_install_runs,
    show_run_history,
)
from adapters.http.installations import (
    show_installation,
    show_installations,
    uninstall_skill,
    verify_installations,
)
from adapters.http.key_checks import KeyChecks
from adapters.http.keys import issue_api_key, revoke_api_key, show_api_key, show_api_keys
from adapters.http.metrics import show_metrics
from adapters.http.observation import UNOBSERVED, Observation
from adapters.http.openapi import describe, show_openapi
from adapters.http.proofs import show_event_proof
from adapters.http.provider_pauses import pause_provider, resume_provider
from adapters.http.providers import (
    change_provider,
    connect_provider,
    show_provider,
    show_providers,
    verify_provider,
)
from adapters.http.rate_limits import RateLimit
from adapters.http.run_events import stream_run_events
from adapters.http.run_repairs import cancel_run, retry_run, rollback_run
from adapters.http.run_replays import show_run_causes, show_run_diff, show_run_state
from adapters.http.skill_versions import download_skill_version, label_skill_version, show_skill_versions
from adapters.http.skills import archive_skill, register_skill, show_skill, show_skills, unarchive_skill
from adapters.http.slack import hear_slack_button, hear_slack_command
from adapters.http.slack_conversation import Slack
from adapters.http.upload_limits import UploadLimits

GUARDED = (
    register_skill,
    show_skills,
    show_skill,
    show_skill_versions,
    download_skill_version,
    label_skill_version,
    archive_skill,
    unarchive_skill,
    connect_provider,
    show_providers,
    show_provider,
    change_provider,
    verify_provider,
    pause_provider,
    resume_provider,
    queue_install_run,
    show_install_runs,
    show_install_run,
    show_run_history,
    show_run_state,
    show_run_diff,
    show_run_causes,
    stream_run_events,
    cancel_run,
    retry_run,
    rollback_run,
    show_installations,
    show_installation,
    verify_installations,
    uninstall_skill,
    converse,
    show_chat_actions,
    show_chat_action,
    erase_chat_text,
    show_audit_log,
    export_audit_log,
    export_incident,
    show_alert_deliveries,
    show_alerts,
    show_alert,
    stream_events,
    show_event_proof,
    show_checkpoint,
    show_consistency,
    issue_api_key,
    show_api_keys,
    show_api_key,
    revoke_api_key,
)
GUARDED_OUTSIDE = (show_metrics,)
PUBLIC = (show_liveness, show_readiness, show_openapi, show_docs, show_docs_asset)
SLACK = (hear_slack_command, hear_slack_button)

# A key that was quiet for a while may ask as often at once as it may in so many seconds.
BURST_SECONDS: Final = 5


def build_app(
    *,
    application: Application,
    authenticate: Authenticator,
    denials: Denials,
    checks: Sequence[Check],
    version: str,
    requests_per_second: int = 0,
    cors_origins: Collection[str] = (),
    observation: Observation = UNOBSERVED,
    slack: Slack | None = None,
) -> ASGIApp:
    """It needs no lifespan: it opens nothing, and whoever made `denials` and `slack` closes them. `requests_per_second` is for each
    key; 0: as many as it likes.
    """
    router = build_router(application=application, checks=checks, observation=observation, slack=slack)
    router.state.openapi = describe(router, version=version)
    methods = {route.path_format: with_head(route.methods) for route in router.routes if isinstance(route, HTTPRoute)}
    guarded = Authentication(
        router,
        keys=KeyChecks(authenticate),
        rate=_rate_of_keys(requests_per_second),
        denials=denials,
        is_guarded=guarded_paths(router),
    )
    return Edge(guarded, methods=methods, cors=Cors(cors_origins), watch=observation.watch)


def build_router(
    *,
    application: Application,
    checks: Sequence[Check],
    observation: Observation = UNOBSERVED,
    slack: Slack | None = None,
) -> Litestar:
    """The routes alone. Bodies are bounded where they are read, logs are written at the edge."""
    asked = Checks(checks, observation.details)
    uploads = UploadLimits()
    exports = open_exports()
    return Litestar(
        route_handlers=[
            Router(path=PREFIX, route_handlers=GUARDED),
            *GUARDED_OUTSIDE,
            *PUBLIC,
            *(SLACK if slack else ()),
        ],
        dependencies={
            "application": Provide(lambda: application, sync_to_thread=False),
            "checks": Provide(lambda: asked, sync_to_thread=False),
            "observation": Provide(lambda: observation, sync_to_thread=False),
            "uploads": Provide(lambda: uploads, sync_to_thread=False),
            "exports": Provide(lambda: exports, sync_to_thread=False),
            "slack": Provide(lambda: slack, sync_to_thread=False),
        },
        exception_handlers={Exception: handle_error},
        request_max_body_size=None,
        openapi_config=None,
        logging_config=None,
    )


def _rate_of_keys(per_second: int) -> RateLimit | None:
    return RateLimit(name="key", per_second=per_second, burst=per_second * BURST_SECONDS) if per_second else None


def contract(*, version: str) -> bytes:
    """The OpenAPI document of the routes, which are described and not called: there is nothing behind them."""
    return describe(build_router(application=cast("Application", None), checks=()), version=version)
