"""Says of every field of Istio's API whether it means here what it means there: `docs/fidelity.md`."""
