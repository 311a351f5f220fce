"""A recorded series of runs on the real local mesh: what the simulation predicts, with Envoy and real services."""
