"""Makes up commands, in words of both languages that are put together by their rules, to be denied, asked or said."""

from typing import Final

from hypothesis import strategies as st
from msgspec import Struct

from domain.chat.intent import Action, Language
from tests.domain.chat.catalogue import RUN, SKILLS, USUAL


class Verb(Struct, frozen=True):
    """English: the plain form and that with -ing. Korean: what -지, -ㄹ까 and -아/어 make of it."""

    action: Action
    plain: str
    other: str
    joined: str = ""


class Command(Struct, frozen=True, kw_only=True):
    """`about` is all but the verb; it stands behind it in English and before it in Korean."""

    language: Language
    verb: Verb
    about: str

    @property
    def text(self) -> str:
        if self.language is Language.ENGLISH:
            return f"{self.verb.plain} {self.about}"
        return f"{self.about} {self.verb.joined}줘"


ENGLISH: Final = (
    Verb(Action.INSTALL, "install", "installing"),
    Verb(Action.INSTALL, "deploy", "deploying"),
    Verb(Action.INSTALL, "add", "adding"),
    Verb(Action.UNINSTALL, "uninstall", "uninstalling"),
    Verb(Action.UNINSTALL, "remove", "removing"),
    Verb(Action.UNINSTALL, "delete", "deleting"),
    Verb(Action.ROLLBACK, "roll back", "rolling back"),
    Verb(Action.ROLLBACK, "revert", "reverting"),
    Verb(Action.CANCEL, "cancel", "cancelling"),
    Verb(Action.CANCEL, "abort", "aborting"),
    Verb(Action.RETRY, "retry", "retrying"),
    Verb(Action.VERIFY, "verify", "verifying"),
)
KOREAN: Final = (
    Verb(Action.INSTALL, "설치하", "설치할", "설치해"),
    Verb(Action.INSTALL, "깔", "깔", "깔아"),
    Verb(Action.INSTALL, "추가하", "추가할", "추가해"),
    Verb(Action.INSTALL, "배포하", "배포할", "배포해"),
    Verb(Action.UNINSTALL, "삭제하", "삭제할", "삭제해"),
    Verb(Action.UNINSTALL, "지우", "지울", "지워"),
    Verb(Action.UNINSTALL, "제거하", "제거할", "제거해"),
    Verb(Action.ROLLBACK, "롤백하", "롤백할", "롤백해"),
    Verb(Action.ROLLBACK, "되돌리", "되돌릴", "되돌려"),
    Verb(Action.CANCEL, "취소하", "취소할", "취소해"),
    Verb(Action.RETRY, "재시도하", "재시도할", "재시도해"),
    Verb(Action.VERIFY, "검증하", "검증할", "검증해"),
)
PREPOSITIONS: Final = {Action.INSTALL: "on", Action.UNINSTALL: "from"}
PARTICLES: Final = {Action.UNINSTALL: "에서", Action.ROLLBACK: "에서"}
PROVIDER_WORDS: Final = {
    Language.ENGLISH: (*USUAL, "OpenAI", "GPT", "Anthropic", "Google"),
    Language.KOREAN: (*USUAL, "오픈AI", "클로드", "제미나이", "챗지피티", "앤트로픽"),
}
# Verbs are not what these are about: a bare verb in the place of a name may well be read as one.
NAMES: Final = tuple(name for name in SKILLS if "-" in name or name in ("pdf", "docx", "weather"))


def commands() -> st.SearchStrategy[Command]:
    return st.one_of(english(), korean())


@st.composite
def english(draw: st.DrawFn) -> Command:
    verb = draw(st.sampled_from(ENGLISH))
    providers = " and ".join(_some(draw, PROVIDER_WORDS[Language.ENGLISH]))
    if verb.action is Action.VERIFY:
        about = providers
    elif verb.action in (Action.CANCEL, Action.RETRY) and draw(st.booleans()):
        about = draw(st.sampled_from((f"run {RUN}", "the last run", "all failed runs", "run 0198a7c2")))
    else:
        skills = draw(st.sampled_from((", ", " and "))).join(_some(draw, NAMES))
        where = draw(st.sampled_from((providers, "all providers", f"all providers except {providers}")))
        about = f"{skills} {PREPOSITIONS.get(verb.action, 'on')} {where}"
    return Command(language=Language.ENGLISH, verb=verb, about=about)


@st.composite
def korean(draw: st.DrawFn) -> Command:
    verb = draw(st.sampled_from(KOREAN))
    providers = ", ".join(_some(draw, PROVIDER_WORDS[Language.KOREAN]))
    if verb.action is Action.VERIFY:
        about = providers
    elif verb.action in (Action.CANCEL, Action.RETRY) and draw(st.booleans()):
        about = draw(st.sampled_from((f"실행 {RUN}", "마지막 실행", "실패한 실행 전부", "0198a7c2")))
    else:
        skills = draw(st.sampled_from((", ", "랑 ", " 그리고 "))).join(_some(draw, NAMES))
        where = draw(st.sampled_from((providers, "모든 곳", "모든 프로바이더")))
        about = f"{skills} {where}{PARTICLES.get(verb.action, '에')}"
    return Command(language=Language.KOREAN, verb=verb, about=about)


def _some(draw: st.DrawFn, words: tuple[str, ...]) -> list[str]:
    return draw(st.lists(st.sampled_from(words), min_size=1, max_size=3, unique_by=str.lower))
