"""What follows the stem of a verb, piece by piece: 해 + 주 + 시 + 겠 + 어요. A table of which piece may follow which."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from domain.chat.grammar.korean.jamo import letters
from domain.chat.grammar.korean.marks import Mark
from domain.chat.grammar.korean.stems import shapes

LETTERS_MAX: Final = 80
_ANYTHING_LETTERS_MAX: Final = 9
_CACHED_MAX: Final = 8192


# (what is written, what it means, what may follow)
Row = tuple[str, Mark | None, str]


def _after(stem: str, mark: Mark | None = None) -> tuple[Row, ...]:
    """An auxiliary verb in all its shapes."""
    return tuple((form, mark, shape) for form, shape in shapes(stem))


def _any(texts: str, mark: Mark | None, then: str = "tail") -> tuple[Row, ...]:
    return tuple((letters(text), mark, then) for text in texts.split())


def _with(particles: str, stem: str, mark: Mark | None = None) -> tuple[Row, ...]:
    """An auxiliary verb behind a noun, with a particle of these or with none."""
    return tuple(
        (letters(particle) + form, mark, shape) for particle in ("", *particles.split()) for form, shape in shapes(stem)
    )


_DONE: Final = "done"
_ROWS: Final[Mapping[str, tuple[Row, ...]]] = {
    "plain": (
        *_any("고 구", Mark.AND, "go"),
        *_any("지", None, "ji"),
        *_any("자 자고 자구 거라 소", Mark.COMMAND),
        *_any("는", None, "neun"),
        *_any("기", None, "gi"),
        *_any("냐 니 나 느냐 냐고", Mark.ASKED),
        *_any("네 는다 는군 는구나 다 습니다 거든", Mark.STATED),
        *_any("습니까", Mark.ASKED),
        *_any("겠", Mark.PROMISE, "past"),
        *_any("도록 게끔", Mark.COMMAND, "dorok"),
        *_any("게", Mark.COMMAND, "dorok"),
        *_any("거나 든지 다가 자마자 되", Mark.AND),
        *_any("던", Mark.RELATIVE, "rel"),
        *_any("죠 쥬 죵", Mark.INCLINED),
    ),
    "open": (
        *_any("면 믄", Mark.CONDITION, "myeon"),
        *_any("려면 ㄹ려면 ㄹ라면", Mark.HOW),
        *_any("려고 려구 려 ㄹ려고 ㄹ라고", Mark.WISH, "ryeo"),
        *_any("니까 니깐 며 면서 므로 나", Mark.AND),
        *_any("ㄹ까 ㄹ지", Mark.DELIBERATION, "kka"),
        *_any("ㄹ래", Mark.INCLINED),
        *_any("ㄹ게 ㄹ께", Mark.PROMISE),
        *_any("ㄹ수 ㄹ줄", None, "su"),
        *_any("ㄹ거 ㄹ것 ㄹ꺼 ㄹ건 ㄹ껀", Mark.PROMISE, "geo"),
        *_any("ㄹ예정 ㄹ계획 ㄹ생각 ㄹ마음 ㄹ의향", Mark.PROMISE, "plan"),
        *_any("ㄹ필요 ㄹ이유", Mark.DELIBERATION, "need"),
        *_any("ㄹ만 ㄹ가치", Mark.DELIBERATION, "geo"),
        *_any("려다 려다가 ㄹ려다", Mark.AND, "drop"),
        *_any("래 라던데 라는데 래서", Mark.STATED),
        *_any("라고 라구", Mark.COMMAND, "told"),
        *_any("ㄹ때 ㄴ다음 ㄴ다음에 ㄴ후 ㄴ후에 ㄴ뒤 ㄴ뒤에 ㄴ담에", Mark.AND),
        *_any("ㄹ", Mark.RELATIVE, "rel"),
        *_any("ㄴ", Mark.RELATIVE, "rel"),
        *_any("ㄴ적 ㄴ일", Mark.PAST, "ever"),
        *_any("ㄴ다 ㄴ다고 ㄴ대 ㄴ걸 ㅂ니다 ㅂ니당 ㄴ단다", Mark.STATED),
        *_any("ㄴ데", Mark.AND),
        *_any("ㄴ지 ㄴ가 ㄴ건가 ㄴ건지", Mark.EMBEDDED),
        *_any("ㅂ니까 ㄴ감", Mark.ASKED),
        *_any("ㅂ시다 ㅂ시당 렴 려무나 구려 라 세 삼 셈 슈 십시다", Mark.COMMAND),
        *_any("세요 세여 세용 셔요 셔여 세욤 십시오 십시요 십쇼 시오 시죠 시지요 소서 시게 시구려", Mark.COMMAND),
        *_after("시"),
        *_any("ㅁ", Mark.STATED),
    ),
    "full": (
        *_any("라 라고 라구 달라 달라고 다오 다고", Mark.COMMAND),
        *_any("서", None, "seo"),
        *_any("도", None, "do"),
        *_any("야 야지 야죠 야징", Mark.DUTY, "ya"),
        *_any("야겠", Mark.DUTY, "past"),
        *_any("ㅆ", Mark.PAST, "past"),
        *_after("주", Mark.REQUEST),
        *_any("죠 조 쥬 줭 죵 죠잉 줘잉", Mark.REQUEST),
        *_any("쥬", Mark.REQUEST, "open"),
        *_after("드리", Mark.OFFER),
        *_after("보"),
        *_any("봐", None, "full"),
        *_after("놓"),
        *_any("놔", None, "full"),
        *_after("두"),
        *_after("버리"),
        *_after("내"),
        *_after("가"),
        *_after("지", Mark.PASSIVE),
        *_after("있", Mark.LASTING),
        ("", Mark.PLAIN, "tail"),
    ),
    "past": (
        *_any("어", Mark.PLAIN, "tail"),
        *_any("는지 을까 는가 는지도 는지를 는질 나 을지", Mark.EMBEDDED),
        *_any("냐 니 습니까 슴까 지 죠 게 남 을란가", Mark.ASKED),
        *_any("습니다 슴다 네 다 음 는데 거든 잖아 대 다고 다는데 군 구나 단다 더라", Mark.STATED),
        *_any("고 으니 으니까 다가 으며", Mark.AND),
        *_any("으면", Mark.CONDITION, "myeon"),
        *_any("어야", Mark.DUTY, "ya"),
        *_any("던 는 을", Mark.RELATIVE, "rel"),
    ),
    "ji": (
        *_any("는 도 를 좀 만 ㄴ ㄹ 들", None, "not"),
        ("", None, "not"),
        ("", Mark.INCLINED, "tail"),
    ),
    "not": (
        *_after("말", Mark.NEGATED),
        *_any("마", Mark.NEGATED, "full"),
        *_after("않", Mark.NEGATED),
        *_any("안", Mark.NEGATED, "plain"),
        *_any("안아 안어 않어", Mark.NEGATED, "full"),
        *_after("못하", Mark.NEGATED),
        *_any("노노 ㄴㄴ ㄴ", Mark.NEGATED),
        # Whatever else is said: 하지 말라니까, 하지 말길.
        *_any("마 말 않 못", Mark.NEGATED, "anything"),
    ),
    "go": (
        *_after("싶", Mark.WISH),
        *_any("파", Mark.WISH, "full"),
        *_after("있", Mark.LASTING),
        *_any("나서 나면 나선 서 는", Mark.AND),
        ("", None, "tail"),
    ),
    "neun": (
        *_any("지 지도 지를 지만 가", Mark.EMBEDDED),
        *_any("데", Mark.AND),
        *_any("중", Mark.LASTING, "geo"),
        *_any("법 방법 방식 절차", Mark.HOW, "geo"),
        *_any("걸로 쪽으로 것으로", Mark.COMMAND, "dorok"),
        ("", Mark.RELATIVE, "rel"),
    ),
    "gi": (
        *_any("를 만 ㄹ", None, "hope"),
        ("", None, "hope"),
        *_any("전에 전 로 때문에", Mark.AND),
        ("", Mark.BARE, "tail"),
    ),
    "hope": (
        *_after("싫", Mark.NEGATED),
        *_after("바라", Mark.COMMAND),
        *_any("바래 바람", Mark.COMMAND),
        *_any("부탁", Mark.COMMAND, "asking"),
        *_after("원하", Mark.WISH),
        *_after("희망하", Mark.WISH),
    ),
    "asking": (
        *_after("하"),
        *_after("되"),
        *_after("드리"),
        *_any("좀 드려 이에 이예 입니다", None),
        ("", None, "tail"),
    ),
    "myeon": (
        *_after("안되", Mark.PROHIBITED),
        *_any("안되겠", Mark.PROHIBITED, "past"),
        *_after("되", Mark.ALLOWED),
        *_after("괜찮", Mark.ALLOWED),
        *_after("좋", Mark.WISH),
        *_after("고맙", Mark.WISH),
        *_any("고마워 고마우 고맙겠", Mark.WISH, "past"),
        *_after("감사하", Mark.WISH),
        *_after("하", Mark.WISH),
        *_after("싶", Mark.WISH),
        *_any("어때 어떨까 어떤가 어떨지 어떠니 어떨가", Mark.DELIBERATION),
        ("", None, "tail"),
    ),
    "seo": (*_with("는 ㄴ", "안되", Mark.PROHIBITED), ("", Mark.AND, "tail")),
    "do": (
        *_after("되", Mark.ALLOWED),
        *_after("괜찮", Mark.ALLOWED),
        *_after("좋", Mark.ALLOWED),
        *_after("상관없", Mark.ALLOWED),
        *_after("문제없", Mark.ALLOWED),
        *_after("안전하", Mark.ALLOWED),
        ("", Mark.AND, "tail"),
    ),
    "ya": (*_after("되"), *_after("하"), *_any("만되 만하", None, "past"), ("", None, "tail")),
    "kka": (*_after("하"), *_after("싶"), *_any("말까 말지", None), *_any("도", None), ("", None, "tail")),
    "su": (
        *_with("가 는 도 만 ㄴ", "있", Mark.ABLE),
        *_with("가 는 도 만 ㄴ", "없", Mark.UNABLE),
        *_with("가 는 도 만 ㄴ", "알", Mark.ABLE),
    ),
    "geo": (
        *_any("가 이 는 은 도 를 을 에", None, "geo-verb"),
        *_any("를 을 만 도 은 는 들 들을 들만 들도", None),
        ("", None, "geo-verb"),
        *_any("야 예요 에요 이야 이에요 이예요 임 입니다 니 냐 지 죠 이지 이죠", Mark.COPULA),
        *_any("인", Mark.RELATIVE, "rel"),
        *_any("입니까 인가 ㄴ가 인지 ㄴ지 이니 이냐 인가요", Mark.COPULA),
        ("", None, "tail"),
    ),
    "geo-verb": (
        *_after("맞", Mark.COPULA),
        *_after("같", Mark.STATED),
        *_after("좋", Mark.DELIBERATION),
        *_after("낫", Mark.DELIBERATION),
        *_any("나을", Mark.DELIBERATION, "past"),
        *_any("나을까 나은가 나을지 어때 어떨까 어떤가 어떨지 어떠니", Mark.DELIBERATION),
    ),
    "need": (
        *_with("가 는 도", "있"),
        *_with("가 는 도", "없", Mark.NEGATED),
        *_any("가 는 도", None),
        ("", None, "tail"),
    ),
    "plan": (*_with("이 은 도", "없", Mark.NEGATED), *_with("이 은 도", "있"), ("", None, "geo")),
    "ever": (*_with("이 은 도", "있"), *_with("이 은 도", "없")),
    "drop": (*_after("말", Mark.NEGATED), ("", None, "tail")),
    "told": (*_after("하"), ("", None, "tail")),
    "rel": (*_any("거 것 건 게", None, "geo"), *_any("중", Mark.LASTING, "geo"), ("", None, "tail")),
    "ryeo": (*_after("하", Mark.WISH), *_any("는데 는", Mark.WISH), ("", None, "tail")),
    "dorok": (*_after("하"), *_after("부탁하"), ("", None, "tail")),
    # After a noun that becomes a verb by 하다: 설치, 롤백, install.
    "noun": (
        *_any("를 을 은 는 도 만 가 이 좀 ㄹ", None, "light"),
        ("", None, "light"),
        *_any("요", Mark.COMMAND),
        *_any("를 을 은 는 도 만 가 이", Mark.BARE),
        ("", Mark.BARE, "tail"),
    ),
    "light": (
        *_after("하"),
        *_after("시키"),
        *_after("되", Mark.PASSIVE),
        *_any("됬", Mark.PAST, "past"),
        *_any("안", Mark.UNDONE, "undone"),
        *_any("안 못", Mark.NEGATED, "unlight"),
        *_after("주", Mark.REQUEST),
        *_any("부탁 요청 요망", Mark.COMMAND, "asking"),
        *_after("바라", Mark.COMMAND),
        *_any("바래", Mark.COMMAND),
        *_after("원하", Mark.WISH),
        *_after("희망하", Mark.WISH),
        *_after("필요하", Mark.WISH),
        *_any("필요", Mark.WISH),
        *_after("가능하", Mark.ABLE),
        *_any("가능", Mark.ABLE),
        *_any("금지 생략 보류 스킵 패스 불필요 사절 불가 반대 거부", Mark.NEGATED, "asking"),
        *_any("ㄴㄴ 노노 노 말 엑스", Mark.NEGATED),
        *_after("싫", Mark.NEGATED),
        *_any("필요", None, "need"),
        *_after("말", Mark.NEGATED),
        *_any("말고 마 마라", Mark.NEGATED),
        *_after("진행하"),
        *_any("진행중", Mark.LASTING, "geo"),
        *_any("진행", Mark.COMMAND, "asking"),
        *_after("시작하"),
        *_any("시작 고 고고 고고고 고고씽 ㄱㄱ ㄱㄱㄱ ㄱ 가자 갑시다 가즈아 플리즈 플리스 제발 좀", Mark.COMMAND),
        *_any("중", Mark.LASTING, "geo"),
        *_any("여부", Mark.EMBEDDED),
        *_any("법 방법", Mark.HOW, "geo"),
    ),
    "undone": (*_after("되", Mark.PASSIVE), *_any("됬", Mark.PAST, "past")),
    "unlight": (*_after("하"), *_after("시키")),
    "tail": (*_any("요 여 용 염 욤 유 염 여요 잉 요잉", None, _DONE), ("", None, _DONE)),
}


@lru_cache(maxsize=_CACHED_MAX)
def readings(rest: str, state: str) -> tuple[frozenset[Mark], ...]:
    """What the rest of a verb, in letters, can mean after a piece of this kind; nothing if no pieces make it up."""
    if len(rest) > LETTERS_MAX:
        return ()
    return tuple(dict.fromkeys(_readings(rest, state)))


def _readings(rest: str, state: str) -> Iterator[frozenset[Mark]]:
    if state == _DONE:
        if not rest:
            yield frozenset()
        return
    if state == "anything":
        if len(rest) <= _ANYTHING_LETTERS_MAX:
            yield frozenset()
        return
    for written, mark, then in _ROWS[state]:
        if rest.startswith(written) and (written or then != state):
            for marks in readings(rest[len(written) :], then):
                yield marks | {mark} if mark else marks
