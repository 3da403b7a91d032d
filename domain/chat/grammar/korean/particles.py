"""What hangs on to a noun in Korean and gives it its place in the sentence: 를, 에, 에서, 로, 랑, 빼고."""

from enum import StrEnum
from functools import lru_cache
from typing import Final


class Role(StrEnum):
    """`joined`: the next noun has the same place. `named`: what stands before is what the next noun is called. `topic` says
    nothing about the place.
    """

    NONE = "none"
    OBJECT = "object"
    PLACE = "place"
    FROM = "from"
    TOWARD = "toward"
    JOINED = "joined"
    OR = "or"
    TOPIC = "topic"
    NAMED = "named"
    EXCEPTED = "excepted"


_WRITTEN: Final = {
    Role.OBJECT: "을 를",
    Role.PLACE: "에 에다 에다가 에게 에게다 한테 한테다 한테다가 께 쪽에 쪽으로 쪽에다 쪽에다가 상에 안에 내에 위에",
    Role.FROM: "에서 에서부터 한테서 에게서 로부터 으로부터 쪽에서 상에서 안에서",
    Role.TOWARD: "로 으로 로다 로다가 으로다가 걸로 거로 것으로 꺼로",
    Role.JOINED: "와 과 랑 이랑 하고 하구 이하고 및 이며 이고",
    Role.OR: "나 이나 든 이든 든지 이든지 이거나",
    Role.TOPIC: "이 가 은 는 의 도 만 까지 까지도 부터 마저 조차 요 이요 라도 이라도 만큼 씩 들 들을 들이 들은 님 야 아 이야 예요 이에요 입니다 인데 것 거 꺼 건 거를 것을 걸 게 것만 거만",
    Role.NAMED: "라는 이라는 란 이란 라고 이라고 라는거 이라는거 라고하는 이라고하는",
    Role.EXCEPTED: "빼고 빼고는 빼구 빼곤 뺀 말고 말구 말고는 제외 제외하고 제외하고는 제외한 제외해서 외 외에 외에는 외엔 이외 이외에 이외의 외의 아니고 아니라 이아니라 가아니라 제하고 제한 빼놓고 대신 대신에",
}
# May follow any place and change nothing.
_ADDED: Final = ("만", "도", "는", "ㄴ", "까지", "까지도", "만이라도", "라도", "다가만", "요", "만요", "로만")
PLACES: Final = frozenset({Role.PLACE, Role.FROM, Role.TOWARD})
_BEFORE_EXCEPTED: Final = (
    "만",
    "은",
    "는",
    "을",
    "를",
    "에만",
    "에는",
    "에",
    "에서만",
    "에서는",
    "에서",
    "로",
    "이",
    "가",
    "도",
)
_CONTRACTED: Final = {"엔": Role.PLACE, "에선": Role.FROM, "으론": Role.TOWARD, "론": Role.TOWARD, "한텐": Role.PLACE}


def _all() -> dict[str, Role]:
    found = {written: role for role, row in _WRITTEN.items() for written in row.split()}
    for written, role in tuple(found.items()):
        if role in PLACES:
            found |= {written + added: role for added in _ADDED}
            # 에서만 빼고 leaves out, where 에서 빼고 takes away.
            found[written + "만"] = Role.PLACE if role is Role.FROM else role
        if role is Role.EXCEPTED:
            found |= {before + written: role for before in _BEFORE_EXCEPTED}
        if role is Role.JOINED:
            found |= {place + written: role for place in ("에", "에다", "에서")}
    return found | _CONTRACTED


PARTICLES: Final = _all()
_LONGEST: Final = max(len(particle) for particle in PARTICLES)


def role_of(tail: str) -> Role | None:
    """Of all that hangs on to a noun in another script; None if it is no particle."""
    return PARTICLES.get(tail) if tail else Role.NONE


@lru_cache(maxsize=1024)
def bare(word: str) -> tuple[tuple[str, Role], ...]:
    """The ways to cut a word of Hangul letters into a noun and a particle, the longest particle first, and last the whole word."""
    cuts = range(max(1, len(word) - _LONGEST), len(word))
    found = [(word[:cut], PARTICLES[word[cut:]]) for cut in cuts if word[cut:] in PARTICLES]
    return (*found, (word, Role.NONE))
