"""Places where a fault test has a process killed or frozen: armed by WAYBILL_FAILPOINT, and nothing in any other process."""

import os
import signal
from enum import StrEnum
from typing import Final

from workers.settings import SettingsError


class Failpoint(StrEnum):
    """Where a process may be told to fail."""

    RUN_QUEUED = "run_queued"  # the API: the run is stored, its answer not sent
    CHAT_STEP_DONE = "chat_step_done"  # the API: a step of what somebody said is done, the next one not begun
    RELAY_PUBLISHED = "relay_published"  # the relay: a batch is in NATS, its progress not written down
    TICKET_ISSUED = "ticket_issued"  # the scheduler: the ticket is in NATS, its timer not set anew
    ATTEMPT_STARTED = "attempt_started"  # the installer: the attempt is stored, its ticket not acknowledged
    BEFORE_CALL = "before_call"  # the installer: the ticket is acknowledged, the provider not called
    PROVIDER_ACCEPTED = "provider_accepted"  # the installer: the provider has done it, its reply is not read
    BEFORE_SETTLE = "before_settle"  # the installer: the reply is read, the outcome not stored
    AFTER_SETTLE = "after_settle"  # the installer: the outcome is stored, nobody told
    CHECKPOINT_FILED = "checkpoint_filed"  # the notary: the checkpoint is in the folder, not in the database
    CHECKPOINT_STORED = "checkpoint_stored"  # the notary: the checkpoint is in the database, not on NATS
    CHECKPOINT_PUBLISHED = (
        "checkpoint_published"  # the notary: the checkpoint is on NATS, its progress not written down
    )
    REBUILD_PART_LOADED = "rebuild_part_loaded"  # `waybill projections rebuild`: some of the rows are in the new table
    REBUILD_LOADED = "rebuild_loaded"  # `waybill projections rebuild`: all of them are, and the former table is served


SIGNALS: Final = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}

_armed: dict[Failpoint, signal.Signals] = {}


def arm(setting: str | None) -> None:
    """`name:kill` or `name:stop`. Raises SettingsError."""
    if setting is None:
        return
    name, _, action = setting.partition(":")
    if name not in set(Failpoint) or action not in SIGNALS:
        raise SettingsError(f"WAYBILL_FAILPOINT must be one of {', '.join(Failpoint)}, with :kill or :stop.")
    _armed[Failpoint(name)] = SIGNALS[action]


def reach(failpoint: Failpoint) -> None:
    """Die here, or freeze, if this is the place that was named; once for a frozen process, which may be woken."""
    if _armed and (number := _armed.pop(failpoint, None)) is not None:
        os.kill(os.getpid(), number)
