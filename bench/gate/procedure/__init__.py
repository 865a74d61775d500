"""Statistics of the gate, apart from any measuring: log ratios a benchmark and generation in, decisions out."""
