"""Turns Deployments into processes, as the deployment controller and the kubelet do together."""
