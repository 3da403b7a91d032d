"""What a language model may say: one closed form, the same at every provider, and how an answer in it becomes what was said."""

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct

from adapters.providers.chat_grounding import Message
from domain.chat.intent import Action, Listed
from domain.chat.ports import ModelUnavailable
from domain.chat.reasons import Reason
from domain.chat.said import NAMES_MAX, Deed, Name, Pick, RunPick, Said
from domain.install_run.state import RunStatus

ANSWER_CHARS_MAX: Final = 20_000
WORD_CHARS_MAX: Final = 100
OBSTACLES: Final = (Reason.NOT_UNDERSTOOD, Reason.NEGATED, Reason.QUESTION, Reason.SEVERAL_ACTIONS)

Word = Annotated[str, Meta(min_length=1, max_length=WORD_CHARS_MAX)]
Words = Annotated[tuple[Word, ...], Meta(max_length=NAMES_MAX)]


class _Skill(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    name: Word
    ref: Word | None


class _Understood(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename="camel"):
    """No field has a default: a model says all of it."""

    action: Action
    obstacle: Reason | None
    skills: Annotated[tuple[_Skill, ...], Meta(max_length=NAMES_MAX)]
    every_skill: bool
    excepted_skills: Words
    ref: Word | None
    providers: Words
    every_provider: bool
    excepted_providers: Words
    run_ids: Words
    last_run: bool
    every_run: bool
    run_statuses: Annotated[tuple[RunStatus, ...], Meta(max_length=len(RunStatus))]
    listed: Listed | None
    deed: Deed | None


def said_in(answer: str, message: str) -> Said:
    """What the model's answer to a message comes to. It is believed as a whole or not at all: raises ModelUnavailable."""
    if len(answer) > ANSWER_CHARS_MAX:
        raise ModelUnavailable(f"The answer is longer than {ANSWER_CHARS_MAX} characters.")
    try:
        understood = msgspec.json.decode(answer, type=_Understood)
    except (msgspec.DecodeError, UnicodeError):
        raise ModelUnavailable("The answer has not the form that was asked for.") from None
    if understood.obstacle not in {None, *OBSTACLES}:
        raise ModelUnavailable("The answer has an obstacle that there is not.")
    heard = Message(message)
    obstacle = understood.obstacle
    if obstacle is None and understood.action is Action.NONE:
        obstacle = Reason.NOT_UNDERSTOOD
    if obstacle is not None:
        return Said(language=heard.language, action=Action.NONE, obstacle=obstacle)
    return _said(understood, heard)


def _said(understood: _Understood, heard: Message) -> Said:
    return Said(
        language=heard.language,
        action=understood.action,
        skills=_pick(
            tuple(Name(heard.word(skill.name), heard.ref(skill.ref)) for skill in understood.skills),
            every=understood.every_skill,
            excepted=tuple(heard.word(name) for name in understood.excepted_skills),
        ),
        providers=_pick(
            tuple(Name(heard.provider(name)) for name in understood.providers),
            every=understood.every_provider,
            excepted=tuple(heard.provider(name) for name in understood.excepted_providers),
        ),
        ref=heard.ref(understood.ref),
        runs=RunPick(
            ids=tuple(heard.run_id(text) for text in understood.run_ids),
            last=understood.last_run,
            every=understood.every_run,
        ),
        statuses=understood.run_statuses,
        listed=understood.listed,
        deed=understood.deed,
    )


def _pick(names: tuple[Name, ...], *, every: bool, excepted: tuple[str, ...]) -> Pick:
    """Some and all of them at once is no choice; what is excepted must be excepted from all."""
    if (names and every) or (excepted and not every):
        raise ModelUnavailable("The answer contradicts itself.")
    return Pick(names=names, every=every, excepted=excepted)


def _one_of(words: type[Action | Listed | Deed | RunStatus] | tuple[Reason, ...]) -> dict[str, Any]:
    return {"type": "string", "enum": [word.value for word in words]}


def _or_null(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]}


def _list_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": schema}


def _object(properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


TEXT: Final[Mapping[str, Any]] = {"type": "string"}
FLAG: Final[Mapping[str, Any]] = {"type": "boolean"}
# As the providers are told it, in what all three of them take: every field required, no bounds. Those are checked here.
SCHEMA: Final[dict[str, Any]] = _object(
    {
        "action": _one_of(Action),
        "obstacle": _or_null(_one_of(OBSTACLES)),
        "skills": _list_of(_object({"name": TEXT, "ref": _or_null(TEXT)})),
        "everySkill": FLAG,
        "exceptedSkills": _list_of(TEXT),
        "ref": _or_null(TEXT),
        "providers": _list_of(TEXT),
        "everyProvider": FLAG,
        "exceptedProviders": _list_of(TEXT),
        "runIds": _list_of(TEXT),
        "lastRun": FLAG,
        "everyRun": FLAG,
        "runStatuses": _list_of(_one_of(RunStatus)),
        "listed": _or_null(_one_of(Listed)),
        "deed": _or_null(_one_of(Deed)),
    }
)
