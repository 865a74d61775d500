"""The order of benchmarks: drawn anew for each recorded run, so that none always follows the same neighbour."""

import random
import secrets
from typing import Any

import pytest

from bench.instrument.recorder import is_benchmark


class Order:
    """Shuffles the benchmarks by a seed; what pytest-benchmark writes is in the order of the files as ever.

    A run is shuffled if it is recorded (``--results``) or given a seed. pytest's own regrouping follows: benchmarks
    that share an expensive fixture of wider scope stay together.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.seed: int | None = config.getoption("order_seed")
        if self.seed is None and config.getoption("results") is not None:
            self.seed = secrets.randbelow(1 << 32)
        self._places: dict[str, int] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Shuffle what is measured, in the places that it has among other tests."""
        if self.seed is None:
            return
        self._places = {item.nodeid: place for place, item in enumerate(items)}
        places = [place for place, item in enumerate(items) if is_benchmark(item)]
        shuffled = [items[place] for place in places]
        random.Random(self.seed).shuffle(shuffled)
        for place, item in zip(places, shuffled, strict=True):
            items[place] = item

    def pytest_benchmark_update_json(self, output_json: dict[str, Any]) -> None:
        """Sort the results by their places in the files."""
        output_json["benchmarks"].sort(key=lambda result: self._places.get(result["fullname"], 0))
