"""What the order service reads from its environment."""

from typing import Annotated

from pydantic import Field
from souk_chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """Beside what every service reads."""

    service_name: str = "order"
    catalog_address: str = "catalog:50051"
    inventory_address: str = "inventory:50051"
    payment_address: str = "payment:50051"
    resume_seconds: Annotated[float, Field(gt=0, le=3600)] = 0.5
    """How often checkouts are looked for that nobody is at."""
    resume_at_once: Annotated[int, Field(ge=1, le=100)] = 8
    """How many of them go on at the same time."""
