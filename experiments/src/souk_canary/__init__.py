"""Traffic-split canary experiments: acts on a mesh, observes it, and judges by a rule that seldom cries wolf.

Edges (cli, homes, sources, load, versions, report) → engine → rule → counts; no import goes back.
"""
