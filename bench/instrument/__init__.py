"""What measures: the pytest plugin that runs and records benchmarks, and the records that others read."""
