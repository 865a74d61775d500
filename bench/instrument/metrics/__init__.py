"""What the report and the gate ask of benchmarks, derived from their records: an estimate, or why there is none.

Every figure is an `Estimate` or a `Missing` with the reason; what cannot be had is never a zero.
"""

from bench.instrument.breakdown import RESIDUAL
from bench.instrument.metrics.base import (
    MEMCPY,
    ROUND_TRIP,
    SERIAL,
    Derived,
    Missing,
    bandwidth,
    core_use,
    median,
    memcpy_ratio,
    reference_median,
    speed_up,
    time,
)
from bench.instrument.metrics.builds import free_threading_tax, geometric_mean
from bench.instrument.metrics.granularity import (
    TASK_LENGTH,
    break_even_length,
    break_even_payload,
    break_even_task,
    crossing,
    minimum_granularity,
    task_length,
)
from bench.instrument.metrics.parallel import ONE_THREAD, gil_contention, parallel_efficiency
from bench.instrument.metrics.scalability import ScalabilityFit, scalability
from bench.instrument.metrics.steps import SERIALIZATION_STEPS, residual_share, serialization_share, shares

__all__ = [
    "MEMCPY",
    "ONE_THREAD",
    "RESIDUAL",
    "ROUND_TRIP",
    "SERIAL",
    "SERIALIZATION_STEPS",
    "TASK_LENGTH",
    "Derived",
    "Missing",
    "ScalabilityFit",
    "bandwidth",
    "break_even_length",
    "break_even_payload",
    "break_even_task",
    "core_use",
    "crossing",
    "free_threading_tax",
    "geometric_mean",
    "gil_contention",
    "median",
    "memcpy_ratio",
    "minimum_granularity",
    "parallel_efficiency",
    "reference_median",
    "residual_share",
    "scalability",
    "serialization_share",
    "shares",
    "speed_up",
    "task_length",
    "time",
]
