"""Every scenario, by the number that its fault has among those that Waybill is to survive."""

from typing import Final

from tests.chaos import installer_faults, load, provider_faults, request_faults, role_faults, server_faults
from tests.chaos.stage import Scenario
from workers.failpoints import Failpoint

INSTALLER: Final = (
    Failpoint.ATTEMPT_STARTED,
    Failpoint.BEFORE_CALL,
    Failpoint.PROVIDER_ACCEPTED,
    Failpoint.BEFORE_SETTLE,
    Failpoint.AFTER_SETTLE,
)

SCENARIOS: Final = (
    Scenario(name="F0 nothing fails", play=installer_faults.baseline),
    *(Scenario(name=f"F1 installer killed at {point}", play=installer_faults.killed_at(point)) for point in INSTALLER),
    Scenario(name="F2 installer told to stop", play=installer_faults.told_to_stop),
    *(Scenario(name=f"F3 installer frozen at {point}", play=installer_faults.frozen_at(point)) for point in INSTALLER),
    Scenario(name="F4 Postgres crashes", play=server_faults.postgres_crashes),
    Scenario(name="F5 commit acknowledgement lost", play=server_faults.acknowledgement_lost),
    Scenario(name="F7 head locked", play=server_faults.head_locked),
    Scenario(name="F8 NATS away", play=server_faults.nats_away),
    Scenario(name="F8 NATS restarted", play=server_faults.nats_restarted),
    Scenario(name="F9 NATS wiped", play=server_faults.nats_wiped, heal_seconds=90),
    Scenario(
        name="F11 relay killed at relay_published",
        play=role_faults.killed_role("relay", Failpoint.RELAY_PUBLISHED),
    ),
    Scenario(
        name="F11 scheduler killed at ticket_issued",
        play=role_faults.killed_role("scheduler", Failpoint.TICKET_ISSUED),
        heal_seconds=90,
    ),
    *(
        Scenario(name=f"F11 notary killed at {point}", play=role_faults.killed_role("notary", point))
        for point in (Failpoint.CHECKPOINT_FILED, Failpoint.CHECKPOINT_STORED, Failpoint.CHECKPOINT_PUBLISHED)
    ),
    Scenario(name="F12 roles doubled and frozen", play=role_faults.doubled_and_frozen),
    Scenario(name="F13 tickets again and again", play=role_faults.tickets_again),
    *(
        Scenario(name=f"F15 {name}", play=provider_faults.in_trouble(trouble))
        for name, trouble in provider_faults.TROUBLES.items()
    ),
    Scenario(name="F15 429 for an hour", play=provider_faults.paused_for_long),
    Scenario(name="F15 401 once", play=provider_faults.refused_credential),
    Scenario(name="F15 401 for good", play=provider_faults.out_of_use),
    Scenario(name="F16 reply lost", play=provider_faults.reply_lost),
    Scenario(name="F16 applied late", play=provider_faults.applied_late),
    Scenario(name="F17 rollback fails", play=provider_faults.rollback_fails),
    Scenario(name="F18 cancel races", play=request_faults.cancel_races),
    Scenario(name="F18 double retry", play=request_faults.double_retry),
    Scenario(name="F19 one key, many requests", play=request_faults.one_key_many_requests),
    Scenario(name="F20 client gone", play=request_faults.client_gone),
    Scenario(name="F20 answer lost", play=request_faults.answer_lost),
    Scenario(name="F20 chat cut off", play=request_faults.said_and_cut_off),
    Scenario(name="F21 one dead of three", play=load.one_dead_of_three, heal_seconds=420),
)
BY_NAME: Final = {scenario.name: scenario for scenario in SCENARIOS}
