"""What is true of the events after every step, whatever has happened; and of the providers when everything has calmed down."""

from typing import Any
from uuid import UUID

from domain.events import Recorded
from domain.install_run.events import (
    ProviderRollbackFailed,
    ProviderRolledBack,
    RollbackRequested,
    RunCancelRequested,
    RunFailed,
    RunPartiallyFailed,
    RunQueued,
    RunRetried,
    RunSucceeded,
)
from domain.install_run.state import INSTALL_RUN, InstallRun, TargetStatus
from domain.installation.events import (
    InstallationChanged,
    InstallationDriftFound,
    InstallationReleased,
    InstallationRemoved,
    InstallationReserved,
)
from domain.installation.state import INSTALLATION, Installation, installation_stream
from domain.timers import TimerName
from tests.simulation.cluster import Cluster
from tests.simulation.installers import CONNECTIONS, SKILL_ID
from tests.simulation.stepping import run

ENDS = (RunSucceeded, RunFailed, RunPartiallyFailed)
READ_MAX = 10_000


class Ledger:
    """The events as a reader that follows them sees them, folded as they come."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._position = 0
        self.runs: dict[UUID, InstallRun] = {}
        self.pairs: dict[UUID, Installation] = {}
        self.ends: dict[UUID, int] = {}
        # Where it is not certain that what is live is in use.
        self._uncertain: set[UUID] = set()

    def follow(self) -> None:
        for recorded in run(self._cluster.store.read(after=self._position, limit=READ_MAX)):
            assert recorded.position == self._position + 1
            self._position = recorded.position
            self._take(recorded)

    def _take(self, recorded: Recorded) -> None:
        event: Any = recorded.event
        if INSTALL_RUN.owns(event):
            self._check_end(recorded)
            self.runs[recorded.stream] = INSTALL_RUN.evolve(self.runs.get(recorded.stream), event)
        elif INSTALLATION.owns(event):
            self._check_slot(recorded)
            self._note_certainty(recorded)
            self.pairs[recorded.stream] = INSTALLATION.evolve(self.pairs.get(recorded.stream), event)

    def _check_end(self, recorded: Recorded) -> None:
        """One end, and after it only what others say of the run."""
        event, ended = recorded.event, self.ends.get(recorded.stream, 0)
        assert isinstance(event, RunQueued) == (recorded.stream not in self.runs), f"{recorded.name} out of place"
        if isinstance(event, ENDS):
            assert not ended, "a run ended twice"
            self.ends[recorded.stream] = 1
        elif ended:
            told = isinstance(event, ProviderRolledBack | ProviderRollbackFailed | RollbackRequested) and event.run_id
            assert told or isinstance(event, RunRetried), f"{recorded.name} after the end"
        assert not (isinstance(event, RunCancelRequested) and self.runs[recorded.stream].cancelled)

    def _check_slot(self, recorded: Recorded) -> None:
        event, pair = recorded.event, self.pairs.get(recorded.stream, Installation())
        if isinstance(event, InstallationReserved):
            assert pair.holder is None, "two runs hold one pair"
            assert not pair.waiting or pair.waiting[0].run_id == event.run_id, "out of turn"
        if isinstance(event, InstallationChanged):
            assert pair.holder is not None
            assert pair.holder.run_id == event.run_id

    def _note_certainty(self, recorded: Recorded) -> None:
        """What nobody asks about again may have been put out of use by a call that was given up before."""
        event = recorded.event
        if isinstance(event, InstallationChanged | InstallationRemoved):
            self._uncertain.discard(recorded.stream)
        if isinstance(event, InstallationDriftFound):
            self._uncertain.add(recorded.stream)
        if isinstance(event, InstallationReleased):
            run = self.runs[event.run_id]
            if run.kind != "install" or run.takes_back:
                self._uncertain.add(recorded.stream)

    def check(self) -> None:
        self.follow()
        self._check_claims()
        self._check_right()
        self._check_timers()

    def _check_claims(self) -> None:
        """Every open target is in a line, once; and nobody stands in a line for a run that has ended."""
        claims = [(claim.run_id, stream) for stream, pair in self.pairs.items() for claim in pair.claims]
        assert len(set(claims)) == len(claims)
        for run_id, _ in claims:
            assert not self.runs[run_id].status.ended, f"run {run_id} has ended and holds a pair"
        wanted = {(run_id, installation_stream(SKILL_ID, provider_id)) for run_id, provider_id in self.open_targets()}
        assert wanted <= set(claims)
        for run_id, stream in set(claims) - wanted:
            assert self.runs[run_id].policy.mode == "all_or_nothing", (
                f"run {run_id} holds {stream} and needs it no more"
            )

    def _check_right(self) -> None:
        """Who is at work on a pair holds it."""
        for run_id, state in self.runs.items():
            for target in state.targets:
                if target.status is TargetStatus.RUNNING:
                    holder = self.pairs[installation_stream(SKILL_ID, target.target.id)].holder
                    assert holder is not None
                    assert holder.run_id == run_id

    def _check_timers(self) -> None:
        timers = {
            (timer.timer.subject, timer.timer.provider_id)
            for timer in self._cluster.store.timers.values()
            if timer.timer.name is TimerName.TARGET
        }
        assert timers == self.open_targets()

    def open_targets(self) -> set[tuple[UUID, UUID]]:
        return {
            (run_id, target.target.id)
            for run_id, state in self.runs.items()
            for target in state.targets
            if not target.status.ended
        }

    @property
    def has_live(self) -> bool:
        return any(pair.live for pair in self.pairs.values())

    def open_runs(self) -> list[UUID]:
        return [run_id for run_id, state in self.runs.items() if not state.status.ended]

    def check_at_rest(self) -> None:
        """Nothing is under way, so that what is said to be live is what stands at the provider, and nothing else of ours.

        Where a doubt is left, more may stand there; where there was one, or a failure, what is live may be out of use.
        """
        self.check()
        assert not self.open_runs()
        for provider_id, kind in CONNECTIONS.items():
            stream = installation_stream(SKILL_ID, provider_id)
            pair = self.pairs.get(stream, Installation())
            assert not pair.claims
            if pair.doubtful_since is None:
                self._check_provider(kind, pair, certain=stream not in self._uncertain)

    def _check_provider(self, kind: str, pair: Installation, *, certain: bool) -> None:
        account, live = self._cluster.gateway.accounts[kind], pair.live
        expected = {live.receipt.remote_id} if live else set()
        if not certain or account.disturbed:
            assert set(account.remotes) <= expected, f"{live} is live at {kind}, and there stands {account.remotes}"
            return
        assert set(account.remotes) == expected, f"{live} is live at {kind}, and there stands {account.remotes}"
        if live is not None:
            remote = account.remotes[live.receipt.remote_id]
            assert remote.default == live.receipt.remote_version, f"{live} is live at {kind}, and in use is {remote}"
            assert live.digest in {version.digest for version in remote.versions if version.number == remote.default}
