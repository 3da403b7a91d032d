"""Korean words that are neither names nor verbs, and the few English ones that stand among them."""

from enum import StrEnum
from typing import Final


class Word(StrEnum):
    SKILL = "skill"
    PROVIDER = "provider"
    PLACE = "place"  # 곳
    RUN = "run"
    HISTORY = "history"
    LIST = "list"
    STATUS = "status"
    VERSION = "version"
    BEFORE = "before"  # 이전 버전
    THING = "thing"  # 거, 것
    PERSON = "person"
    WHO = "who"
    WHEN = "when"
    WHAT = "what"
    WHERE = "where"
    WHY = "why"
    HOW = "how"
    EVERY = "every"
    REST = "rest"
    EACH = "each"
    BOTH = "both"  # 둘
    LAST = "last"
    RECENT = "recent"
    THAT = "that"  # 그거
    MINE = "mine"
    FAILED = "failed"
    PARTIAL = "partial"
    SUCCEEDED = "succeeded"
    RUNNING = "running"
    QUEUED = "queued"
    AGAIN = "again"
    ENOUGH = "enough"  # 그만
    NEVER = "never"
    NOT = "not"
    HELP = "help"
    AND = "and"
    OR = "or"
    EXCEPT = "except"
    EXCEPT_NEXT = "except_next"  # except, without
    PLACE_NEXT = "place_next"  # on, to, from
    CONNECTED = "connected"  # 연결
    EVERYWHERE = "everywhere"
    TIME = "time"  # a time that is not now
    FILLER = "filler"


_WRITTEN: Final = {
    Word.SKILL: "스킬 스킬들 스킬즈 기술 skill skills",
    Word.PROVIDER: "프로바이더 프로바이더들 프로바이저 공급자 공급자들 제공자 제공자들 제공사 공급사 벤더 벤더들 커넥션 커넥션들 커넥터 플랫폼 provider providers connection connections",
    Word.CONNECTED: "연결 연결들 계정 쪽 측 워크스페이스 접속 인증 인증키 키 api키 자격증명",
    Word.PLACE: "곳 군데 데 곳들",
    Word.RUN: "실행 실행건 작업 작업들 런 잡 태스크 run runs job jobs task tasks 실행들 설치건",
    Word.HISTORY: "기록 이력 내역 히스토리 로그 history log",
    Word.LIST: "목록 리스트 일람 list 명단 종류",
    Word.STATUS: "상태 상황 현황 진행상황 진행상태 설치상태 설치현황 진행 진행도 진행률 진척 진척도 진척상황 경과 결과 스테이터스 status 근황 여부 progress 진행중인지 성공여부 설치여부 어디까지 어디까지야 어디까지인지",
    Word.VERSION: "버전 버젼 버전들 version ver 라벨 태그 릴리스 릴리즈 리비전",
    Word.BEFORE: "이전 예전 옛날 원래 직전버전 이전버전 구버전 기존",
    Word.THING: "거 것 게 걸 건 꺼 것들 거들 애 애들 놈 놈들",
    Word.PERSON: "사람 분 담당자 작업자 놈이 장본인",
    Word.WHO: "누가 누구 누군지 누구인지 누군가요 누구야 누구예요 누구에요 누구인가요 누구니 누구냐 누구지 누구죠 누구임 누구였어 누구였지 누구입니까 누군데 who",
    Word.WHEN: "언제 언제쯤 언제야 언제지 언제인지 언젠지",
    Word.WHAT: "뭐라고 뭐라 뭐라구 뭐 뭐가 뭐야 뭐예요 뭐에요 뭐지 뭐뭐 뭐뭐가 무엇 무엇이 무엇을 뭘 뭔가 뭔지 뭐를 무슨 어떤 어떤게 어떤거 어느 몇 몇개 몇개야 몇개나 몇개가 얼마나 머 머가 뭣 모가 what which 뭐죠 뭔데 무엇인지 무엇인가요 뭐임 뭐니 뭐냐",
    Word.WHERE: "어디 어디어디 어디야 어디지 어디인지 어딘지 어디냐 어디예요 어따",
    Word.WHY: "왜 이유 이유가 원인 까닭 어째서 왜때문에 why 웨 문제 무슨일 웬일",
    Word.HOW: "어떻게 어떡해 어떡하지 어떻해 어케 어뜨케 어찌 어때 어때요 어떤가 어떤가요 어떠니 어떻니 어떻습니까 어떤지 어떰 어떠냐 어떻지 how",
    Word.EVERY: "전부 전부다 모두 모두다 다 모든 전체 전체적으로 싹 싹다 싸그리 죄다 몽땅 모조리 일괄 일괄로 일괄적으로 전원 온갖 각 all every everything 모두모두 다들 통째로 전체다 죄다다 전",
    Word.EVERYWHERE: "everywhere 모든곳 모든데 어디든 곳곳 여기저기",
    Word.TIME: "전에 그전에 다음에 다음번 다음번에 담에 차후 차후에 추후 추후에 나중 나중에 내일 모레 글피 이따 이따가 이따금 어제 그저께 그제 오전 오후 저녁 아침 점심 밤 새벽 자정 정오 매일 매주 매달 매번 항상 주말 평일 월요일 화요일 수요일 목요일 금요일 토요일 일요일 다음주 이번주 지난주 later tomorrow tonight",
    Word.REST: "나머지 나머지는 그외 기타",
    Word.EACH: "각각 각자 따로따로 respectively",
    Word.BOTH: "둘 셋 넷 다섯 두 세 네곳 둘다 셋다 넷다 두곳 세곳 양쪽 두개 세개 두군데 세군데 both",
    Word.LAST: "마지막 방금 방금전 아까 아까전 가장최근 가장 제일 직전 좀전 조금전 금방 막 저번 지난 지난번 last latest_run",
    Word.RECENT: "최근 최근의 요즘 recent",
    Word.NEVER: "절대 절대로 결코",
    Word.THAT: "그거 그것 그 이 이런 그런 저런 요 이거 이것 저거 그게 그건 그걸 이게 이건 이걸 요거 고거 그놈 걔 이번거 it this that",
    Word.MINE: "내 내가 나 나의 제 제가 저 저의 우리 저희 우리가 my i me we our us",
    Word.FAILED: "실패 실패건 에러 오류 에러난 오류난 실패작 failed 실패분 실패한거 실패한것",
    Word.PARTIAL: "부분 일부 부분적으로 부분실패 일부실패 일부만",
    Word.SUCCEEDED: "성공 성공건 succeeded",
    Word.RUNNING: "진행중 진행중인 실행중 실행중인 도는 돌고있는 돌아가는 작동중 작동중인 running 설치중 설치중인",
    Word.QUEUED: "대기 대기중 대기중인 대기열 큐 예약된 밀린 queued",
    Word.AGAIN: "다시 다시한번 재차 또 또다시 한번더 다시금 again 한번 더",
    Word.ENOUGH: "그만 고만 스탑 스톱",
    Word.NOT: "don't dont not never no nope cannot can't cant won't wont n't ㄴㄴ 노노 금물 안 못 금지 보류 생략",
    Word.HELP: "도움말 도움 헬프 help 사용법 사용방법 명령어 매뉴얼 설명서 가이드 할줄아는거 기능 도우미 명령",
    Word.AND: "그리고 및 와 과 랑 이랑 또한 and plus 하고 하구",
    Word.OR: "또는 혹은 아니면 or 내지",
    Word.EXCEPT: "빼고 빼고는 빼고선 빼구 빼곤 뺀 제외 제외하고 제외하고는 제외하면 제외한 제외해서 제외시키고 말고 말구 말고는 외 외에 외에는 외엔 이외 이외에 이외의 외의 아니고 아니라 제하고 대신 대신에",
    Word.EXCEPT_NEXT: "except excluding without but",
    Word.PLACE_NEXT: "on to at in from onto into",
}
# They change nothing of what is meant.
_FILLERS: Final = """
좀 쫌 제발 부디 혹시 혹시나 그럼 그러면 그냥 일단 우선 먼저 이제 지금 지금은 지금당장 당장 바로 곧 곧바로 빨리 얼른 어서 속히 즉시 신속히 신속하게 한번 하나 한번만 하나만 꼭 반드시
확실히 확실하게 안전하게 깔끔하게 깨끗하게 깨끗이 조용히 천천히 잘 제대로 정상적으로 성공적으로 무사히 이미 벌써 아직 아직도 새로 안녕 안녕하세요 안뇽 하이 헤이 야 얘 저기 저기요 자 음 어 아 오 네 넵 예 응 웅 오케이 오키
근데 그런데 암튼 아무튼 어쨌든 진짜 진짜로 정말 정말로 솔직히 사실 오늘 이번 이번에 이번엔 같이 함께 동시에 한꺼번에 한번에 추가로 따로 별도로 직접 아무것도 아무데도 누구도
고마워 고마워요 고맙습니다 고맙다 감사 감사해 감사해요 감사합니다 감사드립니다 땡큐 수고 수고해 수고해요 수고하세요 수고하십니다 수고많으십니다 웨이빌 봇 챗봇 님 선생님 형 여러분
수 때 후 다음 뒤 뒤에 후에 중 중에 이름 상 번 개 가지 정도 쯤 대해 대해서 대한 관련 관련해서 관해 관해서 관한 위해 위해서 앞으로 계속 더 너 너가 네가 넌 니가 당신 현재 현재까지 여태 지금까지 여기 여기에 여기서 거기 알아서 자세히 상세히 자세하게 상세하게 간단히 간단하게 원래대로 그대로 완전히 완전하게 단 다만
ok okay hey hi hello yo pls plz please thanks thx thank you the a an now asap just of for waybill bot is are be can could would do does did will have has been me so then 플리즈 플리스 ㄱㄱ ㄱ ㄱㄱㄱ 고고 고고고 고고씽 가즈아 ㅇㅇ ㅇㅋ ㄳ ㄱㅅ ㅈㅂ ㅇㅁ
"""


def _all() -> dict[str, Word]:
    found = {written: word for word, row in _WRITTEN.items() for written in row.split()}
    return dict.fromkeys(_FILLERS.split(), Word.FILLER) | found


WORDS: Final = _all()
