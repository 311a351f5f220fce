"""What the platform costs: measurements, their floors, and the table of both. `make bench`."""
