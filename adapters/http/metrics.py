"""`/metrics`: what can be measured, as text for Prometheus."""

from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.status_codes import HTTP_200_OK

from adapters.http.authentication import Requires
from adapters.http.health import NO_QUERY
from adapters.http.observation import OPENMETRICS, PROMETHEUS, Observation
from adapters.http.operations import Binary, Operation, described
from domain.events import Role


@get(
    "/metrics",
    guards=[Requires(Role.VIEWER)],
    opt=described(
        Operation(
            id="metrics",
            summary="What can be measured, for Prometheus",
            answers={
                200: (
                    "The metrics as text; as OpenMetrics if `Accept` asks for it.",
                    (Binary(PROMETHEUS), Binary(OPENMETRICS)),
                )
            },
        )
    ),
)
async def show_metrics(request: Request[Any, Any, Any], observation: NamedDependency[Observation]) -> Response[bytes]:
    NO_QUERY.read(request)
    found = await observation.expose(request.headers.get("accept", ""))
    return Response(found.body, status_code=HTTP_200_OK, headers={"content-type": found.content_type})
