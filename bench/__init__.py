"""The instrument: pytest-benchmark suites about flagkit, and the tools that measure, judge and show them."""
