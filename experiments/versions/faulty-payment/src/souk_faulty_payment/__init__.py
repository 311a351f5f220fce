"""The payment service, made to fail: what canary experiments are tried on."""
