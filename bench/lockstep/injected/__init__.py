"""What runs inside an arm's own Python: it needs pytest-benchmark and nothing else, and never the arm's `bench`."""
