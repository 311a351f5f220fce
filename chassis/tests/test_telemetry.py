"""Whatever is said becomes a line of JSON: a log must not cost the call it tells of."""

import json

import pytest
from souk_chassis.telemetry import as_json


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("n’est-ce pas?\n", "n’est-ce pas?\n"),
        (1.5, 1.5),
        (float("nan"), "NaN"),
        (ValueError("no"), "ValueError('no')"),
        ("half a pair: \udc80", "half a pair: \udc80"),
        (b"\xff", "b'\\xff'"),
    ],
)
def test_a_line_is_one_line_of_ascii_that_can_be_read_again(said: object, read: object) -> None:
    line = as_json(None, "info", {"event": said})
    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert json.loads(line) == {"event": read}
