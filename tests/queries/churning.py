"""A story in which everything that lists show comes, changes and goes, at random."""

from random import Random
from typing import Final

from domain.access.events import ApiKeyIssued, ApiKeyRevoked
from domain.access.state import key_stream
from domain.events import Recorded, Role
from domain.install_run import decisions
from domain.install_run.state import TargetStatus
from domain.provider.events import ProviderActivated, ProviderDeactivated
from domain.provider.state import provider_stream
from domain.skill.events import SkillArchived, SkillUnarchived
from domain.skill.state import skill_stream
from tests.projections.stories import Story
from tests.projections.story_chats import Chats
from tests.projections.story_runs import Run

# The one whose versions and history are read too.
FIRST: Final = "skill-0"


class Churn:
    """Every step is one that the domain allows at that moment; `events` gives those that are new since it was asked last."""

    def __init__(self, seed: int) -> None:
        self.story = Story()
        self._random = Random(seed)  # noqa: S311 - the same story every time
        self._skills: list[str] = []
        self._providers: list[str] = []
        self._keys: list[str] = []
        self._open: list[Run] = []
        self._chats = Chats(self.story)
        self._runs = 0
        self._told = 0
        for _ in range(5):
            self._publish()
            self._connect()

    def step(self) -> None:
        choices = (
            self._publish,
            self._connect,
            self._issue,
            self._change_skill,
            self._change_provider,
            self._revoke,
            self._check,
            self._remove,
            self._chat,
            *[self._queue] * 4,
            *[self._work] * 12,
        )
        self._random.choice(choices)()

    def events(self) -> list[Recorded]:
        new = self.story.events[self._told :]
        self._told = len(self.story.events)
        return new

    def _publish(self) -> None:
        name = f"skill-{len(self._skills)}"
        self._skills.append(name)
        self.story.publish(name)

    def _connect(self) -> None:
        name = f"connection-{len(self._providers)}"
        self._providers.append(name)
        self.story.connect(name)

    def _issue(self) -> None:
        key = f"churn-{len(self._keys)}"
        self._keys.append(key)
        issued = ApiKeyIssued(key_id=key, name=key, role=Role.OPERATOR, secret_sha256="0" * 64)
        self.story.add(key_stream(key), issued)

    def _change_skill(self) -> None:
        name = self._random.choice([FIRST, *self._skills])
        change = self._random.choice((SkillArchived(), SkillUnarchived(), None))
        if change is None:
            self.story.publish(name)
        else:
            self.story.add(skill_stream(name), change)

    def _change_provider(self) -> None:
        change = self._random.choice((ProviderActivated(), ProviderDeactivated()))
        self.story.add(provider_stream(self._random.choice(self._providers)), change)

    def _revoke(self) -> None:
        if self._keys:
            key = self._random.choice(self._keys)
            self.story.add(key_stream(key), ApiKeyRevoked(key_id=key))

    def _chat(self) -> None:
        self._random.choice(self._chats.steps())()

    def _queue(self) -> None:
        self._runs += 1
        providers = self._random.sample(self._providers, self._random.choice((1, 2)))
        self._open.append(self.story.run(self._runs, *providers, skill=self._random.choice(self._skills)))

    def _work(self) -> None:
        """Something that waits begins, or something that is under way ends."""
        self._open = [run for run in self._open if not run.state.status.ended]
        for run in self._random.sample(self._open, len(self._open)):
            for target in run.state.targets:
                name = target.target.name
                if target.status is TargetStatus.RUNNING:
                    self._random.choice((run.fail, run.succeed, run.succeed))(name)
                    return
                if target.status is TargetStatus.QUEUED and run.holds(name):
                    (run.expire if decisions.overdue(run.state, target, self.story.now) else run.start)(name)
                    return

    def _check(self) -> None:
        if pairs := self._settled():
            skill, provider = self._random.choice(pairs)
            self.story.check(provider, self._random.choice(("in_use", "missing", "changed")), skill=skill)

    def _remove(self) -> None:
        if pairs := self._settled():
            skill, provider = self._random.choice(pairs)
            self._runs += 1
            self._open.append(self.story.removal(self._runs, provider, skill=skill))

    def _settled(self) -> list[tuple[str, str]]:
        """The pairs where something is live and nobody is at work."""
        pairs = []
        for skill in self._skills:
            for provider in self._providers:
                state = self.story.installation(skill_stream(skill), provider_stream(provider))
                if state is not None and state.live is not None and state.holder is None:
                    pairs.append((skill, provider))
        return pairs
