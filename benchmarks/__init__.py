"""The same stages on data not invented here: `python -m benchmarks.febrl4`, `python -m benchmarks.historical_50k`."""
