"""The chassis is technical: it imports no service and no message of one, and knows no word of their business."""

import ast
import re
from pathlib import Path

import pytest
import souk_chassis

SOURCES = sorted(Path(souk_chassis.__file__).parent.glob("*.py"))
FOR_TESTS = {"testing", "postgres", "processes"}
BUSINESS = re.compile(
    r"\b(product|price|stock|reservation|order|payment|customer|cart|basket|catalog|inventory|shop|refund|checkout)s?\b",
    re.IGNORECASE,
)
# English, not business.
ALLOWED = ("in this order", "order (")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_source_knows_a_business_word(path: Path) -> None:
    text = path.read_text()
    for allowed in ALLOWED:
        text = text.replace(allowed, "")
    assert BUSINESS.findall(text) == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_source_imports_a_service_or_its_messages(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            assert not re.match(r"souk(\.|$)|souk_(?!chassis)", name)


def test_what_serves_can_be_read_in_half_an_hour() -> None:
    serving = [path for path in SOURCES if path.stem not in FOR_TESTS]
    lines = sum(bool(line.strip()) for path in serving for line in path.read_text().splitlines())
    assert lines <= 1650  # fifty-five a minute
