"""An install run in a story: what its installers, people and time do about it."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid5

from commands.concluding import Installed, conclude, undoes_of
from commands.handling import Session
from domain.errors import Code
from domain.install_run import decisions
from domain.install_run.events import ProviderFailed, ProviderSucceeded, RunEvent, SkillPin, Undo
from domain.install_run.state import INSTALL_RUN, InstallRun, TargetState
from domain.installation.decisions import Pair, note_late
from domain.installation.events import Receipt
from domain.installation.state import INSTALLATION, Installation, installation_stream
from domain.provider.state import provider_stream
from tests.projections.telling import Telling

LEASE_SECONDS: Final = 90

Decision = Callable[[Mapping[UUID, Undo]], tuple[RunEvent, ...]]


class Run:
    """It takes the slots of its targets, or waits for them; a target that has ended frees its slot."""

    def __init__(self, story: Telling, run_id: UUID, skill: SkillPin) -> None:
        self.id = run_id
        self.skill = skill
        self.story = story

    @property
    def state(self) -> InstallRun:
        state = self.story.state(self.id, INSTALL_RUN)
        assert state is not None
        return state

    def target(self, provider: str) -> TargetState:
        target = self.state.target(provider_stream(provider))
        assert target is not None
        return target

    def installation(self, provider: str) -> Installation:
        stream = installation_stream(self.skill.id, provider_stream(provider))
        return self.story.state(stream, INSTALLATION) or Installation()

    def holds(self, provider: str) -> bool:
        holder = self.installation(provider).holder
        return holder is not None and holder.run_id == self.id

    def start(self, provider: str) -> "Run":
        """As soon as it is due."""
        target = self.target(provider)
        self.story.wait_until(target.next_attempt_at or self.story.now)
        return self._happen(
            lambda _undoes: decisions.start(
                self.state,
                provider_id=target.target.id,
                attempt_id=uuid5(self.id, f"{provider} {target.attempts + 1}"),
                now=self.story.now,
                since=self.story.now,
                lease_until=self.story.now + timedelta(seconds=LEASE_SECONDS),
            )
        )

    def succeed(self, provider: str) -> "Run":
        target = self.target(provider)
        assert target.attempt_id is not None
        provider_id, receipt = target.target.id, self._receipt(target)
        outcome = ProviderSucceeded(provider_id=provider_id, attempt_id=target.attempt_id, receipt=receipt)
        return self._happen(
            lambda undoes: decisions.settle(self.state, outcome, now=self.story.now, undoes=undoes),
            installed={provider_id: Installed(receipt=receipt, usage="use it so")},
        )

    def fail(
        self,
        provider: str,
        code: Code = Code.PROVIDER_TOO_LARGE,
        *,
        message: str = "too large",
        retryable: bool = False,
    ) -> "Run":
        """`retryable`: it is tried again, unless the policy has it otherwise."""
        target = self.target(provider)
        assert target.attempt_id is not None
        outcome = ProviderFailed(
            provider_id=target.target.id,
            attempt_id=target.attempt_id,
            code=code,
            message=message,
            retryable=retryable,
            ambiguous=retryable,
            provider_request_id="req_1",
        )
        return self._happen(lambda undoes: decisions.settle(self.state, outcome, now=self.story.now, undoes=undoes))

    def expire_lease(self, provider: str) -> "Run":
        """Nothing was heard of the attempt in time."""
        target = self.target(provider)
        self.story.wait_until(target.lease_until or self.story.now)
        return self._happen(
            lambda undoes: decisions.expire_lease(
                self.state, provider_id=target.target.id, now=self.story.now, undoes=undoes
            )
        )

    def expire(self, provider: str) -> "Run":
        """It waits for longer than it may."""
        run, target = self.state, self.target(provider)
        deadline = run.start_by if target.attempts == 0 else run.end_by
        assert deadline is not None
        self.story.wait_until(deadline)
        return self._happen(
            lambda undoes: decisions.expire(run, provider_id=target.target.id, now=self.story.now, undoes=undoes)
        )

    def give_up(self, provider: str, code: Code = Code.PROVIDER_UNAUTHORIZED) -> "Run":
        """Its connection went out of use."""
        provider_id, message = provider_stream(provider), "out of use"
        return self._happen(
            lambda undoes: decisions.give_up(
                self.state, provider_id=provider_id, code=code, message=message, undoes=undoes
            )
        )

    def cancel(self) -> "Run":
        return self._happen(lambda undoes: decisions.cancel(self.state, undoes=undoes))

    def rescue(self, provider: str) -> "Run":
        target = self.target(provider)
        self.story.wait_until(target.next_attempt_at or self.story.now)
        fault: Final = "retry_overdue" if target.attempts else "ticket_lost"
        return self._happen(
            lambda _undoes: decisions.rescue(self.state, provider_id=target.target.id, now=self.story.now, fault=fault)
        )

    def come_late(self, provider: str) -> "Run":
        """An attempt that had lost its lease says what it put there all the same."""
        target = self.target(provider)
        late = note_late(
            self.installation(provider),
            pair=Pair(run_id=self.id, skill_id=self.skill.id, provider_id=target.target.id),
            attempt_id=uuid5(self.id, f"{provider} 1"),
            version=self.skill.version,
            receipt=Receipt(remote_id=f"late_{provider}", remote_version="1"),
            since=self.story.now,
        )
        self.story.add(installation_stream(self.skill.id, target.target.id), *late)
        return self

    def _receipt(self, target: TargetState) -> Receipt | None:
        aim = self.state.aim(target)
        if aim.removes:
            return None
        return Receipt(remote_id=f"skill_{target.target.name}", remote_version=str(aim.version))

    def _happen(self, decision: Decision, *, installed: Mapping[UUID, Installed] | None = None) -> "Run":
        async def decide(session: Session) -> None:
            run = await session.load(self.id, INSTALL_RUN)
            assert run is not None
            events = decision(await undoes_of(session, self.id, run))
            await conclude(session, run_id=self.id, run=run, events=events, now=session.now, installed=installed or {})

        self.story.decide(decide)
        return self
