"""What exists in these tests: skills, some of them named like commands, and connections."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from domain.chat.facts import ProviderFact, SkillFact
from domain.chat.ports import Catalogue
from domain.chat.resolving import names_in, wants_every_skill
from domain.chat.said import Said
from domain.provider.events import ProviderKind

RUN: Final = UUID("0198a7c2-1f00-7c3a-9a51-0a1b2c3d4e5f")
RETIRED: Final = "old-report"

# Latest version and labels.
SKILLS: Final[Mapping[str, tuple[int, dict[str, int]]]] = {
    "kbo-results": (3, {"stable": 2, "beta": 3}),
    "release-notes": (2, {"stable": 1}),
    "pdf": (4, {"stable": 3}),
    "docx": (1, {}),
    "weather": (1, {}),
    "code-review": (5, {"stable": 4}),
    "k-skill": (1, {}),
    "translate-ko": (2, {}),
    "slack-digest": (1, {}),
    "jira-2": (1, {}),
    "claude-helper": (2, {}),
    "gpt-tools": (1, {}),
    "uninstall-all": (1, {}),
    "rollback": (1, {}),
    "install": (1, {}),
    "status": (1, {}),
    "cancel": (1, {}),
    "do-not-install": (1, {}),
    RETIRED: (1, {}),
}

USUAL: Final[Mapping[str, ProviderKind]] = {"openai": "openai", "claude": "claude", "gemini": "gemini", "lab": "noop"}
REGIONS: Final[Mapping[str, ProviderKind]] = {"openai-eu": "openai", "openai-us": "openai", "claude": "claude"}
RENAMED: Final[Mapping[str, ProviderKind]] = {"main": "openai", "second": "claude"}
NAMESAKES: Final[Mapping[str, ProviderKind]] = {"openai": "openai", "pdf": "claude"}
INACTIVE: Final = "lab"


def skill(name: str) -> SkillFact:
    version, labels = SKILLS[name]
    identity = UUID(int=1 + tuple(SKILLS).index(name))
    return SkillFact(id=identity, name=name, version=version, labels=labels, archived=name == RETIRED)


def connections(kinds: Mapping[str, ProviderKind]) -> tuple[ProviderFact, ...]:
    return tuple(
        ProviderFact(id=UUID(int=1000 + at), name=name, kind=kind, active=name != INACTIVE, paused=False, code=None)
        for at, (name, kind) in enumerate(kinds.items())
    )


def looked_up(said: Said, kinds: Mapping[str, ProviderKind] = USUAL) -> Catalogue:
    """As the world gives it: the skills that were asked for, or every one that is in use."""
    wanted = frozenset(SKILLS) - {RETIRED} if wants_every_skill(said) else names_in(said)
    names = [name for name in SKILLS if name in wanted]
    return Catalogue(
        skills={name: skill(name) for name in names},
        skill_names=tuple(sorted(SKILLS)),
        providers=connections(kinds),
    )
