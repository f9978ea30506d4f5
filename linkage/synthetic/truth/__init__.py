"""What really happened, from plain code that shares nothing with the pipeline."""
