"""Waybill itself, through HTTP, with all its processes; its provider is the `noop` kind, which agrees at once."""

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from itertools import islice, product
from pathlib import Path
from typing import Any, Final

import msgspec
import uvloop
from msgspec import Struct

from benchmarks.figures import (
    FINISH_POLL_SECONDS,
    IDLE_PAUSE_SECONDS,
    IDLE_SAMPLES,
    IDLE_SECONDS_MAX,
    IDLE_WARM_UP,
    SUBMIT_SECONDS,
    Figures,
    Spread,
    hand_in,
    spread,
)
from benchmarks.http_load import Load, Plan, drive, drive_apart
from benchmarks.processor_time import difference, seconds_used
from benchmarks.waybill_running import Running, running

# One run holds the slot of a skill at a provider until it has ended; so every run here gets a pair of its own.
PROVIDERS: Final = tuple(f"bench-{number:02}" for number in range(8))
PLACES: Final = 32
SKILLS: Final = tuple(f"bench-{number:04}" for number in range(1000))
PREPARE_SECONDS_MAX: Final = 60.0
RUNS_MAX: Final = 3800
FINISH_SECONDS_MAX: Final = 60.0
NOTE: Final = (
    "through HTTP, 7 events a run, JetStream with fsync, history and audit log. Submits: the API alone. Start: the provider"
    " has answered, after the intent was stored"
)


class Phase(Struct, frozen=True, kw_only=True):
    """`seconds` until the last run is finished, as the API says; `processor` is what each part used, in seconds."""

    load: Load
    seconds: float
    processor: dict[str, float]

    @property
    def per_second(self) -> float:
        return self.load.count / self.seconds


async def measure(database_url: str, folder: Path) -> tuple[Figures, Figures]:
    bodies = (
        msgspec.json.encode({"skill": skill, "providers": [provider]}) for skill, provider in product(SKILLS, PROVIDERS)
    )
    async with running(database_url, folder / "data") as waybill:
        await _prepare(waybill)
        start, intent = await _idle(waybill, bodies)
        with waybill.api_alone():
            began = seconds_used(waybill.parts)
            submitted = await _submit(waybill, bodies, folder)
            submit_processor = difference(seconds_used(waybill.parts), began)
        finished = await _finish(waybill, submitted)
        together = await _together(waybill, bodies, folder)
        runs = start.samples + IDLE_WARM_UP + submitted.count + together.load.count
        _check(waybill, runs)
    alone = Figures(
        contestant="Waybill",
        submits_per_second=submitted.per_second,
        finished_per_second=finished.per_second,
        start=start,
        note=NOTE,
        counts={"submitted": submitted.count},
        spreads={"answer": submitted.answer, "until the intent was written": intent},
        processor_seconds={"submitting": submit_processor, "finishing": finished.processor},
    )
    both = Figures(
        contestant="Waybill, all at once",
        submits_per_second=together.load.per_second,
        finished_per_second=together.per_second,
        note="submitting and finishing at the same time, every process at work",
        counts={"submitted": together.load.count},
        spreads={"answer": together.load.answer},
        processor_seconds={"submitting and finishing": together.processor},
    )
    return alone, both


async def _prepare(waybill: Running) -> None:
    providers = [
        msgspec.json.encode({"kind": "noop", "name": name, "credential": "none", "concurrencyMax": PLACES})
        for name in PROVIDERS
    ]
    skills = [msgspec.json.encode({"files": [{"path": "SKILL.md", "content": _skill(name)}]}) for name in SKILLS]
    for path, bodies in (("/api/providers", providers), ("/api/skills", skills)):
        plan = Plan(url=waybill.url + path, bodies="", key=waybill.key, seconds=PREPARE_SECONDS_MAX)
        load = await drive(plan, bodies)
        assert load.statuses == {201: len(bodies)}, f"{path}: {load.statuses}"


def _skill(name: str) -> str:
    return f"---\nname: {name}\ndescription: Does nothing; it is there to be installed.\n---\n\n# {name}\n"


async def _idle(waybill: Running, bodies: Iterator[bytes]) -> tuple[Spread, Spread]:
    """Two ends, both written by the installer's clock: the provider has answered, and before that the intent is written."""
    sent: list[tuple[float, str]] = []
    until = time.monotonic() + IDLE_SECONDS_MAX
    while len(sent) < IDLE_SAMPLES + IDLE_WARM_UP and time.monotonic() < until:
        await asyncio.sleep(IDLE_PAUSE_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
        now = time.time()
        sent.append((now, waybill.api.post("/api/install-runs", next(bodies))["id"]))
    histories = [(now, _times(waybill.api.get(f"/api/install-runs/{run}/history"))) for now, run in sent]
    ends = ("ProviderSucceeded", "ProviderStarted")
    answered, intended = ([times[end] - now for now, times in histories[IDLE_WARM_UP:]] for end in ends)
    return spread(answered), spread(intended)


def _times(history: dict[str, Any]) -> dict[str, float]:
    return {item["event"]: datetime.fromisoformat(item["at"]).timestamp() for item in history["items"]}


async def _submit(waybill: Running, bodies: Iterator[bytes], folder: Path) -> Load:
    file = folder / "bodies"
    file.write_bytes(b"\n".join(islice(bodies, RUNS_MAX)))
    plan = Plan(url=f"{waybill.url}/api/install-runs", bodies=str(file), key=waybill.key, seconds=SUBMIT_SECONDS)
    load = await drive_apart(plan)
    assert load.statuses == {202: load.count}, f"submits: {load.statuses}"
    return load


async def _finish(waybill: Running, load: Load) -> Phase:
    used = seconds_used(waybill.parts)
    began = time.monotonic()
    await _wait_until_finished(waybill)
    seconds = time.monotonic() - began
    return Phase(load=load, seconds=seconds, processor=difference(seconds_used(waybill.parts), used))


async def _together(waybill: Running, bodies: Iterator[bytes], folder: Path) -> Phase:
    used = seconds_used(waybill.parts)
    began = time.monotonic()
    load = await _submit(waybill, bodies, folder)
    await _wait_until_finished(waybill)
    seconds = time.monotonic() - began
    return Phase(load=load, seconds=seconds, processor=difference(seconds_used(waybill.parts), used))


async def _wait_until_finished(waybill: Running) -> None:
    """The list of what has not ended is empty, and it knows everything that is stored."""
    async with asyncio.timeout(FINISH_SECONDS_MAX):
        while True:
            page = await asyncio.to_thread(waybill.api.get, "/api/install-runs", status=["queued", "running"], limit=1)
            if not page["items"] and not page["stale"]:
                return
            await asyncio.sleep(FINISH_POLL_SECONDS)


def _check(waybill: Running, runs: int) -> None:
    """Nothing is missing: every accepted run succeeded, and the audit log has its beginning and its end."""
    statuses = [run["status"] for run in waybill.api.items("/api/install-runs")]
    assert statuses == ["success"] * runs, f"{len(statuses)} runs of {runs}, {statuses.count('success')} succeeded"
    for action in ("install_run.queued", "install_run.succeeded"):
        entries = sum(1 for _ in waybill.api.items("/api/audit-log", action=action))
        assert entries == runs, f"{entries} audit entries of {runs} for {action}"


async def main(database_url: str) -> None:
    with tempfile.TemporaryDirectory(prefix="waybill-bench-") as folder:
        hand_in(*await measure(database_url, Path(folder)))


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1]))
