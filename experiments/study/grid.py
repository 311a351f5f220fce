"""Which cells are simulated, how often, and with which seeds."""

from __future__ import annotations

from study.worlds import Cell, World

TUNING, REPORTED = 20_001, 20_002
"""Seeds: knobs are chosen with the first, and everything that is reported is drawn with the second."""

RATES = (0.5, 2.0, 20.0, 200.0)
LATENCY_RATES = (2.0, 20.0)
BASES = (0.0, 0.001, 0.005, 0.02)
CLAIMED = (
    World.STEADY,
    World.SHARED_BURSTS,
    World.POD_BURSTS,
    World.ONE_REPLICA,
    World.WARM_UP,
    World.DRIFT,
    World.STREAMS,
)
"""The worlds in which a good candidate is to be left alone. A cold candidate is really worse for a while."""

ALIKE_RUNS = 1_400
"""Runs of each cell: 22,400 of the rule that ships in each world."""
RIVALS_RUNS = 400
"""The same for the other rules, whose false rollbacks are told from 1 % by fewer."""
ALIKE = [Cell(world, rate, base) for world in CLAIMED for rate in RATES for base in BASES]
ALIKE_LATENCY = [Cell(World.STEADY, rate, 0.001, latency=True) for rate in LATENCY_RATES]
COLD = [Cell(World.COLD, rate, 0.005) for rate in LATENCY_RATES]

WORSE_RUNS = 300
WORSE = [
    *(Cell(World.STEADY, rate, 0.001, errors) for rate in RATES for errors in (0.005, 0.02, 0.05, 0.3)),
    *(Cell(World.POD_BURSTS, rate, 0.001, errors) for rate in (20.0, 200.0) for errors in (0.02, 0.05, 0.3)),
    *(Cell(World.SHARED_BURSTS, 20.0, 0.001, errors) for errors in (0.02, 0.05, 0.3)),
]
WORSE_LATENCY = [
    Cell(World.STEADY, rate, 0.001, slower=slower, stalls=stalls, latency=True)
    for rate in LATENCY_RATES
    for slower, stalls in ((1.25, 0.0), (1.5, 0.0), (2.0, 0.0), (1.0, 0.03))
]

TUNING_RUNS = 400
TUNED_ALIKE = [
    *(Cell(World.STEADY, rate, 0.005) for rate in RATES[1:]),
    Cell(World.STEADY, 20.0, 0.02),
    Cell(World.SHARED_BURSTS, 20.0, 0.005),
    Cell(World.POD_BURSTS, 20.0, 0.005),
]
TUNED_WORSE = [
    Cell(World.STEADY, 2.0, 0.001, 0.05),
    Cell(World.STEADY, 20.0, 0.001, 0.02),
    Cell(World.STEADY, 20.0, 0.001, 0.3),
    Cell(World.STEADY, 200.0, 0.001, 0.005),
]
