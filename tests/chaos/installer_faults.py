"""Faults of the installer: killed, told to stop, or frozen, at every step of an attempt."""

from collections.abc import Iterator

from domain.install_run.events import ProviderFailed, ProviderLeaseExpired, ProviderRescued, ProviderSucceeded
from domain.installation.events import InstallationReceiptLate
from tests.chaos.client import KINDS
from tests.chaos.evidence import open_runs
from tests.chaos.stage import Play, Stage
from workers.failpoints import Failpoint

RUNS = 3
PERIODS = 3
PERIOD_SECONDS = 2.0
# Longer than the watchdog lets anything stand without looking after it.
LONG_PERIOD_SECONDS = 25.0
CALL_SECONDS = 1.5
PATIENT = {"attemptTimeoutSeconds": 20}
FIRED_SECONDS = 60.0
STOP_SECONDS_MAX = 30.0


def baseline(stage: Stage) -> Iterator[None]:
    """Nothing fails: then nothing is rescued, no lease expires, nothing comes late, and nothing is tried twice."""
    runs = []
    for _ in range(PERIODS):
        runs += stage.install(stage.skills(RUNS), policy=PATIENT)
        stage.lapse(LONG_PERIOD_SECONDS if stage.full else PERIOD_SECONDS)
    yield
    assert stage.statuses(runs) == {"success"}
    assert stage.count(ProviderRescued, ProviderLeaseExpired, InstallationReceiptLate, ProviderFailed) == 0
    assert stage.count(ProviderSucceeded) == len(runs) * len(KINDS)


def killed_at(failpoint: Failpoint) -> Play:
    """SIGKILL at that point of the first attempt that comes there, with others under way; another installer goes on."""

    def play(stage: Stage) -> Iterator[None]:
        skills = stage.skills(RUNS)
        stage.cluster.restart("installer", WAYBILL_FAILPOINT=f"{failpoint}:kill")
        runs = stage.install(skills, on=stage.kinds)
        installer = stage.cluster.parts["installer"]
        stage.wait_for(lambda: installer.was_killed, f"nobody came to {failpoint}", seconds=FIRED_SECONDS)
        yield
        assert stage.statuses(runs) == {"success"}
        if failpoint is not Failpoint.AFTER_SETTLE:
            assert stage.count(ProviderLeaseExpired) >= 1

    return play


def frozen_at(failpoint: Failpoint) -> Play:
    """SIGSTOP there until the lease is over and somebody else has done the work; then it wakes and goes on as if nothing were."""

    def play(stage: Stage) -> Iterator[None]:
        skills = stage.skills(RUNS)
        stage.cluster.restart("installer", WAYBILL_FAILPOINT=f"{failpoint}:stop")
        runs = stage.install(skills, on=stage.kinds)
        installer = stage.cluster.parts["installer"]
        stage.wait_for(lambda: installer.frozen, f"nobody came to {failpoint}", seconds=FIRED_SECONDS)
        stage.cluster.add("installer", name="installer-2")
        stage.wait_for(lambda: not open_runs(stage.cluster), "nobody took over", seconds=FIRED_SECONDS)
        installer.wake()
        stage.lapse(PERIOD_SECONDS)
        yield
        assert stage.statuses(runs) == {"success"}
        if failpoint is not Failpoint.AFTER_SETTLE:
            assert stage.count(ProviderLeaseExpired) >= 1
        stage.note(f"{stage.count(InstallationReceiptLate)} late receipts")

    return play


def told_to_stop(stage: Stage) -> Iterator[None]:
    """SIGTERM in the middle of calls: they end, and nothing has to be rescued."""
    skills = stage.skills(RUNS)
    for kind in KINDS:
        stage.sandbox.fault("hang", kind, times=RUNS, delaySeconds=CALL_SECONDS)
    runs = stage.install(skills, policy=PATIENT)
    installer = stage.cluster.parts["installer"]
    stage.wait_for(stage.sandbox.hanging, "no call was under way")
    installer.terminate()
    assert installer.wait(STOP_SECONDS_MAX) == 0
    yield
    assert stage.statuses(runs) == {"success"}
    assert stage.count(ProviderLeaseExpired, ProviderRescued, ProviderFailed) == 0
