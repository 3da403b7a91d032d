"""What the examples of the OpenAPI document have in common: who, when, and by which ids."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from domain.events import Actor, Role

AT: Final = datetime(2026, 3, 28, 9, 30, tzinfo=UTC)
SKILL_ID: Final = UUID("d80a1bc9-c551-5d32-833a-15a5f73e6230")
OPENAI_ID: Final = UUID("aa99db56-5173-5033-afb0-9fad96a2e0cb")
RUN_ID: Final = UUID("019d33dd-8e40-7c52-a14e-81da897ceed6")
EVENT_ID: Final = UUID("019d33dd-8e41-7069-b87e-bcd72d7f7c8f")
CORRELATION_ID: Final = UUID("0af76519-16cd-43dd-8448-eb211c80319c")
REQUEST_ID: Final = "3df0bcc0-c3fb-44ee-97f6-04aa0b21c245"
DIGEST: Final = "sha256:8d330f90c1d5f04dc0e99504c28dd5a959501934bb7b8791d2620f523699417f"
CURSOR: Final = "eyJleGFtcGxlIjoxfQ"
OPERATOR: Final = Actor(kind="api_key", id="release-bot", name="Release bot", role=Role.OPERATOR)
SKILL_NAME: Final = "kbo-results"
