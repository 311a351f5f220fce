"""What the measurements run beside the platform: peers, backends, sinks."""
