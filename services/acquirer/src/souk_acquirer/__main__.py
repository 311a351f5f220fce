"""A simulated bank: `python -m souk_acquirer` serves; with `migrate`, it prepares its database and ends."""

from souk_chassis.program import run

if __name__ == "__main__":
    run("souk_acquirer")
