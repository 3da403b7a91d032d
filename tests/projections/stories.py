"""Histories as the domain decides them: skills and their versions, connections, runs, and how each target ends."""

from collections.abc import Sequence
from typing import Literal
from uuid import NAMESPACE_OID, UUID, uuid5

from commands.beginning import begin
from commands.handling import Session
from domain.errors import Code
from domain.install_run import decisions as runs
from domain.install_run import repairs
from domain.install_run.events import ProviderRefused, RollbackRequested, RunQueued, RunRetried, SkillPin, Target
from domain.install_run.policy import Policy
from domain.installation import decisions as installations
from domain.installation.events import Receipt
from domain.installation.state import INSTALLATION, Installation, Live, installation_stream
from domain.provider.events import CredentialRef, ProviderConnected, ProviderKind
from domain.provider.state import provider_stream
from domain.skill.events import ManifestEntry, SkillRegistered, SkillVersionPublished
from domain.skill.state import skill_stream
from tests.projections.story_runs import Run
from tests.projections.telling import Telling

SKILL = skill_stream("kbo-results")
OPENAI = provider_stream("openai")
CLAUDE = provider_stream("claude")
GEMINI = provider_stream("gemini")
KINDS: dict[str, ProviderKind] = {"claude": "claude", "gemini": "gemini"}


class Story(Telling):
    """A history that is told in the words of the domain; the domain refuses one that cannot be."""

    def __init__(self) -> None:
        super().__init__()
        self._versions_of: dict[str, int] = {}

    def publish(self, name: str = "kbo-results", *, description: str = "Shows baseball results.") -> int:
        """The next version of a skill, the first one with its registration."""
        version = self._versions_of.get(name, 0) + 1
        self._versions_of[name] = version
        if version == 1:
            self.add(skill_stream(name), SkillRegistered(name=name))
        entry = ManifestEntry(path="SKILL.md", sha256=f"{version:064x}", size=100 + version)
        self.add(
            skill_stream(name),
            SkillVersionPublished(version=version, digest=digest(version), description=description, manifest=(entry,)),
        )
        return version

    def connect(self, name: str = "openai", *, concurrency_max: int = 4) -> None:
        credential = CredentialRef(source="env", name="WAYBILL_CREDENTIAL_OPENAI")
        connected = ProviderConnected(
            name=name,
            kind=kind_of(name),
            base_url="https://api.example",
            credential=credential,
            organization="org-1",
            concurrency_max=concurrency_max,
        )
        self.add(provider_stream(name), connected)

    def run(
        self,
        number: int,
        *providers: str,
        version: int = 1,
        skill: str = "kbo-results",
        refused: Sequence[str] = (),
        policy: Policy | None = None,
    ) -> Run:
        """`refused` are those of the providers that the preflight takes out."""
        pin = SkillPin(id=skill_stream(skill), name=skill, version=version, digest=digest(version), ref="latest")
        queued = RunQueued(skill=pin, targets=targets_at(providers), policy=policy or Policy())
        return self._begin(number, queued, refused=refused)

    def removal(self, number: int, provider: str, *, skill: str = "kbo-results") -> Run:
        """A run that removes what is live."""
        live = self.live(skill, provider)
        assert live is not None
        pin = SkillPin(
            id=skill_stream(skill), name=skill, version=live.version, digest=live.digest, ref=str(live.version)
        )
        queued = RunQueued(kind="uninstall", skill=pin, targets=targets_at((provider,)), policy=Policy())
        return self._begin(number, queued)

    def retry(self, number: int, failed: Run) -> Run:
        """A run that tries again what failed in another one."""
        state = failed.state
        queued = RunQueued(
            kind=state.kind,
            skill=failed.skill,
            targets=repairs.targets_to_retry(state),
            policy=Policy(),
            retry_of=failed.id,
        )
        run = self._begin(number, queued)
        self.add(failed.id, RunRetried(run_id=run.id))
        return run

    def roll_back(self, number: int, done: Run) -> Run:
        """A run that takes back what is left of what another one did. Raises RunUnfit."""
        targets = repairs.targets_to_roll_back(done.state, None)
        undoes = tuple(repairs.undo(done.id, done.installation(target.name), target) for target in targets)
        queued = RunQueued(
            kind="rollback",
            skill=done.skill,
            targets=targets,
            policy=Policy(),
            rollback_of=done.id,
            undoes=undoes,
        )
        run = self._begin(number, queued)
        self.add(done.id, RollbackRequested(run_id=run.id, undoes=undoes))
        return run

    def _begin(self, number: int, queued: RunQueued, *, refused: Sequence[str] = ()) -> Run:
        run_id = uuid5(NAMESPACE_OID, f"run {number}")
        refusals = tuple(
            ProviderRefused(
                provider_id=provider_stream(name), code=Code.PROVIDER_TOO_LARGE, message="The bundle is too large."
            )
            for name in refused
        )

        async def decide(session: Session) -> None:
            events = runs.queue(queued, now=session.now, refused=refusals)
            pairs = {
                target.id: await session.load(installation_stream(queued.skill.id, target.id), INSTALLATION)
                for target in queued.targets
            }
            begin(session, run_id=run_id, events=events, pairs=pairs)

        self.decide(decide)
        return Run(self, run_id, queued.skill)

    def check(
        self, provider: str, answer: Literal["in_use", "missing", "changed"], *, skill: str = "kbo-results"
    ) -> None:
        """What the provider said when it was asked what became of what is live."""
        state, live = self._settled(skill, provider)
        events = installations.check(state, run_id=live.run_id, answer=answer)
        self.add(installation_stream(live.skill_id, live.provider_id), *events)

    def fail_check(self, provider: str, code: Code = Code.PROVIDER_TIMEOUT, *, skill: str = "kbo-results") -> None:
        state, live = self._settled(skill, provider)
        events = installations.fail_check(state, run_id=live.run_id, code=code, message="no answer")
        self.add(installation_stream(live.skill_id, live.provider_id), *events)

    def sweep(self, provider: str, *discarded: Receipt, skill: str = "kbo-results", settled: bool = True) -> None:
        """It was looked again for what earlier attempts may have put there."""
        state = self.installation(skill_stream(skill), provider_stream(provider))
        assert state is not None
        assert state.doubtful_run is not None
        events = installations.sweep(state, run_id=state.doubtful_run, discarded=discarded, settled=settled)
        self.add(installation_stream(skill_stream(skill), provider_stream(provider)), *events)

    def live(self, skill: str, provider: str) -> Live | None:
        state = self.installation(skill_stream(skill), provider_stream(provider))
        return None if state is None else state.live

    def _settled(self, skill: str, provider: str) -> tuple[Installation, Live]:
        state = self.installation(skill_stream(skill), provider_stream(provider))
        assert state is not None
        assert state.live is not None
        assert state.holder is None
        return state, state.live

    def installation(self, skill_id: UUID, provider_id: UUID) -> Installation | None:
        return self.state(installation_stream(skill_id, provider_id), INSTALLATION)


def targets_at(providers: Sequence[str]) -> tuple[Target, ...]:
    return tuple(Target(id=provider_stream(name), name=name, kind=kind_of(name)) for name in providers)


def digest(version: int) -> str:
    return f"sha256:{version:064x}"


def kind_of(name: str) -> ProviderKind:
    """Connections are named after their kind in these stories; any other name is one more to OpenAI."""
    return KINDS.get(name, "openai")
