"""Cases of made-up incidents, with a real tree, a real signature, and rows that the read models made of the events."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec
from msgspec.structs import replace

from adapters.cases.page import page
from adapters.cases.writing import zip_case
from adapters.evidence.signing import new_signing_key, public_of, signer_of
from adapters.postgres.mapper import to_stored
from domain.errors import Code
from domain.events import Recorded
from domain.evidence.case import Case, CaseEvent, CaseRows, CaseScope, Exported
from domain.evidence.checkpoint import Checkpoint
from domain.evidence.leaf import StoredEvent
from domain.evidence.merkle import Edge, Subtree, node_hash, prove_inclusion
from domain.evidence.note import SigningKey, VerifyingKey, sign_note
from domain.install_run.events import ProviderStarted, TicketTaken
from domain.install_run.policy import Policy
from domain.skill.bundle import digest_of
from domain.skill.events import ManifestEntry, SkillRegistered, SkillVersionPublished
from domain.skill.state import skill_stream
from projections.case_rows import CASE_MODELS
from projections.shown_event import keeps_back, shown
from tests.kit.facts import NOON
from tests.projections.stories import Story
from workers.terminal.case_story import EventsOfCase, tell

KEY: Final[SigningKey] = new_signing_key("waybill-7e57ca5e")
PUBLIC: Final[VerifyingKey] = public_of(KEY)
STORE: Final = UUID("7e57ca5e-0000-4000-8000-000000000000")
VERSION: Final = "0.0.0"
FILES: Final = (
    ManifestEntry(path="SKILL.md", sha256="a" * 64, size=812),
    ManifestEntry(path="scripts/results.py", sha256="b" * 64, size=4_096),
)


def an_incident(*, skill: str = "kbo-results", message: str = "The skill is too large.") -> Story:
    """A run at three providers: one is done, one after two tries, and one fails."""
    story = Story()
    publish(story, skill)
    for name in ("openai", "claude", "gemini"):
        story.connect(name)
    run = story.run(1, "openai", "claude", "gemini", skill=skill, policy=Policy(attempts_max=3))
    run.start("openai").succeed("openai")
    run.start("claude").fail("claude", Code.PROVIDER_OVERLOADED, message="Overloaded", retryable=True)
    run.start("gemini").fail("gemini", message=message)
    run.start("claude").succeed("claude")
    return story


def publish(story: Story, name: str = "kbo-results") -> None:
    """With the digest that its files have, by which the runs of the story know it, too."""
    published = SkillVersionPublished(
        version=1, digest=digest_of(FILES), description="Shows baseball results.", manifest=FILES
    )
    story.add(skill_stream(name), SkillRegistered(name=name), published)


def with_tickets(events: Sequence[Recorded], *, after: timedelta = timedelta(milliseconds=400)) -> list[Recorded]:
    """As an installer records them that took them from NATS."""
    return [
        replace(
            one,
            event=replace(one.event, ticket=TicketTaken(sequence=one.position, deliveries=1, issued_at=one.at - after)),
        )
        if isinstance(one.event, ProviderStarted)
        else one
        for one in events
    ]


def case_of(
    events: Sequence[Recorded],
    *,
    runs: Sequence[UUID] = (),
    sealed: int | None = None,
    taken: Callable[[Recorded], bool] = lambda _: True,
    key: SigningKey = KEY,
) -> Case:
    """`taken` says which of the store's events are in it; `sealed` is the size of the checkpoint, None: all."""
    stored = [stored_of(recorded) for recorded in events]
    size = len(stored) if sealed is None else sealed
    subtree = tree_over([one.leaf for one in stored])
    held = tuple(
        CaseEvent(
            stored=one,
            withheld=one.leaf if keeps_back(recorded) else None,
            path=prove_inclusion(one.position - 1, size, subtree) if one.position <= size else None,
        )
        for recorded, one in zip(events, stored, strict=True)
        if taken(recorded)
    )
    checkpoint = Checkpoint(
        origin=key.name, size=size, root=Edge.of(size, subtree).root(), store=STORE, at=NOON + timedelta(hours=1)
    )
    until = max(one.at for one in events) + timedelta(seconds=5)
    return Case(
        scope=CaseScope(runs=tuple(runs)),
        exported=Exported(at=until, by="key-1", name="admin", request_id="request-9", position=len(events) + 1),
        up_to_position=len(events),
        events=held,
        rows=rows_of([one for one in events if taken(one)], position=len(events)),
        software={"waybill": VERSION, "python": "3.11.9"},
        settings={"policy": {"attemptsMax": 4}, "logLevel": "info"},
        note=str(sign_note(str(checkpoint), key, signer_of(key.seed))),
        public_key=str(public_of(key)),
    )


def zipped(case: Case, events: Sequence[Recorded]) -> bytes:
    told = EventsOfCase(recorded=tuple(events), readable={one.position: shown(one) for one in events})
    return zip_case(case, readable=list(told.readable.values()), report=page(tell(case, told)))


def stored_of(recorded: Recorded) -> StoredEvent:
    stored = to_stored(recorded)
    return StoredEvent(
        position=recorded.position,
        stream=recorded.stream,
        version=recorded.version,
        topic=stored.topic,
        state=stored.state,
    )


def rows_of(events: Sequence[Recorded], *, position: int) -> Mapping[str, CaseRows]:
    rows = {}
    for model in CASE_MODELS:
        made = model.fold(events, touched=model.touched(events), stored=())
        encoded = tuple(msgspec.json.encode(row) for row in made)
        rows[model.name] = CaseRows(generation=model.generation, position=position, rows=encoded)
    return rows


def tree_over(leaves: Sequence[bytes]) -> Subtree:
    def subtree(level: int, index: int) -> bytes:
        if level == 0:
            return leaves[index]
        return node_hash(subtree(level - 1, index * 2), subtree(level - 1, index * 2 + 1))

    return subtree
