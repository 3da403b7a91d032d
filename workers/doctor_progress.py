"""What the doctor finds about those who work on the store: who has the single roles, how far behind, and by which clock."""

from collections.abc import Iterator, Sequence
from typing import Final

from queries.read_model_health import LAG_MAX, ReadModelHealth
from workers.doctor_checks import Check, counted, failed, ok, warning
from workers.doctor_postgres import Progress
from workers.oversight import CHECKPOINT_LAG_SECONDS_MAX, RELAY_LAG_MAX

ROLES: Final = {
    "relay": "events and tickets do not reach NATS",
    "projector": "answers are out of date",
    "scheduler": "retries and timeouts wait",
    "watchdog": "what stands still is not found",
    "notary": "what is stored now can be changed unseen",
    "alerts": "nobody is told of what goes wrong",
}
# Everything is decided by the database's clock; by more than this people and logs begin to tell different stories.
CLOCK_DIFFERENCE_SECONDS_MAX: Final = 2.0


def examine_progress(progress: Progress) -> Iterator[Check]:
    yield _clock(progress.vitals.clock_difference_seconds)
    held = {role.role: role for role in progress.vitals.roles}
    for role, consequence in ROLES.items():
        found = held.get(role)
        if found is None or not found.held:
            last = "" if found is None else f"; the last who had it was {found.holder}"
            yield failed(role, f"nobody has this role, so {consequence}{last}", remedy=f"Start one: `waybill {role}`.")
        elif role == "relay" and progress.vitals.relay_lag > RELAY_LAG_MAX:
            remedy = "Look at the log of the relay, and whether NATS answers."
            yield failed(role, f"{counted(progress.vitals.relay_lag, 'event')} behind", remedy=remedy)
        elif role == "notary" and progress.vitals.checkpoint_lag.seconds > CHECKPOINT_LAG_SECONDS_MAX:
            seconds = counted(round(progress.vitals.checkpoint_lag.seconds), "second")
            remedy = "Look at the log of the notary: it signs nothing if the store is not what it signed before."
            yield failed(role, f"what was stored {seconds} ago is not signed", remedy=remedy)
        else:
            lags = {"relay": progress.vitals.relay_lag, "notary": progress.vitals.checkpoint_lag.events}
            lag = f", {counted(lags[role], 'event')} behind" if role in lags else ""
            yield ok(role, f"held by {found.holder}{lag}")
    yield _read_models(progress.read_models)


def _clock(seconds: float) -> Check:
    said = f"the database's is {abs(seconds):.3f} s {'ahead of' if seconds > 0 else 'behind'} this machine's"
    if abs(seconds) <= CLOCK_DIFFERENCE_SECONDS_MAX:
        return ok("clock", said)
    return warning("clock", said, remedy="Set both by NTP; Waybill decides by the database's.")


def _read_models(models: Sequence[ReadModelHealth]) -> Check:
    parked = [f"{model.name} stands still at event {model.parked_event}" for model in models if model.parked_event]
    behind = [f"{model.name} is {counted(model.lag, 'event')} behind" for model in models if model.lag > LAG_MAX]
    said = ", ".join(parked or behind)
    if parked:
        remedy = "The log of the projector says why; a version of Waybill that knows this event goes on from there."
        return failed("read_models", said, remedy=remedy)
    if behind:
        remedy = "Wait while they catch up; if they do not, look at the log of the projector."
        return warning("read_models", said, remedy=remedy)
    lag = max((model.lag for model in models), default=0)
    return ok("read_models", f"{len(models)}, {counted(lag, 'event')} behind at most")
