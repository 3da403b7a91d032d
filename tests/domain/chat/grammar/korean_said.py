"""What a Korean sentence must give, written shortly."""

from domain.chat.grammar.korean import hearing as korean
from domain.chat.grammar.text import normalise
from domain.chat.grammar.tokens import tokens_of
from domain.chat.intent import Action, Language, Listed
from domain.chat.reasons import Reason
from domain.chat.said import Deed, Name, Pick, RunPick, Said
from domain.install_run.state import RunStatus

FAILED = "failed partial_failed"


def hear(text: str) -> Said:
    return korean.hear(tokens_of(normalise(text)))


def said(
    action: str,
    *,
    skills: str = "",
    providers: str = "",
    either: str = "",
    ref: str | None = None,
    runs: str = "",
    statuses: str = "",
    listed: str = "",
    deed: str = "",
    unsure: str = "",
    polite: bool = False,
) -> Said:
    """Names with spaces between them, as `name` or `name@ref`; `*` is all there are and `-name` what is left out. `runs` are ids,
    `last` or `*`.
    """
    return Said(
        language=Language.KOREAN,
        action=Action(action),
        skills=_pick(skills),
        providers=_pick(providers),
        either=_pick(either),
        ref=ref,
        runs=_runs(runs.split()),
        statuses=tuple(RunStatus(status) for status in statuses.split()),
        listed=Listed(listed) if listed else None,
        deed=Deed(deed) if deed else None,
        unsure=tuple(unsure.split()),
        polite=polite,
    )


def nothing(obstacle: Reason) -> Said:
    return Said(language=Language.KOREAN, action=Action.NONE, obstacle=obstacle)


def _pick(written: str) -> Pick:
    words = written.split()
    names = (word.partition("@") for word in words if word != "*" and not word.startswith("-"))
    return Pick(
        names=tuple(Name(text, ref or None) for text, _, ref in names),
        every="*" in words,
        excepted=tuple(word[1:] for word in words if word.startswith("-")),
    )


def _runs(words: list[str]) -> RunPick:
    ids = tuple(word for word in words if word not in ("last", "*"))
    return RunPick(ids=ids, last="last" in words, every="*" in words)
