"""The order service: `python -m souk_order` serves; with `migrate`, it prepares its database and ends."""

from souk_chassis.program import run

if __name__ == "__main__":
    run("souk_order")
