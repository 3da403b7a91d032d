"""Every metric: name, labels, and what it says. `docs/operations.md` lists the same ones, and a test holds the two together.

No label has an id or a name that somebody chose, so that their number is bounded: by the kinds of provider, the routes and
the codes that there are.
"""

from typing import Final, Literal

from msgspec import Struct

HTTP_SECONDS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
CALL_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300)
RUN_SECONDS: Final = (0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600)


class Metric(Struct, frozen=True, kw_only=True):
    """`buckets` are those of a histogram."""

    name: str
    type: Literal["counter", "histogram", "gauge"]
    help: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


INSTALL_RUNS: Final = Metric(
    name="waybill_install_runs_total",
    type="counter",
    labels=("provider", "outcome"),
    help="Targets of runs that have ended, counted when their run ends.",
)
INSTALL_RUN_DURATION: Final = Metric(
    name="waybill_install_run_duration_seconds",
    type="histogram",
    labels=("outcome",),
    buckets=RUN_SECONDS,
    help="From when a run was queued to when it ended.",
)
PROVIDER_REQUEST: Final = Metric(
    name="waybill_provider_request_seconds",
    type="histogram",
    labels=("provider", "op", "class"),
    buckets=CALL_SECONDS,
    help="What an operation at a provider took, all its HTTP requests included.",
)
WATCHDOG_RESCUES: Final = Metric(
    name="waybill_watchdog_rescues_total",
    type="counter",
    labels=("fault",),
    help="Targets that stood still and were set going again.",
)
DEAD_LETTERS: Final = Metric(
    name="waybill_dead_letters_total",
    type="counter",
    labels=("kind",),
    help="Tickets that nobody can work on, and events that a read model could not take.",
)
RELAYED_EVENTS: Final = Metric(
    name="waybill_relayed_events_total", type="counter", help="Events published on NATS, those published anew included."
)
PROJECTED_EVENTS: Final = Metric(
    name="waybill_projected_events_total",
    type="counter",
    help="Events taken into read models, once for each group of read models that stand together.",
)
CHAT_MESSAGES: Final = Metric(
    name="waybill_chat_messages_total",
    type="counter",
    labels=("action", "outcome", "parser"),
    help="What was said in chat, by how it went: once for a question whether it is meant, and once for its end.",
)
HTTP_REQUESTS: Final = Metric(
    name="waybill_http_requests_total",
    type="counter",
    labels=("method", "route", "status"),
    help="Requests answered.",
)
HTTP_REQUEST_DURATION: Final = Metric(
    name="waybill_http_request_duration_seconds",
    type="histogram",
    labels=("method", "route"),
    buckets=HTTP_SECONDS,
    help="From a request's first byte to its answer's last. Live streams are not in it.",
)

UP: Final = Metric(
    name="waybill_up",
    type="gauge",
    labels=("source",),
    help="Whether the source of other gauges answered; while it does not, those are not there.",
)
BUILD: Final = Metric(name="waybill_build_info", type="gauge", labels=("version",), help="Always 1.")
SSE_CLIENTS: Final = Metric(name="waybill_sse_clients", type="gauge", help="Live streams open at this process.")
QUEUE_DEPTH: Final = Metric(
    name="waybill_queue_depth",
    type="gauge",
    labels=("state",),
    help="Targets that have not ended: waiting for an installer, for the time of their retry, or being worked on.",
)
OLDEST_QUEUED: Final = Metric(
    name="waybill_oldest_queued_seconds",
    type="gauge",
    help="How long the longest waiting of the targets that wait for an installer has waited; 0 if none does.",
)
HEAD_POSITION: Final = Metric(name="waybill_head_position", type="gauge", help="Position of the newest event.")
PROJECTION_LAG: Final = Metric(
    name="waybill_projection_lag_events",
    type="gauge",
    labels=("read_model",),
    help="Events that are not in the read model yet.",
)
PROJECTION_PARKED: Final = Metric(
    name="waybill_projection_parked",
    type="gauge",
    labels=("read_model",),
    help="1 while the read model stands still before an event that it could not take.",
)
OUTBOX_LAG: Final = Metric(
    name="waybill_outbox_lag_events",
    type="gauge",
    help="Events that are not on NATS yet, as the relay wrote down last.",
)
CHECKPOINT_LAG_EVENTS: Final = Metric(
    name="waybill_checkpoint_lag_events", type="gauge", help="Events that no checkpoint is signed over yet."
)
CHECKPOINT_LAG_SECONDS: Final = Metric(
    name="waybill_checkpoint_lag_seconds",
    type="gauge",
    help="How long ago the oldest event was stored that no checkpoint is signed over yet; 0 if there is none.",
)
ROLE_HELD: Final = Metric(
    name="waybill_role_held", type="gauge", labels=("role",), help="Whether a process holds the single role."
)
ROLE_EPOCH: Final = Metric(
    name="waybill_role_epoch", type="gauge", labels=("role",), help="How often the role has passed to a new holder."
)
MIGRATIONS_PENDING: Final = Metric(
    name="waybill_migrations_pending", type="gauge", help="Migrations of this program that the database does not have."
)
CLOCK_DIFFERENCE: Final = Metric(
    name="waybill_database_clock_difference_seconds",
    type="gauge",
    help="How far the database's clock is ahead of this machine's.",
)
STREAM_MESSAGES: Final = Metric(
    name="waybill_nats_stream_messages",
    type="gauge",
    labels=("stream",),
    help="Messages in the stream: copies of events, and tickets that nobody has finished.",
)
STREAM_BYTES: Final = Metric(
    name="waybill_nats_stream_bytes", type="gauge", labels=("stream",), help="What the stream takes on disk."
)

COUNTED: Final = (
    INSTALL_RUNS,
    INSTALL_RUN_DURATION,
    PROVIDER_REQUEST,
    WATCHDOG_RESCUES,
    DEAD_LETTERS,
    RELAYED_EVENTS,
    PROJECTED_EVENTS,
    CHAT_MESSAGES,
    HTTP_REQUESTS,
    HTTP_REQUEST_DURATION,
)
ASKED: Final = (
    UP,
    BUILD,
    SSE_CLIENTS,
    QUEUE_DEPTH,
    OLDEST_QUEUED,
    HEAD_POSITION,
    PROJECTION_LAG,
    PROJECTION_PARKED,
    OUTBOX_LAG,
    CHECKPOINT_LAG_EVENTS,
    CHECKPOINT_LAG_SECONDS,
    ROLE_HELD,
    ROLE_EPOCH,
    MIGRATIONS_PENDING,
    CLOCK_DIFFERENCE,
    STREAM_MESSAGES,
    STREAM_BYTES,
)
