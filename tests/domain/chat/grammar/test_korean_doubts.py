from typing import Final

import pytest

from domain.chat.said import Said
from tests.domain.chat.grammar.korean_said import hear, said

ASKED_FIRST: Final[tuple[tuple[str, Said], ...]] = (
    (
        "openai랑 claude만 빼고 kbo-results 설치해줘",
        said("install", providers="-openai -claude", either="kbo-results", unsure="openai claude"),
    ),
    ("둘 다에 설치해줘", said("install", unsure="둘")),
    ("어제 설치한 거 전부 지워줘", said("uninstall", either="*", unsure="어제")),
    ("내가 설치한 거 다 지워줘", said("uninstall", either="*", unsure="내가")),
    ("내 실행 전부 취소해줘", said("cancel", runs="*", unsure="내")),
    ("openai에 설치해 주실래요? kbo-results", said("install", providers="openai", either="kbo-results", polite=True)),
    (
        "openai에 kbo-results 설치해 주실 수 있을까요?",
        said("install", providers="openai", either="kbo-results", polite=True),
    ),
    ("openai에 kbo-results 설치 가능할까요?", said("install", providers="openai", either="kbo-results", polite=True)),
    (
        "openai에 kbo-results 설치해주면 안 돼요?",
        said("install", providers="openai", either="kbo-results", polite=True),
    ),
    (
        "openai에 kbo-results 설치해주시면 감사하겠습니다",
        said("install", providers="openai", either="kbo-results", polite=True),
    ),
    ("openai에 kbo-results 설치해줬으면 해요", said("install", providers="openai", either="kbo-results", polite=True)),
    (
        "openai에 kbo-results 설치했으면 좋겠습니다",
        said("install", providers="openai", either="kbo-results", polite=True),
    ),
    ("openai에 kbo-results 설치해야 해", said("install", providers="openai", either="kbo-results", polite=True)),
    ("openai에 kbo-results 설치가 필요합니다", said("install", providers="openai", either="kbo-results", polite=True)),
    ("openai에 kbo-results 설치하려고요", said("install", providers="openai", either="kbo-results", polite=True)),
    ("openai에 kbo-results 설치해줘?", said("install", providers="openai", either="kbo-results", polite=True)),
    ("openai에 kbo-results 설치합니다", said("install", providers="openai", either="kbo-results", unsure="설치합니다")),
    ("openai에 kbo-results 설치한다", said("install", providers="openai", either="kbo-results", unsure="설치한다")),
    ("openai에 kbo-results 설치할게요", said("install", providers="openai", either="kbo-results", unsure="설치할게요")),
    (
        "openai에 kbo-results 설치하겠습니다",
        said("install", providers="openai", either="kbo-results", unsure="설치하겠습니다"),
    ),
    ("openai에 kbo-results 설치 원해요", said("install", providers="openai", either="kbo-results", polite=True)),
    ("openai에 kbo-results 설치할 수 있을까?", said("install", providers="openai", either="kbo-results", polite=True)),
    ("openai에 kbo-results 설치혜줘", said("install", providers="openai", either="kbo-results", unsure="설치혜줘")),
    ("openai에 kbo-results 셜치해줘", said("install", providers="openai", either="kbo-results", unsure="셜치해줘")),
    (
        "openai에 kbo-results 설치해주새요",
        said("install", providers="openai", either="kbo-results", unsure="설치해주새요"),
    ),
    ("openai에 kbo-results 설칮해줘", said("install", providers="openai", either="kbo-results", unsure="설칮해줘")),
    ("openai에 kbo-results 설티해줘", said("install", providers="openai", either="kbo-results", unsure="설티해줘")),
    ("openai에서 kbo-results 삭재해줘", said("uninstall", providers="openai", either="kbo-results", unsure="삭재해줘")),
    ("openai에서 kbo-results 재거해줘", said("uninstall", providers="openai", either="kbo-results", unsure="재거해줘")),
    ("kbo-results 롤맥해줘", said("rollback", either="kbo-results", unsure="롤맥해줘")),
    ("재시또해줘", said("retry", unsure="재시또해줘")),
    ("pdf 이전 버전 openai에 설치", said("install", providers="openai", either="pdf", unsure="이전")),
    ("pdf 예전 버전으로 openai에 설치", said("install", providers="openai", either="pdf", unsure="예전")),
    ("openai에 pdf 설치는 다음에", said("install", providers="openai", either="pdf", unsure="다음에")),
    ("pdf 설치 필요해", said("install", either="pdf", polite=True)),
    ("openai에 pdf 설치해줄 수 없을까요?", said("install", providers="openai", either="pdf", polite=True)),
    ("openai에 pdf 설치해 두고", said("install", providers="openai", either="pdf", unsure="설치해두고")),
    ("pdf는 두고 docx는 지워", said("uninstall", either="docx -pdf", unsure="pdf")),
    ("openai에 pdf 설치하걸랑", said("install", providers="openai", either="pdf", unsure="설치하걸랑")),
    ("0198f2aa 실행 취소해 줄래?", said("cancel", runs="0198f2aa", polite=True)),
    ("kbo-results 새 버전 openai에 설치", said("install", providers="openai", either="kbo-results", unsure="새")),
    (
        "혹시 kbo-results 설치해 줄 수 있나요? openai에요",
        said("install", providers="openai", either="kbo-results", polite=True),
    ),
    ("kbo-results 설치해줘야 돼", said("install", either="kbo-results", polite=True)),
    (
        "kbo-results openai에 설치 부탁드려도 될까요?",
        said("install", providers="openai", either="kbo-results", polite=True),
    ),
    ("kbo-results openai에 설치하면 돼", said("install", providers="openai", either="kbo-results", polite=True)),
    ("kbo-results openai에 설치해주겠니", said("install", providers="openai", either="kbo-results", polite=True)),
    ("kbo-results openai에 설치해줄래", said("install", providers="openai", either="kbo-results", polite=True)),
    ("kbo-results openai에 설치해줄거지?", said("install", providers="openai", either="kbo-results", polite=True)),
    ("kbo-results openai에 설치돼야 해", said("install", providers="openai", either="kbo-results", polite=True)),
    ("kbo-results 스킬 gemini에서 지워도 돼", said("uninstall", skills="kbo-results", providers="gemini", polite=True)),
    (
        "openai에 kbo-results 설치하고 claude에도",
        said("install", providers="openai claude", either="kbo-results", unsure="설치하고"),
    ),
    ("세 곳 모두에 kbo-results 설치해줘", said("install", providers="*", either="kbo-results", unsure="세")),
    ("실행 아이디 0198f2aa 롤백", said("rollback", runs="0198f2aa", unsure="아이디")),
    ("0198f2aa 되돌리고 싶어", said("rollback", runs="0198f2aa", polite=True)),
    ("0198f2aa 되돌릴 수 있어?", said("rollback", runs="0198f2aa", polite=True)),
    ("롤백 가능해?", said("rollback", polite=True)),
    ("제외 docx 챗지피티에 추가해줘", said("install", providers="gpt", either="docx", unsure="제외")),
    ("빼고 pdf 앤트로픽에 설치해줘", said("install", providers="anthropic", either="pdf", unsure="빼고")),
    ("pdf 모든 말고 곳에 설치해줘", said("install", either="pdf *", unsure="말고")),
    ("docx openai에 왜 배포해줘", said("install", providers="openai", either="docx", unsure="왜")),
    ("docx openai에 언제 배포해줘", said("install", providers="openai", either="docx", unsure="언제")),
    ("docx 어디 openai에 배포해줘", said("install", providers="openai", either="docx", unsure="어디")),
    ("절대 openai에 docx 설치해줘", said("install", providers="openai", either="docx", unsure="절대")),
    ("openai에 pdf 배포해줘 실패", said("install", providers="openai", either="pdf", unsure="실패")),
    ("중지 실행 0198a7c2 재시도해줘", said("retry", runs="0198a7c2", unsure="중지")),
    ("openai에 pdf 배포해줘 완료", said("install", providers="openai", either="pdf", unsure="완료")),
    ("방금 openai에 pdf 설치해줘", said("install", providers="openai", either="pdf", unsure="방금")),
    ("openai에 됐어 pdf 설치해줘", said("install", providers="openai", either="pdf", polite=True)),
    ("후건 pdf openai에 설치해줘", said("install", providers="openai", either="pdf", unsure="후건")),
    ("음전도 pdf openai에 설치해줘", said("install", providers="openai", either="pdf", unsure="음전도")),
    ("거아 pdf openai에 설치해줘", said("install", providers="openai", either="pdf", unsure="거아")),
    ("openai에 pdf 설치하세요?", said("install", providers="openai", either="pdf", polite=True)),
    ("성공한 스킬 전부 openai에 설치해줘", said("install", skills="*", providers="openai", unsure="성공한")),
    (
        "kbo-results 말고 openai에 설치해줘",
        said("install", providers="openai", either="-kbo-results", unsure="kbo-results"),
    ),
    ("lab 빼고 pdf를 설치해줘", said("install", skills="pdf", either="-lab", unsure="lab")),
    (
        "docx 빼고 있는 스킬 다 오픈AI에 설치해줘",
        said("install", skills="*", providers="openai", either="-docx", unsure="있는"),
    ),
    ("kbo-results 빼고 싶어", said("uninstall", either="kbo-results", polite=True)),
    (
        "pdf openai, claude, lab에 말고 설치해줘",
        said("install", providers="-openai -claude -lab", either="pdf", unsure="openai claude lab"),
    ),
)


@pytest.mark.parametrize(("text", "expected"), ASKED_FIRST, ids=[text for text, _ in ASKED_FIRST])
def test_what_is_asked_about_first(text: str, expected: Said) -> None:
    assert hear(text) == expected
