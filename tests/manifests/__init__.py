"""What is deployed, judged without running it."""
