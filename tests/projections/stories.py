"""Histories as the domain decides them: skills and their versions, connections, runs, and how each target ends."""

from collections.abc import Sequence
from typing import Literal
from uuid import NAMESPACE_OID, UUID, uuid5

from domain.errors import Code
from domain.install_run import decisions as runs
from domain.install_run.events import (
    ProviderFailed,
    ProviderRefused,
    ProviderSucceeded,
    RunEvent,
    RunKind,
    SkillPin,
    Target,
)
from domain.install_run.policy import Policy
from domain.install_run.state import InstallRun, evolve
from domain.installation import decisions as installations
from domain.installation.events import InstallationEvent, Receipt
from domain.installation.state import Installation, Live, installation_stream
from domain.installation.state import evolve as evolve_installation
from domain.provider.events import CredentialRef, ProviderConnected, ProviderKind
from domain.provider.state import provider_stream
from domain.skill.events import ManifestEntry, SkillRegistered, SkillVersionPublished
from domain.skill.state import skill_stream
from tests.kit.facts import NOON
from tests.kit.projection_spec import History

SKILL = skill_stream("kbo-results")
OPENAI = provider_stream("openai")
CLAUDE = provider_stream("claude")
GEMINI = provider_stream("gemini")
KINDS: dict[str, ProviderKind] = {"claude": "claude", "gemini": "gemini"}


class Story(History):
    """A history that is told in the words of the domain; the domain refuses one that cannot be."""

    def __init__(self) -> None:
        super().__init__()
        self._installations: dict[UUID, Installation | None] = {}
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
    ) -> "Run":
        """`refused` are those of the providers that the preflight takes out."""
        pin = SkillPin(id=skill_stream(skill), name=skill, version=version, digest=digest(version), ref="latest")
        return Run(self, uuid5(NAMESPACE_OID, f"run {number}"), pin, providers, refused=refused)

    def removal(self, number: int, provider: str, *, skill: str = "kbo-results") -> "Run":
        """A run that removes what is live."""
        live = self.live(skill, provider)
        assert live is not None
        pin = SkillPin(
            id=skill_stream(skill), name=skill, version=live.version, digest=live.digest, ref=str(live.version)
        )
        return Run(self, uuid5(NAMESPACE_OID, f"run {number}"), pin, (provider,), kind="uninstall")

    def check(
        self, provider: str, answer: Literal["in_use", "missing", "changed"], *, skill: str = "kbo-results"
    ) -> None:
        """What the provider said when it was asked what became of what is live."""
        state, live = self._settled(skill, provider)
        events = installations.check(state, run_id=live.run_id, answer=answer)
        self.happen(live.skill_id, live.provider_id, events)

    def fail_check(self, provider: str, code: Code = Code.PROVIDER_TIMEOUT, *, skill: str = "kbo-results") -> None:
        state, live = self._settled(skill, provider)
        events = installations.fail_check(state, run_id=live.run_id, code=code, message="no answer")
        self.happen(live.skill_id, live.provider_id, events)

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
        return self._installations.get(installation_stream(skill_id, provider_id))

    def happen(self, skill_id: UUID, provider_id: UUID, events: tuple[InstallationEvent, ...]) -> None:
        stream = installation_stream(skill_id, provider_id)
        for event in events:
            self._installations[stream] = evolve_installation(self._installations.get(stream), event)
        self.add(stream, *events)


class Run:
    """An install run. It takes the slots of its targets, or waits for them; a target that has ended frees its slot."""

    def __init__(
        self,
        story: Story,
        run_id: UUID,
        skill: SkillPin,
        providers: tuple[str, ...],
        *,
        kind: RunKind = "install",
        refused: Sequence[str] = (),
    ) -> None:
        self.id = run_id
        self._story = story
        self._skill = skill
        targets = tuple(Target(id=provider_stream(name), name=name, kind=kind_of(name)) for name in providers)
        refusals = tuple(
            ProviderRefused(
                provider_id=provider_stream(name), code=Code.PROVIDER_TOO_LARGE, message="The bundle is too large."
            )
            for name in refused
        )
        queued = runs.queue(skill=skill, targets=targets, policy=Policy(), kind=kind, refused=refusals)
        self.state = self._happen(None, queued)
        for target in targets:
            if target.name in refused:
                continue
            claimed = installations.claim(
                story.installation(skill.id, target.id),
                run_id=run_id,
                skill_id=skill.id,
                provider_id=target.id,
                version=skill.version,
                removes=kind == "uninstall",
            )
            story.happen(skill.id, target.id, claimed)

    def holds(self, provider: str) -> bool:
        installation = self._story.installation(self._skill.id, provider_stream(provider))
        return installation is not None and installation.holder is not None and installation.holder.run_id == self.id

    def start(self, provider: str) -> "Run":
        started = runs.start(
            self.state,
            provider_id=provider_stream(provider),
            attempt_id=uuid5(self.id, provider),
            since=NOON,
            lease_until=NOON,
        )
        self._happen(self.state, started)
        return self

    def succeed(self, provider: str) -> "Run":
        provider_id = provider_stream(provider)
        receipt = Receipt(remote_id=f"skill_{provider}", remote_version="1")
        outcome = ProviderSucceeded(provider_id=provider_id, attempt_id=uuid5(self.id, provider), receipt=receipt)
        self._happen(self.state, runs.settle(self.state, outcome))
        installation = self._story.installation(self._skill.id, provider_id)
        assert installation is not None
        if self.state.kind == "uninstall":
            freed = installations.remove(installation, run_id=self.id, skill_id=self._skill.id, provider_id=provider_id)
        else:
            freed = installations.change(
                installation,
                run_id=self.id,
                skill_id=self._skill.id,
                provider_id=provider_id,
                digest=self._skill.digest,
                receipt=receipt,
                usage="use it so",
            )
        self._story.happen(self._skill.id, provider_id, freed)
        return self

    def fail(self, provider: str, code: Code = Code.PROVIDER_TOO_LARGE, *, message: str = "too large") -> "Run":
        provider_id = provider_stream(provider)
        outcome = ProviderFailed(
            provider_id=provider_id,
            attempt_id=uuid5(self.id, provider),
            code=code,
            message=message,
            retryable=False,
            ambiguous=False,
            provider_request_id="req_1",
        )
        self._happen(self.state, runs.settle(self.state, outcome))
        installation = self._story.installation(self._skill.id, provider_id)
        assert installation is not None
        released = installations.release(
            installation, run_id=self.id, skill_id=self._skill.id, provider_id=provider_id, doubtful_since=None
        )
        self._story.happen(self._skill.id, provider_id, released)
        return self

    def _happen(self, state: InstallRun | None, events: tuple[RunEvent, ...]) -> InstallRun:
        assert events, "the domain stayed quiet: the story cannot be"
        self._story.add(self.id, *events)
        for event in events:
            state = evolve(state, event)
        assert state is not None
        self.state = state
        return state


def digest(version: int) -> str:
    return f"sha256:{version:064x}"


def kind_of(name: str) -> ProviderKind:
    """Connections are named after their kind in these stories; any other name is one more to OpenAI."""
    return KINDS.get(name, "openai")
