"""The payment service: `python -m souk_payment` serves; with `migrate`, it prepares its database and ends."""

from souk_chassis.program import run

if __name__ == "__main__":
    run("souk_payment")
