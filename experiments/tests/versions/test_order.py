"""The definition for order, as it is, on a real mesh with load of its own: two versions of its code."""

from __future__ import annotations

import re
import signal
from pathlib import Path

from souk_canary.verdict import Outcome
from tests.shop import ROOT, Shop
from tests.tool import Canary

DEFINITIONS = ROOT / "experiments/definitions"


def test_order_is_compared_with_its_past_under_the_load_that_its_definition_describes(
    shop: Shop, repository: Path, tmp_path: Path
) -> None:
    definition = (DEFINITIONS / "order.yaml").read_text().replace("../load", str(ROOT / "experiments/load"))
    with Canary(shop, tmp_path, repository).run(definition, "--baseline", "HEAD", "--candidate", ".") as tool:
        tool.says("20 % of the requests to candidate")
        attempts = {"baseline": 0, "candidate": 0}
        while min(attempts.values()) < 10:
            tool.says("baseline failed 0 of")
            for version, bad, count in re.findall(r"(baseline|candidate) failed (\d+) of (\d+)", tool.said[-1]):
                assert bad == "0"
                attempts[version] += int(count)
        assert attempts["candidate"] < attempts["baseline"]
        tool.process.send_signal(signal.SIGINT)
        assert tool.ends() == Outcome.ABORTED.exit_code
