"""The verbs of the chat commands: what each asks for, and finding one where a word begins."""

from collections.abc import Iterator
from enum import StrEnum
from typing import Final

from msgspec import Struct

from domain.chat.grammar.korean.endings import readings
from domain.chat.grammar.korean.jamo import letters, one_letter_apart
from domain.chat.grammar.korean.marks import Mark
from domain.chat.grammar.korean.stems import shapes
from domain.chat.intent import Action
from domain.chat.said import Deed


class Sense(StrEnum):
    """What a verb is about. `do` takes it from the noun before it, `check` may verify a provider or ask how it stands."""

    INSTALL = "install"
    UNINSTALL = "uninstall"
    CANCEL = "cancel"
    RETRY = "retry"
    ROLLBACK = "rollback"
    VERIFY = "verify"
    CHECK = "check"
    LOOK = "look"
    BECOME = "become"
    FAIL = "fail"
    SUCCEED = "succeed"
    EXIST = "exist"
    DO = "do"
    RUN = "run"
    WAIT = "wait"
    TRY = "try"
    HELP = "help"
    KEEP = "keep"
    FORBID = "forbid"
    REGISTER = "register"
    CONNECT = "connect"


ACTIONS: Final = {
    Sense.INSTALL: Action.INSTALL,
    Sense.UNINSTALL: Action.UNINSTALL,
    Sense.CANCEL: Action.CANCEL,
    Sense.RETRY: Action.RETRY,
    Sense.ROLLBACK: Action.ROLLBACK,
    Sense.VERIFY: Action.VERIFY,
}
DEEDS: Final = {
    Sense.INSTALL: Deed.INSTALL,
    Sense.UNINSTALL: Deed.UNINSTALL,
    Sense.CANCEL: Deed.CANCEL,
    Sense.RETRY: Deed.RETRY,
    Sense.ROLLBACK: Deed.ROLLBACK,
    Sense.VERIFY: Deed.VERIFY,
    Sense.CHECK: Deed.VERIFY,
    Sense.REGISTER: Deed.REGISTER,
    Sense.CONNECT: Deed.CONNECT,
}

# Nouns that become verbs by 하다 or 되다.
_NOUNS: Final = {
    Sense.INSTALL: "설치 재설치 배포 재배포 추가 적용 반영 탑재 인스톨 인스토올 디플로이 디플로이먼트 셋업 세팅 푸시 업데이트 업그레이드 갱신 install reinstall deploy add push setup update upgrade ship put",
    Sense.UNINSTALL: "제거 삭제 언인스톨 철거 딜리트 리무브 해제 말소 uninstall remove delete unship",
    Sense.CANCEL: "취소 중단 중지 정지 캔슬 스톱 스탑 그만 cancel stop abort halt",
    Sense.RETRY: "재시도 재실행 리트라이 재시작 재개 retry rerun",
    Sense.ROLLBACK: "롤백 원복 복구 원상복구 복원 리버트 rollback revert undo restore",
    Sense.VERIFY: "검증 점검 재검증 재점검 테스트 검사 진단 베리파이 verify test",
    Sense.CHECK: "확인 체크 check",
    Sense.LOOK: "조회 나열 출력 표시 열거 공유 검색 리스트업 보고 안내 요약 show view",
    Sense.BECOME: "완료 종료 마무리",
    Sense.DO: "시작 개시 착수",
    Sense.RUN: "실행 진행 구동 동작 작동",
    Sense.WAIT: "대기",
    Sense.FAIL: "실패 에러 오류 fail",
    Sense.SUCCEED: "성공",
    Sense.TRY: "시도",
    Sense.REGISTER: "등록 업로드 register upload",
    Sense.CONNECT: "연결 연동 connect",
}
_STEMS: Final = {
    Sense.INSTALL: "깔 올리 넣 집어넣 밀어넣 심 붙이 얹 띄우 싣 깔리 올라가 들어가 올라오",
    Sense.UNINSTALL: "지우 내리 없애 빼 떼 치우 날리 걷어내 들어내 떼내 빼내 없애버리 지워지 없어지 내려가 빠지",
    Sense.CANCEL: "멈추 그만두 관두 그만하 때려치우 집어치우 끊 세우 접",
    Sense.RETRY: "다시하 다시돌리 재시도하",
    Sense.ROLLBACK: "되돌리 돌려놓 무르 물리 되돌아가",
    Sense.LOOK: "보여주 보이 보여드리 알려주 알리 말해주 말하 가르치 찾 보 띄워주 뽑 궁금하 살펴보 살피 들려주 읊 주 알",
    Sense.BECOME: "되 끝나 마치 끝내 걸리 남 지나 괜찮 멀쩡하 정상이",
    Sense.FAIL: "죽 터지 깨지 안되 꼬이 막히 엎어지 자빠지 잘못되 뻗",
    Sense.EXIST: "있 없 계시",
    Sense.RUN: "돌",
    Sense.DO: "하 돌리 진행하 시키 부탁하 부탁드리 바라 원하 필요하 가능하 처리하 해버리 해주",
    Sense.HELP: "돕 도와주 쓰 사용하 이용하 활용하",
    Sense.KEEP: "남기 남겨두 남겨놓 놔두 냅두 내버려두 두 유지하 보존하 살려두",
    Sense.FORBID: "막 금하 미루 건너뛰",
}


class Verb(Struct, frozen=True):
    """`taken` is how many words it spreads over."""

    sense: Sense
    marks: frozenset[Mark]
    taken: int = 1
    guessed: bool = False

    @property
    def is_noun(self) -> bool:
        return Mark.BARE in self.marks


class _Opening(Struct, frozen=True):
    written: str
    state: str
    sense: Sense


def _openings() -> tuple[_Opening, ...]:
    nouns = [_Opening(letters(noun), "noun", sense) for sense, row in _NOUNS.items() for noun in row.split()]
    stems = [
        _Opening(form, shape, sense)
        for sense, row in _STEMS.items()
        for stem in row.split()
        for form, shape in shapes(stem)
    ]
    return tuple(sorted((*nouns, *stems), key=lambda opening: -len(opening.written)))


def _by_initial(openings: tuple[_Opening, ...]) -> dict[str, tuple[_Opening, ...]]:
    initials = {opening.written[0] for opening in openings}
    return {initial: tuple(each for each in openings if each.written[0] == initial) for initial in initials}


_OPENINGS: Final = _openings()
_BY_INITIAL: Final = _by_initial(_OPENINGS)
_NOUN_OPENINGS: Final = tuple(opening for opening in _OPENINGS if opening.state == "noun" and len(opening.written) >= 4)
ENGLISH: Final = frozenset(noun for row in _NOUNS.values() for noun in row.split() if noun.isascii())
_ENDING_LETTERS: Final = "ㅏㅐㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅠㅡㅣㄱㄴㄷㄹㅁㅂㅅㅆㅇㅈㅊㅎ"
_ENDING_LETTERS_MAX: Final = 14


def verb_in(word: str) -> tuple[Sense, frozenset[Mark]] | None:
    """What a word, with whatever was written together with it, is as a verb. All of it must fit."""
    spelt = letters(word)
    for opening in _BY_INITIAL.get(spelt[:1], ()):
        if spelt.startswith(opening.written) and (found := readings(spelt[len(opening.written) :], opening.state)):
            return opening.sense, found[0]
    return None


def guessed_verb(word: str) -> tuple[Sense, frozenset[Mark]] | None:
    """As `verb_in`, where one letter is wrong, in the noun or in what follows it. A noun alone is guessed, too."""
    spelt = letters(word)
    for opening in _NOUN_OPENINGS:
        length = len(opening.written)
        for cut in (length, length - 1, length + 1):
            if one_letter_apart(spelt[:cut], opening.written) and (found := readings(spelt[cut:], "noun")):
                return opening.sense, found[0]
    for opening in _BY_INITIAL.get(spelt[:1], ()):
        rest = spelt[len(opening.written) :]
        if spelt.startswith(opening.written) and len(opening.written) >= 4 and 3 <= len(rest) <= _ENDING_LETTERS_MAX:
            first = next((marks for changed in _changed(rest) for marks in readings(changed, opening.state)), None)
            if first is not None:
                return opening.sense, first
    return None


def verb_with_strange_ending(word: str) -> tuple[Sense, frozenset[Mark]] | None:
    """A word that begins like a verb by which something is done, whatever it goes on with."""
    spelt = letters(word)
    openings = (each for each in _NOUN_OPENINGS if each.sense in ACTIONS and spelt.startswith(each.written))
    found = next(openings, None)
    return None if found is None else (found.sense, frozenset({Mark.STRANGE}))


def _changed(rest: str) -> Iterator[str]:
    """With one letter that is another, missing, or too many."""
    for at in range(len(rest)):
        yield rest[:at] + rest[at + 1 :]
        for letter in _ENDING_LETTERS:
            if letter != rest[at]:
                yield rest[:at] + letter + rest[at + 1 :]
    for at in range(len(rest) + 1):
        yield from (rest[:at] + letter + rest[at:] for letter in _ENDING_LETTERS)
