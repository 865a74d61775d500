"""Lockstep: arms measured round by round, in turn, on the same cores, and what their ratios are worth."""
