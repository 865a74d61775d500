"""How often `flagkit advise` is right: its advice against exhaustive measurement, beside the rules that people use.

A room of its own, because it measures flagkit itself: it imports `flagkit` and `bench.instrument`, and nothing imports
it but `python -m bench`, which does so when it is asked for.

    cells    random jobs by number, and real ones    tasks, heavy_tasks: what they run
    rules    what people choose by
    truth    the whole grid, measured
    record   a file of cells, which grows
    judge    regret, families, coverage              table: in words
"""
