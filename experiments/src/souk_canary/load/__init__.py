"""Requests that the tool makes itself, at a steady rate, where a service has too few of its own.

with Generator(file, rate=200, state=StateDir(home)) as load:  # a process of its own, that ends with this one
    ...
    load.report.achieved  # requests a second
"""

from souk_canary.load.generator import Generator, LoadError
from souk_canary.load.report import Report

__all__ = ["Generator", "LoadError", "Report"]
