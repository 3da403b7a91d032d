"""An intent in words: what a person would say who means just this. What it gives is understood as the same intent again."""

from collections.abc import Sequence
from typing import Final

from domain.chat.grammar.providers import provider_word
from domain.chat.grammar.tokens import Kind, tokens_of
from domain.chat.intent import Action, Intent, Language, Listed

_ENGLISH_VERBS: Final[dict[Action, str]] = {
    Action.INSTALL: "install",
    Action.STATUS: "status of",
    Action.SHOW: "show",
    Action.CANCEL: "cancel",
    Action.RETRY: "retry",
    Action.ROLLBACK: "roll back",
    Action.UNINSTALL: "uninstall",
    Action.VERIFY: "verify",
    Action.WHO: "who changed",
}
_ENGLISH_ALONE: Final[dict[Action, str]] = {
    Action.STATUS: "status",
    Action.WHO: "who did it",
    Action.HELP: "help",
    Action.NONE: "do nothing",
}
_ENGLISH_LISTS: Final[dict[Listed | None, str]] = {
    Listed.SKILLS: "list skills",
    Listed.PROVIDERS: "list providers",
    Listed.RUNS: "list runs",
    Listed.INSTALLATIONS: "list installations",
    None: "list",
}
_KOREAN_VERBS: Final[dict[Action, str]] = {
    Action.INSTALL: "설치해줘",
    Action.STATUS: "상태 알려줘",
    Action.SHOW: "보여줘",
    Action.CANCEL: "취소해줘",
    Action.RETRY: "재시도해줘",
    Action.ROLLBACK: "되돌려줘",
    Action.UNINSTALL: "삭제해줘",
    Action.VERIFY: "검증해줘",
    Action.WHO: "누가 했어?",
    Action.HELP: "도움말",
    Action.NONE: "아무것도 하지 마",
}
# What the action is about is the skill itself, but for these.
_KOREAN_OBJECTS: Final[dict[Action, str]] = {
    Action.STATUS: "의",
    Action.CANCEL: " 작업을",
    Action.RETRY: " 작업을",
    Action.WHO: " 작업을",
}
_KOREAN_LISTS: Final[dict[Listed | None, str]] = {
    Listed.SKILLS: "스킬 목록 보여줘",
    Listed.PROVIDERS: "연결 목록 보여줘",
    Listed.RUNS: "실행 목록 보여줘",
    Listed.INSTALLATIONS: "설치 목록 보여줘",
    None: "목록 보여줘",
}


def render(intent: Intent, language: Language) -> str:
    words = _korean(intent) if language is Language.KOREAN else _english(intent)
    return " ".join(word for word in words if word)


def _english(intent: Intent) -> Sequence[str]:
    skills, providers = _skills(intent), _providers(intent)
    if skills:
        skills = f"{'skill' if len(intent.skills) == 1 else 'skills'} {skills}"
    if intent.action is Action.VERIFY:
        return ("verify", "connection" if len(intent.providers) == 1 else "connections", providers)
    at = f"{'from' if intent.action is Action.UNINSTALL else 'on'} {providers}" if providers else ""
    if intent.action is Action.LIST:
        return (_ENGLISH_LISTS[intent.listed], f"of {skills}" if skills else "", at)
    run = f"run {intent.run_id}" if intent.run_id else ""
    if not (skills or at or run) and intent.action in _ENGLISH_ALONE:
        return (_ENGLISH_ALONE[intent.action],)
    verb = "status" if intent.action is Action.STATUS and not (skills or run) else _ENGLISH_VERBS[intent.action]
    return (verb, run, skills, at)


def _korean(intent: Intent) -> Sequence[str]:
    """The particle stands behind a word that is always the same, so that it fits."""
    providers = _providers(intent)
    if intent.action is Action.VERIFY:
        return (f"{providers} 연결을", "검증해줘")
    at = f"{providers} 연결{'에' if intent.action is Action.INSTALL else '에서'}" if providers else ""
    skills = f"{_skills(intent)} 스킬" if intent.skills else ""
    if intent.action is Action.LIST:
        return (at, f"{skills}의" if skills else "", _KOREAN_LISTS[intent.listed])
    run = f"실행 {intent.run_id}" if intent.run_id else ""
    objects = skills and f"{skills}{_KOREAN_OBJECTS.get(intent.action, '을')}"
    return (at, objects, run, _KOREAN_VERBS[intent.action])


def _skills(intent: Intent) -> str:
    ref = f"@{intent.ref}" if intent.ref else ""
    return ", ".join(_name(name) + ref for name in intent.skills)


def _providers(intent: Intent) -> str:
    return ", ".join(name if provider_word(name) == name else _name(name) for name in intent.providers)


def _name(name: str) -> str:
    """In quotes, but for what is a name wherever it stands."""
    tokens = tokens_of(name)
    plain = len(tokens) == 1 and tokens[0].kind is Kind.WORD and tokens[0].is_name and not tokens[0].ref
    return name if plain else f'"{name}"'
