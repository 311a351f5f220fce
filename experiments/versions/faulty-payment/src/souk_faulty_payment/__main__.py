"""The faulty payment service: `python -m souk_faulty_payment` serves; with `migrate`, it does what payment does."""

import sys

from souk_chassis.program import run

if __name__ == "__main__":
    run("souk_faulty_payment" if sys.argv[1:] == [] else "souk_payment")
