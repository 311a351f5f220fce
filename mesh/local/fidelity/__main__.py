"""`python -m fidelity` writes the page and lists what is still unproved; its exit code says whether anything is."""

from __future__ import annotations

from fidelity.cases import cases
from fidelity.page import PAGE, current, page, unproved
from fidelity.schema import published


def main() -> int:
    """Writes the page."""
    definitions, proofs = published(), cases()
    PAGE.write_text(page(definitions, proofs, current()))
    missing = list(unproved(definitions, proofs))
    print("\n".join([*missing, f"{PAGE.name}: {len(proofs)} cases, {len(missing)} fields without proof or reason"]))
    return 1 if missing else 0


if __name__ == "__main__":
    raise SystemExit(main())
