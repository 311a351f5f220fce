"""The supervisor: one process that holds a mesh and takes orders about it."""
