"""What a sentence must come to, written shortly, and whether it did."""

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import asdict

from domain.chat.grammar.parsing import parse
from domain.chat.intent import Action, Listed
from domain.chat.outcome import Resolved, Unclear
from domain.chat.ports import Catalogue
from domain.chat.reasons import Reason
from domain.chat.resolving import resolve
from domain.chat.said import Deed, RunPick, Said
from domain.install_run.state import RunStatus
from domain.provider.events import ProviderKind
from tests.domain.chat.catalogue import USUAL, looked_up

# These are asked about whatever else is said.
ALWAYS_ASKED: Final = frozenset({Action.CANCEL, Action.ROLLBACK, Action.UNINSTALL})
FAILED: Final = "failed"


class Heard(Struct, frozen=True, kw_only=True):
    """What came of a sentence, as far as it matters here. `asks`: it is not done without a yes, because of how it was said."""

    action: Action
    skills: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    every: frozenset[str] = frozenset()
    left_out: frozenset[str] = frozenset()
    runs: RunPick = RunPick()
    statuses: frozenset[RunStatus] = frozenset()
    listed: Listed | None = None
    deed: Deed | None = None
    asks: bool = False
    reason: Reason | None = None
    candidates: tuple[str, ...] = ()


class Done(Struct, frozen=True, kw_only=True):
    """Exactly this is understood; `asks` None: whether it is asked about does not matter."""

    heard: Heard
    asks: bool | None = False

    def fits(self, heard: Heard) -> bool:
        if heard.reason is not None:
            return False
        asks = heard.asks if self.asks is None or not heard.action.changes else self.asks
        wanted = {**asdict(self.heard), "asks": asks}
        return wanted == {**asdict(heard), "candidates": ()}


class Refused(Struct, frozen=True, kw_only=True):
    """Nothing comes of it, for one of these reasons; `offers` are among the candidates."""

    reasons: frozenset[Reason]
    offers: frozenset[str] = frozenset()

    def fits(self, heard: Heard) -> bool:
        return heard.reason in self.reasons and self.offers <= set(heard.candidates)


class Untouched(Struct, frozen=True, kw_only=True):
    """Nothing changes: it is refused, or only looked at."""

    def fits(self, heard: Heard) -> bool:
        return heard.reason is not None or not heard.action.changes


class NotAtOnce(Struct, frozen=True, kw_only=True):
    """Nothing changes before a yes."""

    def fits(self, heard: Heard) -> bool:
        return heard.reason is not None or not heard.action.changes or heard.asks or heard.action in ALWAYS_ASKED


class AnyOf(Struct, frozen=True, kw_only=True):
    """What a reader may see either way, and neither does harm."""

    expected: tuple["Done | Refused | Untouched | NotAtOnce", ...]

    def fits(self, heard: Heard) -> bool:
        return any(one.fits(heard) for one in self.expected)


Expected = Done | Refused | Untouched | NotAtOnce | AnyOf
Row = tuple[str, Expected]

NOTHING_CHANGES: Final = Untouched()
NOT_AT_ONCE: Final = NotAtOnce()


def to(
    action: str,
    skills: str = "",
    at: str = "",
    *,
    every: str = "",
    but: str = "",
    run: str = "",
    last: bool = False,
    every_run: bool = False,
    status: str = "",
    of: str = "",
    deed: str = "",
    asks: bool | None = False,
) -> Done:
    """`skills` as `name` or `name@ref`, with spaces between; `every` is `skills`, `providers` or both, all `but` some."""
    heard = Heard(
        action=Action(action),
        skills=tuple(sorted(skills.split())),
        providers=tuple(sorted(at.split())),
        every=frozenset(every.split()),
        left_out=frozenset(but.split()),
        runs=RunPick(ids=tuple(run.split()), last=last, every=every_run),
        statuses=frozenset(_statuses(status)),
        listed=Listed(of) if of else None,
        deed=Deed(deed) if deed else None,
    )
    return Done(heard=heard, asks=asks)


def _statuses(words: str) -> Iterator[RunStatus]:
    """Who speaks of failed runs means those as well that failed at some places."""
    for word in words.split():
        yield RunStatus(word)
        if word == FAILED:
            yield RunStatus.PARTIAL_FAILED


def refused(*reasons: str, offers: str = "") -> Refused:
    return Refused(reasons=frozenset(Reason(reason) for reason in reasons), offers=frozenset(offers.split()))


def any_of(*expected: Done | Refused | Untouched | NotAtOnce) -> AnyOf:
    return AnyOf(expected=expected)


def wide(text: str) -> str:
    """As an input method for Korean and Japanese writes Latin letters."""
    return "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in text)


def hear(text: str, kinds: Mapping[str, ProviderKind] = USUAL) -> Heard:
    said = parse(text)
    catalogue = looked_up(said, kinds)
    result = resolve(said, catalogue)
    if isinstance(result, Unclear):
        return Heard(action=said.action, reason=result.reason, candidates=result.candidates)
    return _heard(said, result, catalogue)


def _heard(said: Said, resolved: Resolved, catalogue: Catalogue) -> Heard:
    """To look at all there are is to look without a filter."""
    every = {"skills": resolved.every_skill, "providers": resolved.every_provider}
    left_out = _left_out(resolved, catalogue)
    filters = resolved.intent.action.changes or left_out
    named = () if resolved.every_skill else resolved.skills
    return Heard(
        action=resolved.intent.action,
        skills=tuple(sorted(f"{one.skill.name}@{one.ref}" if one.ref else one.skill.name for one in named)),
        providers=() if resolved.every_provider else tuple(sorted(one.name for one in resolved.providers)),
        every=frozenset(slot for slot, meant in every.items() if meant and filters),
        left_out=left_out,
        runs=said.runs,
        statuses=frozenset(said.statuses),
        listed=resolved.intent.listed,
        deed=said.deed,
        asks=bool(said.unsure) or said.polite,
    )


def _left_out(resolved: Resolved, catalogue: Catalogue) -> frozenset[str]:
    """The exceptions to all there are."""
    skills = {*catalogue.skills} - {one.skill.name for one in resolved.skills}
    providers = {one.name for one in catalogue.providers} - {one.name for one in resolved.providers}
    return frozenset((skills if resolved.every_skill else set()) | (providers if resolved.every_provider else set()))
