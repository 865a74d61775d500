"""How often the gate is wrong: recordings of real processes with known truth, judged by it and by what others use."""
