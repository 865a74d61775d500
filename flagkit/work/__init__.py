"""The CPU work that is run serially and by every executor: a registry of workloads, each with its right answer.

`WORKLOADS["gcd-seed"]` is a function and the items that it is mapped over; `CONTENDED["dict"]` is work whose threads
meet at one object. A new workload is a function in `pure` or `native` and one line in `WORKLOADS`.
"""

from flagkit.work.contention import CONTENDED, Contended
from flagkit.work.native import json_round_trip, matrix_product, pattern_count, sha256_of_zeros, triad, zlib_round_trip
from flagkit.work.pure import gcd, loop, wait_and_loop
from flagkit.work.registry import LADDER_S, WORKLOADS, ladder_name
from flagkit.work.workload import Workload, WrongAnswerError

__all__ = [
    "CONTENDED",
    "LADDER_S",
    "WORKLOADS",
    "Contended",
    "Workload",
    "WrongAnswerError",
    "gcd",
    "json_round_trip",
    "ladder_name",
    "loop",
    "matrix_product",
    "pattern_count",
    "sha256_of_zeros",
    "triad",
    "wait_and_loop",
    "zlib_round_trip",
]
