"""`docs/operations.md` lists every metric as it is, and its examples ask for none that is not there."""

import re
from typing import Final

from adapters.telemetry.catalog import ASKED, COUNTED, Metric
from tests.architecture.sources import ROOT

METRICS: Final = (*COUNTED, *ASKED)
DOCUMENT: Final = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
ROW: Final = re.compile(r"^\| `(waybill_\w+)` \| (\w+) \| (.+?) \| (.+) \|$", re.MULTILINE)
NAME: Final = re.compile(r"\bwaybill_[a-z_]+\b")
PARTS_OF_HISTOGRAMS: Final = ("_bucket", "_count", "_sum")
ALERT: Final = re.compile(r"^\| .+? \| `(.+)` \| .*\|$", re.MULTILINE)


def row_of(metric: Metric) -> tuple[str, str, str, str]:
    labels = " ".join(f"`{label}`" for label in metric.labels)
    return metric.name, metric.type, labels or "-", metric.help


def names_of(metric: Metric) -> set[str]:
    parts = PARTS_OF_HISTOGRAMS if metric.type == "histogram" else ()
    return {metric.name, *(f"{metric.name}{part}" for part in parts)}


def test_every_metric_is_documented_as_it_is() -> None:
    assert ROW.findall(DOCUMENT) == [row_of(metric) for metric in METRICS]


def test_nothing_else_is_asked_for() -> None:
    known = {name for metric in METRICS for name in names_of(metric)}
    assert set(NAME.findall(DOCUMENT)) - known == set()


def test_alerts_ask_for_the_labels_that_there_are() -> None:
    section = DOCUMENT.partition("### What is alarming")[2].partition("\n## ")[0]
    expressions = ALERT.findall(section)
    labels = {name: set(metric.labels) | {"le"} for metric in METRICS for name in names_of(metric)}
    assert len(expressions) >= 20
    for expression in expressions:
        for name, matchers in re.findall(r"(waybill_\w+)\{([^}]*)\}", expression):
            assert set(re.findall(r"(\w+)=", matchers)) <= labels[name], expression
