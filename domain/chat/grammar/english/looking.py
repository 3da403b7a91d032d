"""English: what a question is after, and what somebody wants to be shown."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from msgspec import Struct

from domain.chat.grammar.english.gathering import PROVIDER_NOUNS, RUN_NOUNS, SKILL_NOUNS
from domain.chat.grammar.english.items import Item
from domain.chat.grammar.english.words import Part
from domain.chat.intent import Action, Listed
from domain.chat.said import Deed

DEEDS: Final[dict[Action | None, Deed]] = {
    Action.INSTALL: Deed.INSTALL,
    Action.UNINSTALL: Deed.UNINSTALL,
    Action.CANCEL: Deed.CANCEL,
    Action.RETRY: Deed.RETRY,
    Action.ROLLBACK: Deed.ROLLBACK,
    Action.VERIFY: Deed.VERIFY,
}
REGISTERING: Final = frozenset({"registered", "register", "created", "made", "wrote", "uploaded", "published"})
CONNECTING: Final = frozenset({"connected", "connect", "added"})
# Of runs, these are endings; of a question without runs, they ask how it stands.
WELL: Final = frozenset({"succeeded", "successful", "success", "succeed"})
NAMES: Final = frozenset({Part.NAME, Part.WORD, Part.PROVIDER})
HOW_IT_STANDS: Final = frozenset({Part.HEALTH, Part.FAILED, Part.STATUS, Part.LIVE, Part.STATE})


class Look(Struct, frozen=True, kw_only=True):
    action: Action
    listed: Listed | None = None
    deed: Deed | None = None


def look_of(items: Sequence[Item]) -> Look | None:
    """None if nothing is asked for that can be answered."""
    parts = frozenset(item.part for item in items)
    if Part.WHO in parts:
        return _who(items, parts)
    if Part.HELP in parts:
        return Look(action=Action.HELP)
    return _of_runs(items, parts) or _of_things(items, parts)


def _who(items: Sequence[Item], parts: frozenset[Part]) -> Look | None:
    if not parts & ({Part.VERB, Part.DEED, Part.PRONOUN, Part.HEALTH, Part.ASK} | RUN_NOUNS | {Part.RUN_ID, Part.LAST}):
        return None
    return Look(action=Action.WHO, deed=_deed(items, parts))


def _deed(items: Sequence[Item], parts: frozenset[Part]) -> Deed | None:
    at_provider = any(before.part is Part.PREPOSITION for before in items)
    for item in items:
        if item.word in CONNECTING and (item.word != "added" or (Part.PROVIDER in parts and not at_provider)):
            return Deed.CONNECT
        if item.word in REGISTERING and not at_provider:
            return Deed.REGISTER
        if item.part is Part.VERB and item.action in DEEDS:
            return DEEDS[item.action]
    return None


def _of_runs(items: Sequence[Item], parts: frozenset[Part]) -> Look | None:
    one = bool(parts & {Part.RUN_ID, Part.LAST, Part.RUN}) or _is_latest_run(items)
    asked = bool(parts & {Part.BE, Part.NEGATED_BE, Part.MODAL})
    several = Part.RUNS in parts or (Part.INSTALLATIONS in parts and bool(parts & {Part.FAILED, Part.STATE}))
    if Part.CAUSE in parts:
        return Look(action=Action.SHOW)
    if several or (_asks_which(parts) and Part.RUN in parts and bool(parts & {Part.FAILED, Part.STATE})):
        return Look(action=Action.LIST, listed=Listed.RUNS)
    if Part.STATUS in parts:
        return Look(action=Action.STATUS)
    if one:
        return Look(action=Action.STATUS if asked or Part.WHETHER in parts else Action.SHOW)
    if parts & {Part.FAILED, Part.STATE} and (parts & {Part.ANY, Part.ASK} or not asked) and not parts & SKILL_NOUNS:
        return Look(action=Action.LIST, listed=Listed.RUNS) if Part.PRONOUN not in parts else Look(action=Action.STATUS)
    return None


def _is_latest_run(items: Sequence[Item]) -> bool:
    return any(one.ref == "latest" and other.part in RUN_NOUNS for one, other in pairwise(items))


def _asks_which(parts: frozenset[Part]) -> bool:
    return bool(parts & {Part.ASK, Part.ANY, Part.EVERYTHING})


def _of_things(items: Sequence[Item], parts: frozenset[Part]) -> Look | None:
    installed = _is_installed(items, parts)
    if _asks_how(items) and parts & NAMES:
        return Look(action=Action.STATUS)
    if _is_of_installations(items, parts, installed=installed):
        return Look(action=Action.LIST, listed=Listed.INSTALLATIONS)
    asked = bool(parts & {Part.BE, Part.NEGATED_BE, Part.MODAL, Part.WHETHER})
    of_skill = bool(parts & {Part.NAME, Part.WORD})
    if (parts & PROVIDER_NOUNS or {Part.HEALTH, Part.PROVIDER} <= parts) and not (
        asked and of_skill and Part.ALL in parts
    ):
        has = Part.PROVIDERS in parts and of_skill
        return Look(action=Action.LIST, listed=Listed.INSTALLATIONS if has else Listed.PROVIDERS)
    if asked and _stands(items, parts):
        return Look(action=Action.STATUS)
    if parts & SKILL_NOUNS or (parts & {Part.VERSION, Part.REF} and parts & NAMES):
        return Look(action=Action.LIST, listed=Listed.SKILLS)
    return Look(action=Action.STATUS) if _names_what(items, parts, installed=installed) else None


def _is_installed(items: Sequence[Item], parts: frozenset[Part]) -> bool:
    did = any(item.word == "did" for item in items)
    return Part.LIVE in parts or any(item.part is Part.VERB and (did or item.form != "base") for item in items)


def _is_of_installations(items: Sequence[Item], parts: frozenset[Part], *, installed: bool) -> bool:
    """What is where, and not how one thing stands at one place."""
    if Part.INSTALLATIONS in parts or _asks_where(items):
        return True
    which = _asks_which(parts)
    if parts & {Part.NAME, Part.WORD} and not which and not parts & SKILL_NOUNS:
        return False
    somewhere = bool(parts & {Part.PREPOSITION, Part.EVERYWHERE} and parts & (NAMES | {Part.EVERYWHERE, Part.ALL}))
    somewhere = somewhere or {Part.PROVIDER, Part.SKILLS} <= parts
    wide = which or any(item.action is Action.SHOW for item in items) or not parts.isdisjoint(SKILL_NOUNS)
    return wide and (installed or somewhere)


def _names_what(items: Sequence[Item], parts: frozenset[Part], *, installed: bool) -> bool:
    """Hardly more than a name: "kbo-results?", "show kbo-results", "kbo-results installed"."""
    if items[-1].is_mark("?"):
        return installed or bool(parts & {Part.NAME, Part.PROVIDER})
    shown = any(item.action is Action.SHOW for item in items) and sum(item.part is Part.WORD for item in items) <= 1
    return bool(parts & NAMES) and (installed or shown)


def _asks_how(items: Sequence[Item]) -> bool:
    return any(item.part is Part.ASK and item.word in ("how", "how's", "hows") for item in items)


def _asks_where(items: Sequence[Item]) -> bool:
    return any(item.part is Part.ASK and item.word.startswith("where") for item in items)


def _stands(items: Sequence[Item], parts: frozenset[Part]) -> bool:
    """It is asked of something or of "it" how it stands."""
    done = any(item.part is Part.VERB and item.action is not Action.SHOW for item in items)
    if Part.WANT in parts and Part.WHETHER not in parts:
        return False
    return (
        bool(parts & NAMES) or done or (bool(parts & {Part.PRONOUN, Part.EVERYTHING}) and bool(parts & HOW_IT_STANDS))
    )
