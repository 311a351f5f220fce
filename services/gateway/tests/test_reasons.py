"""The reasons for which the gateway itself refuses."""

import re
from pathlib import Path

from souk_gateway.filters import ERRORS_LUA, LUA
from souk_gateway.replies import REFUSALS

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "services/gateway/src/souk_gateway/lua"


def reasons() -> set[str]:
    code = "\n".join((FOLDER / f"{name}.lua").read_text() for name in LUA)
    told = set(re.findall(r'refuse\(handle, "\d+", "([A-Z_]+)"', code)) | set(re.findall(r'fail\(r, "([A-Z_]+)"', code))
    return told | {refusal.reason for refusal in REFUSALS}


def test_each_is_explained_in_the_documentation_with_its_status() -> None:
    rows = [line for line in (ROOT / "docs/rest.md").read_text().splitlines() if line.startswith("| ")]
    explained = {reason for row in rows for reason in re.findall(r"`([A-Z_]{5,})`", row.split("|")[2])}
    assert explained == reasons()
    for refusal in REFUSALS:
        assert any(str(refusal.status) in row.split("|")[1] and refusal.reason in row for row in rows)


def test_all_lua_files_are_in_a_program() -> None:
    assert {path.stem for path in FOLDER.glob("*.lua")} == {*LUA, *ERRORS_LUA}
