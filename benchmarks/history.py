"""A long history as a busy Waybill would have written it: dense positions, valid envelopes, ids that carry their time."""

import hashlib
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import psycopg
from msgspec import Struct

from adapters.postgres.mapper import to_stored
from domain.access.events import AccessDenied
from domain.access.state import denials_stream
from domain.errors import Code
from domain.events import Actor, Event, Recorded, Role
from domain.install_run.events import (
    ProviderFailed,
    ProviderRetryScheduled,
    ProviderStarted,
    ProviderSucceeded,
    RunFailed,
    RunPartiallyFailed,
    RunQueued,
    RunStarted,
    RunSucceeded,
    SkillPin,
    Target,
)
from domain.install_run.policy import Policy
from domain.installation.events import InstallationChanged, InstallationReleased, InstallationReserved, Receipt
from domain.installation.state import installation_stream
from domain.provider.events import CredentialRef, ProviderConnected, ProviderVerified
from domain.provider.state import provider_stream
from domain.skill.bundle import digest_of
from domain.skill.events import ManifestEntry, SkillRegistered, SkillVersionPublished
from domain.skill.state import skill_stream

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
BETWEEN_EVENTS: Final = timedelta(milliseconds=20)
# Runs that are under way at the same time, so that their events stand between each other.
UNDER_WAY: Final = 100
PROVIDERS: Final = ("openai", "claude", "gemini")
TRIED_TWICE: Final = 0.08
FAILED: Final = 0.04
DENIED: Final = 0.02
SKILL_FILE: Final = "---\nname: {name}\ndescription: Shows results.\n---\nRead the table, and say who leads it.\n"
FILES: Final = {"scripts/report.py": b"print('leading')\n" * 100, "reference/teams.md": b"# Teams\n" * 200}
COPY: Final = (
    "COPY events (originator_id, originator_version, topic, state, notification_id) FROM STDIN (FORMAT BINARY)"
)
COPY_FILES: Final = "COPY bundle_files (sha256, content) FROM STDIN (FORMAT BINARY)"
COLUMN_TYPES: Final = ("uuid", "int8", "text", "bytea", "int8")

Step = tuple[UUID, Event, UUID]


class Seeded(Struct, frozen=True, kw_only=True):
    """`runs` are some of them, from all over the history, with the positions of their first and last event."""

    events: int
    runs: tuple[tuple[UUID, int, int], ...]


class Telling:
    """The same for the same seed. `files` are the bytes of the skills that were told of, by their sha256."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - no secret
        self._versions: dict[UUID, int] = {}
        self._skills = 0
        self.position = 0
        self.files: dict[str, bytes] = {}

    def events(self) -> Iterator[Recorded]:
        """Without an end."""
        for name in PROVIDERS:
            yield from self._told(self._connection(name))
        while True:
            group = [self._run() for _ in range(UNDER_WAY)]
            longest = max(len(run) for run in group)
            for step in range(longest):
                yield from self._told(run[step] for run in group if step < len(run))

    def _told(self, steps: Any) -> Iterator[Recorded]:
        for stream, event, correlation_id in steps:
            self.position += 1
            version = self._versions[stream] = self._versions.get(stream, 0) + 1
            at = START + self.position * BETWEEN_EVENTS
            number = self._random.randrange(8)
            yield Recorded(
                id=self._id(at),
                position=self.position,
                stream=stream,
                version=version,
                at=at,
                actor=Actor(kind="api_key", id=f"k{number}", name=f"team {number}", role=Role.OPERATOR),
                request_id=f"request-{self.position}",
                correlation_id=correlation_id,
                causation_id=None,
                event=event,
            )

    def _connection(self, name: str) -> list[Step]:
        stream = provider_stream(name)
        credential = CredentialRef(source="env", name="WAYBILL_CREDENTIAL_BENCH")
        connected = ProviderConnected(
            name=name, kind="noop", base_url="https://api.example", credential=credential, concurrency_max=8
        )
        return [(stream, connected, stream), (stream, ProviderVerified(), stream)]

    def _run(self) -> list[Step]:
        """The first run of a skill of its own, from the registration to the end; at some providers it is tried twice or fails."""
        self._skills += 1
        run_id = self._id(START + self.position * BETWEEN_EVENTS)
        name = f"skill-{self._skills}"
        manifest = self._bundle(name)
        digest = digest_of(manifest)
        skill = SkillPin(id=skill_stream(name), name=name, version=1, digest=digest, ref="latest")
        names = self._random.sample(PROVIDERS, self._random.choice((1, 1, 2, 3)))
        targets = tuple(Target(id=provider_stream(each), name=each, kind="noop") for each in names)
        published = SkillVersionPublished(version=1, digest=digest, description="Shows results.", manifest=manifest)
        failed = {target.id for target in targets if self._random.random() < FAILED}
        events: list[tuple[UUID, Event]] = [
            (skill.id, SkillRegistered(name=name)),
            (skill.id, published),
            (run_id, RunQueued(skill=skill, targets=targets, policy=Policy())),
            *((installation_stream(skill.id, it.id), _reserved(run_id, skill, it)) for it in targets),
            (run_id, RunStarted()),
        ]
        for target in targets:
            events += self._attempts(run_id, skill, target, fails=target.id in failed)
        events.append((run_id, _ending(len(targets), len(failed))))
        if self._random.random() < DENIED * len(events):
            events.append(_denial(self._random.randrange(50)))
        return [(stream, event, run_id) for stream, event in events]

    def _bundle(self, name: str) -> tuple[ManifestEntry, ...]:
        entries = []
        for path, content in {"SKILL.md": SKILL_FILE.format(name=name).encode(), **FILES}.items():
            sha256 = hashlib.sha256(content).hexdigest()
            self.files[sha256] = content
            entries.append(ManifestEntry(path=path, sha256=sha256, size=len(content)))
        return tuple(entries)

    def _attempts(self, run_id: UUID, skill: SkillPin, target: Target, *, fails: bool) -> list[tuple[UUID, Event]]:
        slot = installation_stream(skill.id, target.id)
        events: list[tuple[UUID, Event]] = []
        again = self._random.random() < TRIED_TWICE
        for attempt in (1, 2) if again else (1,):
            last = attempt == (2 if again else 1)
            at = START + self.position * BETWEEN_EVENTS
            tried: dict[str, Any] = {"provider_id": target.id, "attempt_id": self._id(at)}
            started = ProviderStarted(**tried, attempt=attempt, since=at, lease_until=at + timedelta(minutes=2))
            events.append((run_id, started))
            if last and not fails:
                receipt = Receipt(remote_id=f"skill_{self._random.getrandbits(64):016x}", remote_version="1")
                events.append((run_id, ProviderSucceeded(**tried, receipt=receipt)))
                events.append((slot, _changed(run_id, skill, target, receipt)))
                continue
            code, message = Code.PROVIDER_RATE_LIMIT, "Too many requests; try again in a moment."
            failed = ProviderFailed(**tried, code=code, message=message, retryable=True, ambiguous=False, final=last)
            events.append((run_id, failed))
            if last:
                events.append((slot, InstallationReleased(run_id=run_id)))
            else:
                scheduled = ProviderRetryScheduled(provider_id=target.id, attempt=2, due_at=at + timedelta(seconds=1))
                events.append((run_id, scheduled))
        return events

    def _id(self, at: datetime) -> UUID:
        milliseconds = int(at.timestamp() * 1000)
        chance = self._random.getrandbits(74)
        return UUID(int=milliseconds << 80 | 7 << 76 | (chance >> 62) << 64 | 2 << 62 | chance & (1 << 62) - 1)


def seed_store(url: str, *, events: int, samples: int, seed: int = 7) -> Seeded:
    """Into an empty store, in one COPY, with the bytes of the skills."""
    first: dict[UUID, int] = {}
    last: dict[UUID, int] = {}
    telling = Telling(seed)
    with psycopg.connect(url, autocommit=True) as connection:
        with connection.transaction(), connection.cursor() as cursor, cursor.copy(COPY) as copy:
            copy.set_types(COLUMN_TYPES)
            for recorded in telling.events():
                stored = to_stored(recorded)
                copy.write_row((recorded.stream, recorded.version, stored.topic, stored.state, recorded.position))
                if isinstance(recorded.event, RunQueued) and recorded.position >= len(first) * events // samples:
                    first[recorded.stream] = recorded.position
                elif recorded.stream in first:
                    last[recorded.stream] = recorded.position
                if recorded.position == events:
                    break
        with connection.cursor() as cursor, cursor.copy(COPY_FILES) as copy:
            copy.set_types(("text", "bytea"))
            for row in telling.files.items():
                copy.write_row(row)
        connection.execute("UPDATE head SET position = %s", (events,))
        connection.execute("VACUUM ANALYZE events")
        connection.execute("CHECKPOINT")
    return Seeded(events=events, runs=tuple((run, first[run], position) for run, position in last.items()))


def _reserved(run_id: UUID, skill: SkillPin, target: Target) -> InstallationReserved:
    return InstallationReserved(run_id=run_id, skill_id=skill.id, provider_id=target.id, version=skill.version)


def _changed(run_id: UUID, skill: SkillPin, target: Target, receipt: Receipt) -> InstallationChanged:
    return InstallationChanged(
        run_id=run_id,
        skill_id=skill.id,
        provider_id=target.id,
        version=skill.version,
        digest=skill.digest,
        receipt=receipt,
        usage=f"Use the skill {skill.name}.",
    )


def _ending(targets: int, failed: int) -> Event:
    failures = {Code.PROVIDER_RATE_LIMIT: failed}
    if failed == 0:
        return RunSucceeded(succeeded=targets)
    return (
        RunFailed(failures=failures)
        if failed == targets
        else RunPartiallyFailed(succeeded=targets - failed, failures=failures)
    )


def _denial(number: int) -> tuple[UUID, Event]:
    source = f"10.0.0.{number}"
    return denials_stream(source), AccessDenied(source=source, code=Code.UNAUTHORIZED, method="GET", path="/api/skills")
