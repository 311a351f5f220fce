"""The rule that judges: anytime-valid evidence from counts, without I/O."""
