"""What the inventory reads from its environment."""

from typing import Annotated

from pydantic import Field
from souk_chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """Beside what every service reads."""

    service_name: str = "inventory"
    sweep_seconds: Annotated[float, Field(gt=0, le=3600)] = 5
    """How often expired reservations are looked for; who needs their pieces sooner doesn't wait for it."""
