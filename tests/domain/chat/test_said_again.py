"""What is meant, said in words, is heard as what was meant: in both languages, also of skills that are named like anything."""

from typing import Final
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.chat.facts import ProviderFact, SkillFact
from domain.chat.grammar.parsing import parse
from domain.chat.grammar.rendering import render
from domain.chat.intent import Action, Intent, Language, Listed
from domain.chat.outcome import Resolved
from domain.chat.ports import Catalogue
from domain.chat.resolving import resolve

some = settings(deadline=None, max_examples=100)

# Names of skills are lower-case letters, digits and single hyphens, whatever else they may be.
SKILLS: Final = (
    *(
        "kbo-results",
        "pdf",
        "uninstall-all",
        "jira-2",
        "rollback",
        "install",
        "status",
        "help",
        "list",
        "cancel",
        "who",
    ),
    *(
        "all",
        "everything",
        "everywhere",
        "and",
        "or",
        "on",
        "to",
        "from",
        "the",
        "a",
        "it",
        "last",
        "run",
        "runs",
        "failed",
    ),
    *(
        "latest",
        "stable",
        "v2",
        "2",
        "version",
        "except",
        "but",
        "not",
        "never",
        "no",
        "yes",
        "please",
        "can",
        "should",
    ),
    *(
        "skill",
        "skills",
        "provider",
        "openai",
        "gpt",
        "google",
        "main",
        "deadbeef1",
        "0198a7c2",
        "v2-1",
        "do-not",
        "ok",
    ),
)
PROVIDERS: Final = (
    "openai",
    "claude",
    "gemini",
    "main",
    "openai-eu",
    "on",
    "all",
    "pdf",
    "latest",
    "run",
    "2",
    "gpt",
    "prod-1",
)
LABELS: Final = {"stable": 2, "blue-green": 1, "canary": 3}
REFS: Final = (None, "latest", "2", "v3", *LABELS)

CATALOGUE: Final = Catalogue(
    skills={
        name: SkillFact(id=UUID(int=at), name=name, version=9, labels=LABELS, archived=False)
        for at, name in enumerate(SKILLS, 1)
    },
    skill_names=tuple(sorted(SKILLS)),
    providers=tuple(
        ProviderFact(id=UUID(int=at), name=name, kind="noop", active=True, paused=False, code=None)
        for at, name in enumerate(PROVIDERS, 1000)
    ),
)

runs = st.uuids(version=4)
providers = st.lists(st.sampled_from(PROVIDERS), max_size=3, unique=True).map(tuple)
skills = st.lists(st.sampled_from(SKILLS), max_size=4, unique=True).map(tuple)
a_provider, a_skill = providers.filter(bool), skills.filter(bool)

intents = st.one_of(
    st.builds(Intent, action=st.just(Action.INSTALL), skills=a_skill, providers=a_provider, ref=st.sampled_from(REFS)),
    st.builds(Intent, action=st.just(Action.UNINSTALL), skills=a_skill, providers=providers),
    st.builds(
        Intent,
        action=st.sampled_from((Action.CANCEL, Action.RETRY, Action.ROLLBACK, Action.SHOW, Action.STATUS, Action.WHO)),
        run_id=runs,
    ),
    st.builds(
        Intent,
        action=st.sampled_from((Action.CANCEL, Action.RETRY, Action.ROLLBACK, Action.STATUS, Action.WHO)),
        skills=a_skill,
        providers=providers,
    ),
    st.builds(Intent, action=st.just(Action.VERIFY), providers=a_provider),
    st.builds(
        Intent,
        action=st.just(Action.LIST),
        listed=st.sampled_from((Listed.RUNS, Listed.INSTALLATIONS)),
        skills=skills,
        providers=providers,
    ),
    st.builds(Intent, action=st.just(Action.LIST), listed=st.sampled_from((Listed.SKILLS, Listed.PROVIDERS))),
    st.builds(Intent, action=st.sampled_from((Action.HELP, Action.STATUS))),
)


@pytest.mark.parametrize("language", Language)
@some
@given(intent=intents)
def test_what_is_said_again_is_heard_again(language: Language, intent: Intent) -> None:
    text = render(intent, language)
    said = parse(text)

    result = resolve(said, CATALOGUE)
    assert isinstance(result, Resolved), (text, result)
    assert result.intent == intent, text
    assert (said.language, said.unsure, said.polite) == (language, (), False), text
