"""English: which part every word plays, before it is seen which of them belong together."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from domain.chat.grammar.english.items import Item
from domain.chat.grammar.english.verbs import HEADS, VERBS
from domain.chat.grammar.english.words import PARTS, PHRASE_WORDS_MAX, STATES, Part
from domain.chat.grammar.providers import provider_at
from domain.chat.grammar.refs import number, numbered, plain_ref, ref_beside_version, written_ref
from domain.chat.grammar.tokens import Kind, Token

ANDS: Final = frozenset({"&", "+", "/"})
COMMAS: Final = frozenset({",", ":", "\n", "|"})
SAY_NOTHING: Final = frozenset({Part.FILLER, Part.GREETING, Part.THE})
# Who is mentioned before any of these is spoken to.
DOING: Final = frozenset({Part.VERB, Part.HEAD, Part.NAME, Part.WORD, Part.PREPOSITION, Part.RUN})
# "Version" goes with what stands on either side of it.
VERSION_WORDS: Final = frozenset({"version", "versions", "ver", "revision", "label", "tag"})


def items_of(tokens: Sequence[Token]) -> tuple[Item, ...]:
    """Without the words that say nothing. A sentence ends with a mark that is `.`, `!` or `?`."""
    items: list[Item] = []
    definite, at = False, 0
    while at < len(tokens):
        item, taken = _item_at(tokens, at)
        at += taken
        if item is None or item.part in SAY_NOTHING:
            definite = item is not None and (item.part is Part.THE or (definite and item.part is Part.FILLER))
            continue
        if item.part is Part.MENTION and not any(before.part in DOING for before in items):
            if not items or items[-1].part is not Part.MODAL:
                continue
            item = replace(item, part=Part.YOU)
        items.append(replace(item, definite=definite) if definite else item)
        definite = False
    return tuple(items)


def _item_at(tokens: Sequence[Token], at: int) -> tuple[Item | None, int]:
    token = tokens[at]
    if token.kind is Kind.MARK:
        return _mark(tokens, at), 1
    if token.kind is Kind.MENTION:
        return Item(part=Part.MENTION, text=token.text), 1
    if token.kind is Kind.ID:
        return Item(part=Part.RUN_ID, text=token.text), 1
    if token.kind is Kind.QUOTED:
        return Item(part=Part.NAME, text=token.text, ref=_ref(token), quoted=True), 1
    if found := provider_at(tokens, at):
        name, taken = found
        return Item(part=Part.PROVIDER, text=name, ref=_ref(tokens[at + taken - 1])), taken
    return _version(tokens, at) or _phrase(tokens, at) or (_word(token), 1)


def _ref(token: Token) -> str | None:
    return None if token.ref is None else written_ref(token.ref)


def _mark(tokens: Sequence[Token], at: int) -> Item | None:
    token = tokens[at]
    if token.text in ANDS:
        return Item(part=Part.AND, text=token.text)
    if token.text == "@":
        return Item(part=Part.PREPOSITION, text="at")
    if token.text == ";":
        return Item(part=Part.MARK, text=".")
    if token.text == ":" and _picks_a_version(tokens, at):
        return None
    inside = token.text == "." and at + 1 < len(tokens) and tokens[at + 1].start == token.end
    if token.text in COMMAS or (token.ends_sentence and not inside):
        return Item(part=Part.MARK, text=token.text)
    return None


def _picks_a_version(tokens: Sequence[Token], at: int) -> bool:
    """`kbo-results:stable`, as images are written."""
    glued = (
        0 < at < len(tokens) - 1 and tokens[at - 1].end == tokens[at].start and tokens[at + 1].start == tokens[at].end
    )
    return glued and (plain_ref(tokens[at + 1].text) or number(tokens[at + 1].text)) is not None


def _version(tokens: Sequence[Token], at: int) -> tuple[Item, int] | None:
    """`version 3`, `v 3`, `ver. 3`, and `v2`, `latest`, `stable` alone, with "version" behind it or not."""
    first, *rest = _plain_words(tokens, at, 3)
    if first in VERSION_WORDS | {"v"} and rest:
        ref = number(rest[0]) or numbered(rest[0]) or (plain_ref(rest[0]) if first != "v" else None)
        if ref is not None:
            return Item(part=Part.REF, text=f"{first} {rest[0]}", ref=ref), 2
    beside = bool(rest) and rest[0] in VERSION_WORDS
    ref = plain_ref(first)
    if ref is None and beside and rest[1:] == ["of"] and first not in PARTS and first not in VERBS:
        ref = ref_beside_version(first)
    if ref is None:
        return None
    return Item(part=Part.REF, text=first, ref=ref), 1 + beside


def _plain_words(tokens: Sequence[Token], at: int, count: int) -> list[str]:
    words: list[str] = []
    for token in tokens[at : at + count]:
        if token.kind is not Kind.WORD or token.ref is not None or token.tail:
            break
        words.append(token.text)
    return words or [""]


def _phrase(tokens: Sequence[Token], at: int) -> tuple[Item, int] | None:
    words = _plain_words(tokens, at, PHRASE_WORDS_MAX)
    for taken in range(len(words), 0, -1):
        text = " ".join(words[:taken])
        if text in VERBS and text not in STATES:
            action, form = VERBS[text]
            return Item(part=Part.VERB, text=text, action=action, form=form), taken
        if text in PARTS:
            return Item(part=PARTS[text], text=text, statuses=STATES.get(text, ())), taken
    return None


def _word(token: Token) -> Item:
    if token.is_name:
        return Item(part=Part.NAME, text=token.text.removesuffix("'s"), ref=_ref(token))
    if number(token.text):
        return Item(part=Part.NUMBER, text=token.text)
    text = token.text.removesuffix("'s")
    if text != token.text and text in PARTS:
        return Item(part=PARTS[text], text=text)
    return Item(part=Part.HEAD if text in HEADS else Part.WORD, text=text)
