"""The invariants: what must hold after every scenario, whatever has failed meanwhile."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final
from uuid import UUID

from domain.events import Recorded
from domain.evidence.verdict import Verdict
from domain.install_run.events import ProviderStarted
from domain.installation.state import Installation
from domain.provider.events import ProviderConnected
from domain.skill.events import SkillRegistered
from projections.audit_log import AUDIT_LOG
from projections.catalog import READ_MODELS
from projections.read_model import ReadModel
from tests.chaos.evidence import Evidence
from tests.chaos.paths import Walk, held_slots
from tests.chaos.sandbox import CALLS_MAX
from tests.chaos.violation import Violation
from tests.kit.projection_spec import given
from tests.kit.read_side import in_order

SHOWN_MAX: Final = 5
CREATES: Final = frozenset({"create_skill", "create_version"})
# Where a skill has versions, one of them in use.
VERSIONED: Final = frozenset({"openai", "claude"})
# The provider notes a call by its own clock.
CLOCKS_APART: Final = timedelta(milliseconds=50)
# Only who looks later for what may have come late is left behind.
STANDING_TIMERS: Final = frozenset({"sweep"})


def violations(evidence: Evidence) -> tuple[Violation, ...]:
    walk = Walk()
    return (
        *walk.through(evidence.history),
        *lost(evidence, walk),
        *stuck(walk),
        *dense(evidence),
        *live_installs(evidence, walk),
        *calls_without_intent(evidence),
        *read_models(evidence),
        *streams(evidence),
        *keys(evidence),
        *leftovers(evidence),
        *held_slots(walk.pairs),
        *unproved(evidence.verdict),
    )


def unproved(verdict: Verdict) -> Iterator[Violation]:
    for finding in verdict.findings:
        yield Violation("I17", f"{finding.kind} at {finding.position}: {finding.detail}")
    if verdict.sound and verdict.proved != verdict.events:
        yield Violation("I17", f"of {verdict.events} events {verdict.proved} are signed")


def dense(evidence: Evidence) -> Iterator[Violation]:
    positions = [recorded.position for recorded in evidence.history]
    if positions != list(range(1, evidence.head + 1)):
        yield Violation("I7", f"{len(positions)} positions are not 1 to {evidence.head} without a gap")
    versions: Counter[UUID] = Counter()
    for recorded in evidence.history:
        versions[recorded.stream] += 1
        if recorded.version != versions[recorded.stream]:
            yield Violation("I7", f"stream {recorded.stream} has version {recorded.version} at {recorded.position}")
    if len({recorded.id for recorded in evidence.history}) != len(positions):
        yield Violation("I7", "an event id stands twice in the store")


def lost(evidence: Evidence, walk: Walk) -> Iterator[Violation]:
    for run_id in {asked.run_id for asked in evidence.asked} - walk.runs.keys():
        yield Violation("I1", f"run {run_id} was accepted and is not in the store")


def stuck(walk: Walk) -> Iterator[Violation]:
    for run_id, run in walk.runs.items():
        if not run.status.ended:
            targets = ", ".join(f"{target.target.name} {target.status.value}" for target in run.targets)
            yield Violation("I2", f"run {run_id} has not ended: {targets}")


def live_installs(evidence: Evidence, walk: Walk) -> Iterator[Violation]:
    """What is live at the providers, and in use there, is what the installations say; only where a run has failed in doubt, and
    nothing was known since, more may be there.
    """
    kinds, skills = _kinds(evidence.history), _skills(evidence.history)
    found: defaultdict[tuple[str, str], dict[str, str]] = defaultdict(dict)
    for entry in evidence.ledger:
        found[entry.provider, entry.name][entry.id] = entry.default_version
    pairs = {
        (kinds[provider_id], skills[skill_id]): walk.pairs[stream]
        for stream, (skill_id, provider_id) in walk.about.items()
        if kinds[provider_id] != "noop"
    }
    for name in found.keys() | pairs.keys():
        pair = pairs.get(name, Installation())
        receipt = pair.live.receipt if pair.live else None
        doubted = receipt is None and pair.doubtful_since is not None
        if found[name].keys() != ({receipt.remote_id} if receipt else set()) and not doubted:
            yield Violation("I5", f"{name[1]} at {name[0]}: live are {sorted(found[name])}, we say {receipt}")
        elif receipt and name[0] in VERSIONED and receipt.remote_version != found[name].get(receipt.remote_id):
            yield Violation("I5", f"{name[1]} at {name[0]}: in use are {found[name]}, we say {receipt}")


def calls_without_intent(evidence: Evidence) -> Iterator[Violation]:
    """At any moment a provider was asked to create no more often than attempts had been begun at it."""
    if len(evidence.calls) >= CALLS_MAX:
        return
    kinds = _kinds(evidence.history)
    moments: defaultdict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for recorded in evidence.history:
        if isinstance(recorded.event, ProviderStarted):
            moments[kinds[recorded.event.provider_id]].append((recorded.at - CLOCKS_APART, 1))
    for call in evidence.calls:
        if call.operation in CREATES:
            moments[call.provider].append((call.at, -1))
    for kind, listed in moments.items():
        begun = 0
        for at, step in sorted(listed, key=lambda moment: (moment[0], -moment[1])):
            begun += step
            if begun < 0:
                yield Violation("I6", f"{kind} was asked to create at {at} without an attempt before it")
                break


def read_models(evidence: Evidence) -> Iterator[Violation]:
    for tracking in evidence.tracking:
        if tracking.parked or tracking.position != evidence.head:
            why = f", parked: {tracking.parked_error}" if tracking.parked else ""
            yield Violation("I7", f"{tracking.name} stands at {tracking.position} of {evidence.head}{why}")
    for model in READ_MODELS:
        yield from _differences(model, evidence)
    audited = [row.position for row in evidence.rows.get(AUDIT_LOG.name, ())]
    if audited != [recorded.position for recorded in evidence.history]:
        yield Violation("I9", f"{len(audited)} audit entries for {len(evidence.history)} events")


def _differences(model: ReadModel[Any], evidence: Evidence) -> Iterator[Violation]:
    try:
        folded = in_order(model, given(evidence.history).rows(model))
    except Exception as error:  # noqa: BLE001 - whatever it is, there is no fold from zero
        yield Violation("I4", f"{model.name} cannot be projected from zero: {error!r}")
        return
    stored = list(evidence.rows.get(model.name, ()))
    if stored == folded:
        return
    different = [pair for pair in zip(stored, folded, strict=False) if pair[0] != pair[1]]
    yield Violation("I7", f"{model.name} has {len(stored)} rows, a fold from zero {len(folded)}")
    for has, should in islice(different, SHOWN_MAX):
        yield Violation("I7", f"{model.name} has {has}, a fold from zero {should}")


def streams(evidence: Evidence) -> Iterator[Violation]:
    stored = tuple(recorded.id for recorded in evidence.history)
    if evidence.published == stored:
        return
    missing, extra = len(set(stored) - set(evidence.published)), len(evidence.published) - len(set(evidence.published))
    yield Violation("I10", f"of {len(stored)} events {missing} are missing in the stream, {extra} stand there again")
    if not missing and not extra:
        yield Violation("I10", "the events stand in the stream in another order")


def keys(evidence: Evidence) -> Iterator[Violation]:
    runs: defaultdict[str, set[UUID]] = defaultdict(set)
    for asked in evidence.asked:
        if asked.key is not None:
            runs[asked.key].add(asked.run_id)
    for key, found in runs.items():
        if len(found) > 1:
            yield Violation("I11", f"key {key} made {len(found)} runs")


def leftovers(evidence: Evidence) -> Iterator[Violation]:
    for timer in evidence.timers:
        if timer.name not in STANDING_TIMERS:
            yield Violation("I14", f"timer {timer.name} {timer.phase} of {timer.subject} is left, due {timer.due_at}")
    if evidence.tickets:
        yield Violation("I14", f"{evidence.tickets} tickets are left in the work stream")


def _kinds(history: tuple[Recorded, ...]) -> dict[UUID, str]:
    return {
        recorded.stream: recorded.event.kind for recorded in history if isinstance(recorded.event, ProviderConnected)
    }


def _skills(history: tuple[Recorded, ...]) -> dict[UUID, str]:
    return {recorded.stream: recorded.event.name for recorded in history if isinstance(recorded.event, SkillRegistered)}
