"""English: which of the words that could be verbs are verbs, and which are names or nouns."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from domain.chat.grammar.english.items import Item
from domain.chat.grammar.english.typos import noun_meant, verb_meant
from domain.chat.grammar.english.verbs import HYPHENATED, NOUNS, VERBS
from domain.chat.grammar.english.words import PARTS, Part
from domain.chat.intent import Action

# A verb behind one of these is what is stopped, tried again or shown: "cancel the install", "retry uninstall".
OF_DEEDS: Final = frozenset({Action.CANCEL, Action.RETRY, Action.ROLLBACK, Action.SHOW})
NAMED_AS_DEEDS: Final = frozenset({Action.INSTALL, Action.UNINSTALL, Action.RETRY, Action.ROLLBACK})
# What may stand in front of the verb of a command.
LEADING: Final = frozenset(
    {
        Part.YOU,
        Part.SPEAKER,
        Part.MODAL,
        Part.WANT,
        Part.BEGIN,
        Part.MIND,
        Part.NOT,
        Part.NO_ACT,
        Part.AND,
        Part.SHOULD,
        Part.HELP,
        Part.MARK,
        Part.MUSE,
        Part.IF,
    }
)
BEHIND_A_NOUN: Final = frozenset({Part.STATUS, Part.BE})
# What these do to runs is said with the same words: "retry failed", "rollback run 0198f2aa".
TO_RUNS: Final = frozenset({Action.CANCEL, Action.RETRY, Action.ROLLBACK})
BEHIND_AN_INSTALL: Final = BEHIND_A_NOUN | {Part.FAILED, Part.RUN, Part.RUNS, Part.STATE}
BEFORE_A_NOUN: Final = frozenset(
    {Part.LAST, Part.FAILED, Part.STATE, Part.ALL, Part.ANY, Part.OF, Part.STATUS, Part.CAUSE}
)
BEHIND_A_SUBJECT: Final = frozenset({Part.MARK, Part.PREPOSITION, Part.OF, Part.BE, Part.STATUS, Part.FAILED})
# "Check" alone looks; of connections it is to ask the provider.
CHECKS: Final = frozenset({"check", "look at", "look into"})
NOT_A_CHECK: Final = frozenset(
    {
        Part.NAME,
        Part.SKILL,
        Part.SKILLS,
        Part.STATUS,
        Part.RUN,
        Part.RUNS,
        Part.RUN_ID,
        Part.LIVE,
        Part.INSTALLATIONS,
        Part.FAILED,
        Part.LAST,
        Part.STATE,
        Part.CAUSE,
        Part.VERSION,
    }
)
# What a run is called after. "The stop" is none, and may be a second command.
RUNS_DO: Final = frozenset({Action.INSTALL, Action.RETRY, Action.ROLLBACK})


def settled(items: Sequence[Item]) -> tuple[Item, ...]:
    found: list[Item] = []
    verb: Item | None = None
    for at, item in enumerate(items):
        after = items[at + 1] if at + 1 < len(items) else None
        here = _hyphenated(item, found[-1] if found else None)
        if begun := _begun(here, found):
            found[-1], here = begun
        elif here.part is Part.VERB:
            here = _of_verb(here, before=found[-1] if found else None, after=after, verb=verb)
        if here.part in (Part.AND, Part.MARK) or (here.part is Part.PREPOSITION and here.word != "to"):
            verb = None
        elif here.part is Part.VERB:
            verb = here
        found.append(here)
    return _with_checks(_with_slips(found))


def _hyphenated(item: Item, before: Item | None) -> Item:
    word = HYPHENATED.get(item.text)
    if word is None or item.quoted or item.ref is not None or (before is not None and before.part not in LEADING):
        return item
    action, form = VERBS[word]
    return replace(item, part=Part.VERB, action=action, form=form)


def _begun(item: Item, found: Sequence[Item]) -> tuple[Item, Item] | None:
    """A verb that only says that something is done, and the deed: "run an install", "start the verification"."""
    if not found or not (found[-1].part is Part.BEGIN or (found[-1].word in ("run", "do") and _leads(found[:-1]))):
        return None
    word = NOUNS.get(item.word, item.word)
    action, form = VERBS.get(word, (Action.SHOW, "base"))
    if action is Action.SHOW or form != "base" or not (item.definite or item.part is Part.VERB):
        return None
    return replace(found[-1], part=Part.BEGIN), replace(item, part=Part.VERB, action=action, form=form)


def _leads(items: Sequence[Item]) -> bool:
    """Whether a verb that stands behind these is that of a command."""
    return all(item.part in LEADING for item in items) or items[-1].is_mark(".", "!", ",")


def _of_verb(item: Item, *, before: Item | None, after: Item | None, verb: Item | None) -> Item:
    """`verb` is the one whose object this may be."""
    if verb is not None and before is verb and item.form == "ing" and verb.action in TO_RUNS:
        return replace(item, action=verb.action)
    if item.form in ("ing", "past"):
        return item
    if _is_name(item, before=before, after=after):
        return _as_noun(item, Part.NAME)
    if item.form == "third" and item.action is Action.INSTALL and (before is None or before.part is Part.PROVIDER):
        return _as_noun(item, Part.INSTALLATIONS)
    if verb is not None and verb.action not in OF_DEEDS and before is verb:
        return replace(_as_noun(item, Part.NAME), slip=True)
    if verb is not None and verb.action is Action.RETRY and before is not None and before.word == "to":
        return replace(item, action=Action.RETRY)
    deed = verb is not None and verb.action in OF_DEEDS and item.action in NAMED_AS_DEEDS
    if not deed and not _is_noun(item, before=before, after=after):
        return item
    if item.action is Action.SHOW:
        return item
    if item.action is Action.VERIFY:
        return _as_noun(item, Part.WORD) if item.definite else item
    run = _as_noun(item, Part.RUNS if item.form == "third" else Part.RUN)
    return run if item.action in RUNS_DO or item.word.startswith("uninstall") else replace(run, slip=True)


def _is_name(item: Item, *, before: Item | None, after: Item | None) -> bool:
    """As "rollback" in "the skill rollback" and "the rollback skill"."""
    if before is not None and before.part in (Part.SKILL, Part.CALLED) and item.form == "base":
        return True
    return item.definite and after is not None and after.part is Part.SKILL


def _is_noun(item: Item, *, before: Item | None, after: Item | None) -> bool:
    """As "install" in "the install", "failed installs", "install status", "is the kbo-results install there?"."""
    if item.definite or (before is not None and before.part in BEFORE_A_NOUN):
        return True
    if item.form != "base":
        return False
    if _is_subject(before) and (after is None or after.part in BEHIND_A_SUBJECT):
        return True
    behind = BEHIND_A_NOUN if item.action in TO_RUNS else BEHIND_AN_INSTALL
    begun = before is not None and before.part in (Part.PREPOSITION, Part.BEGIN, Part.WANT)
    return after is not None and after.part in behind and not begun


def _as_noun(item: Item, part: Part) -> Item:
    return replace(item, part=part, action=None, form=None)


def _is_subject(before: Item | None) -> bool:
    """As `the kbo-results` in "is the kbo-results install there?"."""
    return before is not None and before.definite and before.part in (Part.NAME, Part.WORD, Part.PROVIDER)


def _with_slips(items: list[Item]) -> list[Item]:
    """Where a verb should stand and an unknown word does, it may be a verb with a typo; so may a noun."""
    has_verb = any(item.part is Part.VERB for item in items)
    for at, item in enumerate(items):
        if item.part is not Part.WORD:
            continue
        if not has_verb and _leads(items[:at]) and (word := verb_meant(item.text)):
            action, form = VERBS[word]
            items[at] = replace(item, part=Part.VERB, action=action, form=form, slip=True)
            has_verb = True
        elif (noun := noun_meant(item.text)) and (at == 0 or _asks_for_a_noun(items[at - 1])):
            items[at] = replace(item, part=PARTS[noun], slip=True)
    return items


def _asks_for_a_noun(before: Item) -> bool:
    return before.part in (Part.ALL, Part.ASK) or before.action is Action.SHOW


def _with_checks(items: list[Item]) -> tuple[Item, ...]:
    parts = {item.part for item in items}
    named = Part.PROVIDER_NOUN in parts or Part.PROVIDERS in parts
    of_providers = (named or (Part.PROVIDER in parts and Part.WORD not in parts)) and not parts & NOT_A_CHECK
    if not of_providers or sum(item.part is Part.VERB for item in items) > 1:
        return tuple(items)
    return tuple(
        replace(item, part=Part.VERB, action=Action.VERIFY, form="base") if _is_check(item, parts) else item
        for item in items
    )


def _is_check(item: Item, parts: set[Part]) -> bool:
    if item.part is Part.WHETHER:
        return Part.HEALTH in parts and item.word.split()[0] in ("verify", "check", "test", "confirm")
    return item.part is Part.VERB and item.word in CHECKS
