"""The HTTP side, put together: the edge around authentication around the routes."""

from collections.abc import Sequence

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.routes import HTTPRoute
from litestar.types import ASGIApp

from adapters.http.application import Application
from adapters.http.audit import show_audit_log
from adapters.http.authentication import PREFIX, Authentication, Authenticator
from adapters.http.denials import Denials
from adapters.http.edge import Edge, with_head
from adapters.http.errors import handle_error
from adapters.http.health import Check, Checks, show_liveness, show_readiness
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
from adapters.http.openapi import describe, show_openapi
from adapters.http.provider_pauses import pause_provider, resume_provider
from adapters.http.providers import (
    change_provider,
    connect_provider,
    show_provider,
    show_providers,
    verify_provider,
)
from adapters.http.run_repairs import cancel_run, retry_run, rollback_run
from adapters.http.skill_versions import download_skill_version, label_skill_version, show_skill_versions
from adapters.http.skills import archive_skill, register_skill, show_skill, show_skills, unarchive_skill

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
    cancel_run,
    retry_run,
    rollback_run,
    show_installations,
    show_installation,
    verify_installations,
    uninstall_skill,
    show_audit_log,
)
PUBLIC = (show_liveness, show_readiness, show_openapi)


def build_app(
    *,
    application: Application,
    authenticate: Authenticator,
    denials: Denials,
    checks: Sequence[Check],
    version: str,
) -> ASGIApp:
    """It needs no lifespan: it opens nothing, and whoever made `denials` closes them."""
    router = build_router(application=application, checks=checks)
    router.state.openapi = describe(router, version=version)
    methods = {route.path_format: with_head(route.methods) for route in router.routes if isinstance(route, HTTPRoute)}
    return Edge(Authentication(router, authenticate=authenticate, denials=denials), methods=methods)


def build_router(*, application: Application, checks: Sequence[Check]) -> Litestar:
    """The routes alone. Bodies are bounded where they are read, logs are written at the edge."""
    asked = Checks(tuple(checks))
    return Litestar(
        route_handlers=[Router(path=PREFIX, route_handlers=GUARDED), *PUBLIC],
        dependencies={
            "application": Provide(lambda: application, sync_to_thread=False),
            "checks": Provide(lambda: asked, sync_to_thread=False),
        },
        exception_handlers={Exception: handle_error},
        request_max_body_size=None,
        openapi_config=None,
        logging_config=None,
    )
