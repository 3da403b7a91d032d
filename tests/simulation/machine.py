"""Everything that may happen to Waybill, in any order; and that it comes to rest by itself when nothing more goes wrong."""

from contextlib import suppress
from typing import Final
from uuid import UUID

from hypothesis import currently_in_test_context, note
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from commands.cancel_run import CancelRun
from commands.queue_install_run import QueueInstallRun
from commands.retry_run import RetryRun
from commands.rollback_run import RollbackRun
from commands.uninstall_skill import UninstallSkill
from domain.errors import InstallationNotFound, ProviderInactive, RunConflict, RunUnfit
from domain.install_run.policy import Policy
from domain.installation.state import installation_stream
from domain.provider.decisions import deactivate, pass_verification, pause, resume
from domain.provider.state import PROVIDER, Provider
from tests.simulation.cluster import Cluster
from tests.simulation.installers import CONNECTIONS, SKILL, SKILL_ID, VERSIONS
from tests.simulation.invariants import Ledger
from tests.simulation.stepping import Answer, Process, run
from workers.lost_tickets import LOST_SECONDS

WORKING_MAX: Final = 6
# More would only wait in line.
OPEN_RUNS_MAX: Final = 4
ROUNDS_MAX: Final = 400
PROVIDERS: Final = tuple(CONNECTIONS)
REFUSALS: Final = (RunUnfit, RunConflict, ProviderInactive, InstallationNotFound)

indexes = st.integers(0, 7)
versions = st.integers(1, VERSIONS)
names = st.sets(st.sampled_from(sorted(CONNECTIONS.values())), min_size=1).map(sorted)
# Mostly things go well, or there would be little to see.
tellings = st.lists(st.sampled_from([Answer.DONE] * 14 + list(Answer)), max_size=8)
policies = st.builds(
    Policy,
    mode=st.sampled_from(["best_effort", "all_or_nothing"]),
    attempts_max=st.integers(1, 3),
    start_timeout_seconds=st.sampled_from([60, 900]),
    run_timeout_seconds=st.sampled_from([120, 3600]),
    attempt_timeout_seconds=st.just(20),
)


class Simulation(RuleBasedStateMachine):
    """People ask for things, processes go on by one step or die, tickets are lost and come twice, providers do what they like."""

    @initialize(version=versions, providers=names, policy=policies)
    def begin(self, version: int, providers: list[str], policy: Policy) -> None:
        self.cluster = Cluster()
        self.ledger = Ledger(self.cluster)
        self.install(version, providers, policy)

    @precondition(lambda self: len(self.ledger.open_runs()) < OPEN_RUNS_MAX)
    @rule(version=versions, providers=names, policy=policies)
    def install(self, version: int, providers: list[str], policy: Policy) -> None:
        command = QueueInstallRun(skill=SKILL, ref=str(version), providers=tuple(providers), policy=policy)
        with suppress(*REFUSALS):
            run(self.cluster.people.queue(command, self.cluster.context()))

    @rule(what=st.sampled_from(["uninstall", "cancel", "retry", "roll back"]), index=indexes, policy=policies)
    def ask(self, what: str, index: int, policy: Policy) -> None:
        """For something to be done about an installation, or about one of the last runs."""
        runs, people, context = list(self.ledger.runs), self.cluster.people, self.cluster.context()
        run_id = runs[-1 - index % len(runs)]
        with suppress(*REFUSALS):
            match what:
                case "uninstall":
                    pair = installation_stream(SKILL_ID, PROVIDERS[index % len(PROVIDERS)])
                    run(people.uninstall(UninstallSkill(installation_id=pair, policy=policy), context))
                case "cancel":
                    run(people.cancel(CancelRun(run_id=run_id), context))
                case "retry":
                    run(people.retry(RetryRun(original_id=run_id), context))
                case _:
                    run(people.rollback(RollbackRun(original_id=run_id), context))

    @rule(provider=st.sampled_from(PROVIDERS), shelve=st.booleans())
    def switch(self, provider: UUID, *, shelve: bool) -> None:
        """A connection out of use, or in use again."""
        state = connection(self.cluster, provider)
        if not state.active:
            self.cluster.happen(provider, *pass_verification(state, activate=True))
        elif state.pause is not None:
            self.cluster.happen(provider, *resume(state))
        else:
            self.cluster.happen(provider, *(deactivate(state) if shelve else pause(state, until=None)))

    @rule(seconds=st.sampled_from([0, 1, 3, 10, 31, 60]), schedules=st.booleans(), dies=st.booleans())
    def time_passes(self, seconds: int, *, schedules: bool, dies: bool) -> None:
        """And somebody sees to what is due."""
        self.cluster.pass_time(seconds)
        self.cluster.relay()
        if schedules:
            self.cluster.schedule(dies=dies)
        else:
            self.cluster.watch()

    @precondition(lambda self: self.cluster.has_tickets and len(self.cluster.working) < WORKING_MAX)
    @rule(index=indexes, to=st.integers(0, 1), again=st.booleans(), told=tellings)
    def deliver(self, index: int, to: int, *, again: bool, told: list[Answer]) -> None:
        """Any ticket, and perhaps it comes again; whoever takes it stops where it is told no more."""
        self.cluster.relay()
        self.cluster.schedule()
        bus = self.cluster.bus
        if not bus:
            return
        ticket = bus[index % len(bus)] if again else bus.pop(index % len(bus))
        process = self.cluster.deliver(ticket, to=to)
        process.go_on()
        self._tell(process, told)

    @precondition(lambda self: self.cluster.has_tickets and len(self.cluster.working) < WORKING_MAX)
    @rule(to=st.integers(0, 1), told=tellings)
    def deliver_all(self, to: int, told: list[Answer]) -> None:
        """As it goes on a good day."""
        for _ in range(WORKING_MAX):
            self.deliver(0, to, again=False, told=told)

    @precondition(lambda self: self.cluster.working)
    @rule(index=indexes, told=tellings)
    def go_on(self, index: int, told: list[Answer]) -> None:
        """To the end, or to the request of which nothing is told."""
        working = self.cluster.working
        self._tell(working[index % len(working)], told)

    @precondition(lambda self: self.cluster.working)
    @rule()
    def finish_all(self) -> None:
        for process in self.cluster.working:
            process.finish()
        self._forget_ended()

    def _tell(self, process: Process[None], told: list[Answer]) -> None:
        for answer in told:
            if process.ended:
                break
            say(f"{process.name}: {process.gate and process.gate.request} -> {answer}")
            process.go_on(answer)
        self._forget_ended()

    @precondition(lambda self: self.cluster.working)
    @rule(index=indexes, steps=st.integers(1, 6))
    def step(self, index: int, steps: int) -> None:
        """A few words with the store, so that others come in between."""
        working = self.cluster.working
        process = working[index % len(working)]
        for _ in range(steps):
            if not process.ended and (process.gate is None or process.gate.request is None):
                process.step()
        self._forget_ended()

    @rule(index=indexes, kills=st.booleans())
    def mishap(self, index: int, *, kills: bool) -> None:
        """A process dies, or a ticket is lost."""
        working, bus = self.cluster.working, self.cluster.bus
        if kills and working:
            working[index % len(working)].kill()
            self._forget_ended()
        elif bus:
            bus.pop(index % len(bus))

    def _forget_ended(self) -> None:
        self.cluster.working[:] = [process for process in self.cluster.working if not process.ended]

    @precondition(lambda self: self.cluster.gateway.hanging)
    @rule(kind=st.sampled_from(sorted(CONNECTIONS.values())), index=indexes, never=st.booleans())
    def settle_hanging(self, kind: str, index: int, *, never: bool) -> None:
        account = self.cluster.gateway.accounts[kind]
        if account.hanging:
            say(f"{kind}: {account.settle(index, never=never).what} is {'never ' if never else ''}carried out")

    @invariant()
    def the_events_hold_together(self) -> None:
        self.ledger.check()

    def teardown(self) -> None:
        """Nothing goes wrong any more: all comes to rest, and the next install of a version is all there is."""
        if not hasattr(self, "ledger"):
            return
        for kind in CONNECTIONS.values():
            while self.cluster.gateway.accounts[kind].hanging:
                self.settle_hanging(kind, 0, never=False)
        come_to_rest(self.cluster, self.ledger)
        self.ledger.check_at_rest()
        for account in self.cluster.gateway.accounts.values():
            account.disturbed = False
        command = QueueInstallRun(skill=SKILL, ref="latest", providers=tuple(CONNECTIONS.values()))
        queued = run(self.cluster.people.queue(command, self.cluster.context()))
        come_to_rest(self.cluster, self.ledger)
        self.ledger.check_at_rest()
        assert self.ledger.runs[queued.run_id].status == "success", self.ledger.runs[queued.run_id]
        for provider_id in PROVIDERS:
            pair = self.ledger.pairs[installation_stream(SKILL_ID, provider_id)]
            assert pair.doubtful_since is None
            assert pair.live is not None
            assert pair.live.version == VERSIONS


def say(what: str) -> None:
    """For who reads of a failure; a walk has its seed."""
    if currently_in_test_context():
        note(what)


def connection(cluster: Cluster, provider: UUID) -> Provider:
    state = PROVIDER.fold(run(cluster.store.load(provider)))
    assert state is not None
    return state


def come_to_rest(cluster: Cluster, ledger: Ledger) -> None:
    """Everybody does all that there is to do for them, until there is nothing more."""
    for provider_id in PROVIDERS:
        state = connection(cluster, provider_id)
        cluster.happen(provider_id, *resume(state), *pass_verification(state, activate=True))
    for _ in range(ROUNDS_MAX):
        cluster.relay()
        cluster.schedule()
        cluster.watch()
        tickets, cluster.bus = cluster.bus, []
        for ticket in tickets:
            cluster.deliver(ticket, to=0)
        for process in cluster.working:
            process.finish()
        cluster.working.clear()
        ledger.check()
        seconds = cluster.next_due_in()
        if seconds is None and not cluster.bus:
            return
        # The watchdog has an eye on targets before they are due.
        limit = LOST_SECONDS if ledger.open_targets() else float("inf")
        cluster.pass_time(min(max(seconds or 0, 1.0), limit))
    raise AssertionError(f"not at rest: {cluster.store.timers}, {cluster.bus}")
