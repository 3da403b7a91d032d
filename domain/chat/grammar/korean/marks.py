"""What the pieces behind the stem of a verb add to its meaning."""

from enum import StrEnum


class Mark(StrEnum):
    ABLE = "able"  # 할 수 있다
    ALLOWED = "allowed"  # 하면 되다, 해도 되다
    AND = "and"  # 하고, 해서
    ASKED = "asked"  # 합니까, 하나요
    BARE = "bare"  # a noun without any verb: 설치
    COMMAND = "command"  # 해라, 하세요, 합시다, 부탁
    CONDITION = "condition"  # 하면
    COPULA = "copula"  # 한 거야
    DELIBERATION = "deliberation"  # 할까
    DUTY = "duty"  # 해야
    EMBEDDED = "embedded"  # 했는지
    HOW = "how"  # 하려면, 하는 법
    INCLINED = "inclined"  # 할래
    LASTING = "lasting"  # 해 있다, 하는 중
    NEGATED = "negated"  # 하지 마, 안 하다
    OFFER = "offer"  # 해 드리다
    PASSIVE = "passive"  # 되다
    PAST = "past"  # 했
    PLAIN = "plain"  # 해, 해요
    PROHIBITED = "prohibited"  # 하면 안 되다
    PROMISE = "promise"  # 할게, 하겠
    RELATIVE = "relative"  # 한, 하는
    REQUEST = "request"  # 해 주다
    STATED = "stated"  # 합니다, 한다
    STRANGE = "strange"  # an ending that nobody knows
    UNABLE = "unable"  # 할 수 없다
    UNDONE = "undone"  # 안 되다
    WISH = "wish"  # 하고 싶다
