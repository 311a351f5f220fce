"""From a directory with a kustomization to typed objects, or to what is wrong with them, by file and line."""
