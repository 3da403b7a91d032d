"""Single stories that the simulation must be able to tell, or what it finds in general would say little."""

from collections import Counter
from uuid import UUID

from msgspec.structs import replace

from commands.queue_install_run import QueueInstallRun
from commands.uninstall_skill import UninstallSkill
from domain.install_run.policy import Policy
from domain.installation.state import installation_stream
from domain.provider.state import provider_stream
from tests.simulation.cluster import Cluster
from tests.simulation.installers import SKILL, SKILL_ID
from tests.simulation.invariants import Ledger
from tests.simulation.machine import come_to_rest
from tests.simulation.stepping import Answer, Process, run

CLAUDE = installation_stream(SKILL_ID, provider_stream("claude"))


class Story:
    """A cluster with one install on its way at Claude."""

    def __init__(self, policy: Policy | None = None) -> None:
        self.cluster = Cluster()
        self.ledger = Ledger(self.cluster)
        self.run_id = self.install("1", policy=policy)

    def install(self, ref: str, *, policy: Policy | None = None) -> UUID:
        command = QueueInstallRun(skill=SKILL, ref=ref, providers=("claude",), policy=policy or Policy())
        queued = run(self.cluster.people.queue(command, self.cluster.context()))
        self.cluster.relay()
        return queued.run_id

    def take_ticket(self) -> Process[None]:
        """Somebody takes it, and stands before what it is about to ask the provider."""
        process = self.cluster.deliver(self.cluster.bus.pop(), to=0)
        process.go_on()
        return process

    def wait(self, seconds: float) -> None:
        self.cluster.pass_time(seconds)
        self.cluster.relay()
        self.cluster.watch()
        self.cluster.schedule()

    def rest(self) -> Counter[str]:
        """How often each event has happened when all is at rest."""
        come_to_rest(self.cluster, self.ledger)
        self.ledger.check_at_rest()
        return Counter(recorded.name for recorded in run(self.cluster.store.read(after=0, limit=10_000)))

    def asked(self, what: str) -> int:
        """How often the provider was asked for this."""
        return sum(call.startswith(what) for call in self.cluster.gateway.accounts["claude"].calls)

    @property
    def skills(self) -> int:
        return len(self.cluster.gateway.accounts["claude"].remotes)


def test_on_a_good_day_nobody_is_rescued() -> None:
    story = Story()
    for _ in range(3):
        story.wait(1)
    story.take_ticket().finish()
    story.install("2")
    names = story.rest()
    assert names["InstallationChanged"] == names["RunSucceeded"] == 2
    assert not names.keys() & {"ProviderRescued", "ProviderLeaseExpired", "InstallationSwept", "ProviderRetryScheduled"}


def test_a_lost_ticket_is_issued_again() -> None:
    story = Story()
    story.cluster.bus.clear()
    story.wait(31)
    names = story.rest()
    assert (names["ProviderRescued"], names["RunSucceeded"]) == (1, 1)


def test_what_was_created_before_its_installer_died_is_adopted() -> None:
    story = Story()
    process = story.take_ticket()
    process.go_on(Answer.DONE)
    assert story.skills == 1
    process.kill()
    names = story.rest()
    assert (names["ProviderLeaseExpired"], names["ProviderSucceeded"], names["RunSucceeded"]) == (1, 1, 1)
    assert story.asked("create") == story.skills == 1


def test_what_a_frozen_installer_creates_when_it_wakes_up_is_removed() -> None:
    story = Story()
    frozen = story.take_ticket()
    story.wait(91)
    story.wait(5)
    story.take_ticket().finish()
    assert story.skills == 1
    frozen.finish()
    assert story.skills == 2
    names = story.rest()
    assert (names["InstallationReceiptLate"], names["ProviderSucceeded"]) == (1, 1)
    assert story.skills == 1
    assert story.ledger.pairs[CLAUDE].doubtful_since is None


def test_who_has_lost_the_right_says_nothing_of_the_attempt_of_another() -> None:
    story = Story()
    frozen = story.take_ticket()
    story.wait(91)
    story.wait(5)
    another = story.take_ticket()
    assert frozen.finish_with(Answer.REFUSED) is None
    another.finish()
    names = story.rest()
    assert (names["ProviderFailed"], names["ProviderSucceeded"]) == (0, 1)


def test_a_run_in_line_does_not_begin_before_its_turn() -> None:
    story = Story()
    (ticket,) = story.cluster.bus
    waiting = story.install("2")
    early = story.cluster.deliver(replace(ticket, run_id=waiting), to=0)
    early.finish()
    story.ledger.check()
    assert story.asked("create") == 0
    assert story.rest()["RunSucceeded"] == 2


def test_what_a_frozen_uninstaller_removes_when_it_wakes_up_is_known_to_be_missing() -> None:
    """Also if it was put there after the uninstaller had lost the right."""
    story = Story()
    story.take_ticket().finish()
    uninstall = UninstallSkill(installation_id=CLAUDE, policy=Policy(attempts_max=1))
    run(story.cluster.people.uninstall(uninstall, story.cluster.context()))
    story.cluster.relay()
    frozen = story.take_ticket()
    story.wait(91)
    story.install("2")
    story.take_ticket().finish()
    frozen.finish()
    assert story.skills == 0
    names = story.rest()
    assert (names["InstallationChanged"], names["InstallationDriftFound"]) == (2, 1)


def test_a_call_that_is_carried_out_after_the_next_one_succeeded_is_swept() -> None:
    story = Story()
    story.take_ticket().finish_with(Answer.HANGS)
    story.wait(5)
    story.take_ticket().finish()
    story.cluster.gateway.accounts["claude"].settle(0, never=False)
    assert story.skills == 2
    names = story.rest()
    assert names["InstallationSwept"] >= 1
    assert story.skills == 1


def test_a_run_that_cannot_begin_ends_in_time() -> None:
    story = Story(Policy(start_timeout_seconds=60))
    story.cluster.bus.clear()
    for _ in range(2):
        story.cluster.pass_time(30)
        story.cluster.schedule()
    assert story.rest()["ProviderGivenUp"] == 1
