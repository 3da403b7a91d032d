"""What a process counts of what its commands store, and the spans of it."""

import re
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import httpx2
import pytest
from msgspec.structs import replace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from adapters.telemetry.exporting import provided
from adapters.telemetry.exposition import expose
from adapters.telemetry.metrics import Metrics
from adapters.telemetry.tracing import OFF
from commands.cancel_run import CancelRun
from commands.expire_lease import ExpireLease, ExpireLeaseHandler
from commands.handling import Session
from domain.chat.decisions import accept, receive, reject
from domain.chat.reasons import Reason
from domain.chat.state import CHAT_ACTION
from domain.errors import RunNotFound
from domain.events import Recorded
from domain.install_run.policy import Policy
from domain.provider.state import provider_stream
from tests.adapters.telemetry.scraping import Scrape, scraped
from tests.commands.world import World, succeeded
from tests.kit.facts import context
from tests.projections.story_chats import RECEIVED, TOKEN
from workers.settings import Settings, SettingsError
from workers.telemetry import Telemetry, open_telemetry
from workers.telemetry_folder import empty_folder, metrics_folder
from workers.telemetry_settings import TelemetrySettings

pytestmark = pytest.mark.anyio

ONCE = Policy(attempts_max=1)


class Watched(World):
    """A world whose commands are looked at."""

    def __init__(self, telemetry: Telemetry | None = None) -> None:
        super().__init__()
        self.telemetry = telemetry or Telemetry(Metrics(part="test"))
        self.handling._watch = self.telemetry

    @property
    def counted(self) -> Scrape:
        return scraped(expose(self.telemetry.metrics.registry, {}).body.decode())

    def targets(self, provider: str, outcome: str) -> float | None:
        return self.counted.value("waybill_install_runs_total", provider=provider, outcome=outcome)


@pytest.fixture
async def world() -> Watched:
    world = Watched()
    await world.register()
    await world.connect("openai")
    await world.connect("claude", kind="claude")
    return world


async def test_each_target_is_counted_once_and_when_its_run_ends(world: Watched) -> None:
    run = await world.queue("openai", "claude", policy=ONCE)
    await world.carry_out(run.run_id, "openai")
    assert world.targets("openai", "success") is None, "the run has not ended yet"
    world.pass_time(90)
    await world.fail(run.run_id, "claude")
    assert world.targets("openai", "success") == 1
    assert world.targets("claude", "failed") == 1
    labels = {"outcome": "partial_failed"}
    assert world.counted.value("waybill_install_run_duration_seconds_sum", **labels) == 90
    assert world.counted.value("waybill_install_run_duration_seconds_count", **labels) == 1


async def test_what_a_person_called_off_is_no_failure(world: Watched) -> None:
    run = await world.queue("openai")
    await world.cancel_run(CancelRun(run_id=run.run_id), context())
    assert world.targets("openai", "cancelled") == 1
    assert world.targets("openai", "failed") is None


async def test_what_was_taken_back_is_told_from_what_failed(world: Watched) -> None:
    run = await world.queue("openai", "claude", policy=Policy(mode="all_or_nothing", attempts_max=1))
    await world.carry_out(run.run_id, "openai")
    await world.fail(run.run_id, "claude")
    undoing = await world.start(run.run_id, "openai")
    assert undoing is not None
    await world.settle(succeeded(undoing), run_id=run.run_id, version=None)
    assert world.targets("openai", "rolled_back") == 1
    assert world.targets("claude", "failed") == 1
    assert world.targets("openai", "success") is None


async def test_an_attempt_that_was_never_heard_of_again_counts_as_a_rescue(world: Watched) -> None:
    run = await world.queue("openai")
    await world.start(run.run_id)
    world.pass_time(3600)
    expire = ExpireLeaseHandler(handling=world.handling)
    assert await expire(ExpireLease(run_id=run.run_id, provider_id=provider_stream("openai")), context())
    assert world.counted.value("waybill_watchdog_rescues_total", fault="lease_expired") == 1
    assert world.counted.value("waybill_watchdog_rescues_total", fault="ticket_lost") == 0


async def test_what_was_said_is_counted_by_how_it_went(world: Watched) -> None:
    async def say(session: Session, *, asks: bool) -> UUID:
        action_id = uuid4()
        session.create(action_id, CHAT_ACTION)
        session.append(action_id, *receive(None, RECEIVED, ask=TOKEN if asks else None, now=session.now))
        return action_id

    async def end(session: Session, action_id: UUID, *, reason: Reason | None) -> None:
        state = await session.load(action_id, CHAT_ACTION)
        assert state is not None
        events = accept(state, run_ids=(), refusals=()) if reason is None else reject(state, reason=reason)
        session.append(action_id, *events)

    for asks, reason in ((False, None), (True, Reason.DECLINED), (True, None)):
        action_id, _ = await world.handling.handle(partial(say, asks=asks), context=context())
        await world.handling.handle(partial(end, action_id=action_id, reason=reason), context=context())
    labels = {"action": "install", "parser": "grammar"}
    counted = {
        outcome: world.counted.value("waybill_chat_messages_total", outcome=outcome, **labels)
        for outcome in ("accepted", "confirmation_required", "declined", "dry_run")
    }
    assert counted == {"accepted": 2, "confirmation_required": 2, "declined": 1, "dry_run": None}


async def test_counting_that_goes_wrong_fails_no_command(world: Watched, capsys: pytest.CaptureFixture[str]) -> None:
    class Broken(Metrics):
        def target_ended(self, **_: object) -> None:
            raise RuntimeError("the disk is full")

    world.telemetry.metrics = Broken(part="broken")
    run = await world.queue("openai")
    await world.carry_out(run.run_id)
    assert "events_not_counted" in capsys.readouterr().out


async def test_a_command_is_a_span_of_its_request(world: Watched) -> None:
    kept = InMemorySpanExporter()
    asked = replace(context(), correlation_id=uuid4())
    with provided(kept, part="api", version="0", at_once=True) as tracing:
        world.telemetry.tracing = tracing
        run = await world.queue("openai")
        attempt = await world.start(run.run_id)
        assert attempt is not None
        with pytest.raises(RunNotFound):
            await world.cancel_run(CancelRun(run_id=uuid4()), asked)
        with world.telemetry.attempt(attempt, asked.correlation_id):
            pass
    spans = {span.name: span for span in kept.get_finished_spans()}
    assert set(spans) == {"QueueInstallRun", "StartAttempt", "CancelRun", "install attempt"}
    for name in ("CancelRun", "install attempt"):
        found = spans[name].context
        assert found is not None
        assert UUID(int=found.trace_id) == asked.correlation_id
    assert (spans["CancelRun"].attributes or {})["error.type"] == "not_found:install_runs"
    assert (spans["install attempt"].attributes or {})["waybill.run_id"] == str(run.run_id)


async def test_a_batch_is_counted_when_it_is_done(world: Watched) -> None:
    events: Sequence[Recorded] = await world.store.read(after=0, limit=3)
    with world.telemetry.relaying(events):
        assert world.counted.value("waybill_relayed_events_total") == 0
    with pytest.raises(ConnectionError), world.telemetry.projecting(events):
        raise ConnectionError
    world.telemetry.parked()
    world.telemetry.refused()
    assert world.counted.value("waybill_relayed_events_total") == 3
    assert world.counted.value("waybill_projected_events_total") == 0
    assert world.counted.value("waybill_dead_letters_total", kind="event") == 1
    assert world.counted.value("waybill_dead_letters_total", kind="ticket") == 1


async def test_a_part_that_is_started_apart_serves_its_own_counters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings(data=tmp_path, telemetry=TelemetrySettings(port=0))
    with open_telemetry(settings, part="installer") as telemetry:
        telemetry.refused()
        port = logged_port(capsys.readouterr().out)
        served = scraped(httpx2.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text)
        assert served.value("waybill_dead_letters_total", kind="ticket") == 1
        taken = replace(settings, telemetry=TelemetrySettings(port=port))
        with pytest.raises(SettingsError, match="WAYBILL_METRICS_PORT"), open_telemetry(taken, part="relay"):
            pass
    with pytest.raises(httpx2.TransportError):
        httpx2.get(f"http://127.0.0.1:{port}/metrics", trust_env=False)


def logged_port(log: str) -> int:
    found = re.search(r"port=(\d+)", re.sub(r"\x1b\[[0-9;]*m", "", log))
    assert found is not None, log
    return int(found[1])


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (TelemetrySettings(), ""),
        (TelemetrySettings(unusable=("OTEL_TRACES_EXPORTER=zipkin",)), "OTEL_TRACES_EXPORTER=zipkin"),
    ],
    ids=["unset", "unusable"],
)
def test_without_an_exporter_nothing_is_traced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], wanted: TelemetrySettings, said: str
) -> None:
    with open_telemetry(Settings(data=tmp_path, telemetry=wanted), part="relay") as telemetry:
        assert telemetry.tracing is OFF
    assert said in capsys.readouterr().out


def test_without_the_sdk_it_is_said_once_and_nothing_is_traced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "adapters.telemetry.exporting", None)
    settings = Settings(data=tmp_path, telemetry=TelemetrySettings(exporters=("otlp",)))
    with open_telemetry(settings, part="relay") as telemetry:
        assert not telemetry.tracing.on
    assert capsys.readouterr().out.count("tracing_not_installed") == 1


def test_a_folder_that_is_not_there_is_said_in_a_sentence(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, telemetry=TelemetrySettings(folder=tmp_path / "nowhere"))
    with pytest.raises(SettingsError, match="PROMETHEUS_MULTIPROC_DIR"), open_telemetry(settings, part="relay"):
        pass


def test_the_folder_in_which_parts_count_together_is_empty_at_first(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    for _ in range(2):
        empty_folder(settings)
        assert list(metrics_folder(settings).iterdir()) == []
        (metrics_folder(settings) / "counter_api.db").write_bytes(b"of an earlier start")
