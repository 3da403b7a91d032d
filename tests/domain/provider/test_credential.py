import pytest

from domain.errors import CredentialRefused
from domain.provider.credential import SECRET_CHARS_MAX, parse_credential
from domain.provider.events import CredentialRef


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("env:WAYBILL_CREDENTIAL_OPENAI", CredentialRef(source="env", name="WAYBILL_CREDENTIAL_OPENAI")),
        ("env:WAYBILL_CREDENTIAL_1", CredentialRef(source="env", name="WAYBILL_CREDENTIAL_1")),
        ("  env:WAYBILL_CREDENTIAL_OPENAI\n", CredentialRef(source="env", name="WAYBILL_CREDENTIAL_OPENAI")),
        ("file:openai", CredentialRef(source="file", name="openai")),
        ("file:openai-2.key", CredentialRef(source="file", name="openai-2.key")),
        ("\tfile:openai", CredentialRef(source="file", name="openai")),
    ],
)
def test_a_reference_is_read(text: str, reference: CredentialRef) -> None:
    assert parse_credential(text) == reference


@pytest.mark.parametrize(
    "text",
    ["sk-proj-abc_123", "a", " sk-with-white-space-around\n", "x:y", "https://a:b@c/", "S" * SECRET_CHARS_MAX],
)
def test_anything_else_is_a_secret(text: str) -> None:
    assert parse_credential(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "env:",
        "env:PATH",
        "env:WAYBILL_CREDENTIAL_",
        "env:WAYBILL_CREDENTIAL_openai",
        "env:WAYBILL_CREDENTIAL_A B",
        "env:WAYBILL_POSTGRES_URL",
        "env:WAYBILL_SECRET_KEY",
        f"env:WAYBILL_CREDENTIAL_{'A' * 101}",
    ],
)
def test_only_variables_that_are_meant_for_it_may_be_named(text: str) -> None:
    with pytest.raises(CredentialRefused, match="WAYBILL_CREDENTIAL_"):
        parse_credential(text)


@pytest.mark.parametrize(
    "text",
    [
        "file:",
        "file:.",
        "file:..",
        "file:../openai",
        "file:keys/openai",
        "file:/etc/passwd",
        "file:.hidden",
        "file:a\\b",
        "file:a\0b",
        f"file:{'a' * 102}",
    ],
)
def test_only_plain_names_of_files_may_be_named(text: str) -> None:
    with pytest.raises(CredentialRefused, match="plain name"):
        parse_credential(text)


@pytest.mark.parametrize(
    "text",
    ["", " \n", "two words", "line\nbreak", "nul\0", "bell\a", "delete\x7f", "schlüssel", "S" * (SECRET_CHARS_MAX + 1)],
)
def test_what_no_provider_takes_as_a_secret_is_refused(text: str) -> None:
    with pytest.raises(CredentialRefused) as refused:
        parse_credential(text)
    assert [problem.pointer for problem in refused.value.problems] == ["/credential"]


def test_a_refusal_does_not_repeat_what_may_be_a_secret() -> None:
    for text in ("env:sk-secret", "file:../sk-secret", "sk-secret with-a-space"):
        with pytest.raises(CredentialRefused) as refused:
            parse_credential(text)
        assert "sk-secret" not in f"{refused.value.detail} {refused.value.problems}"
