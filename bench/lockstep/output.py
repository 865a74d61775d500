"""The files of a run: one of pytest-benchmark's for each arm, and lockstep.json with the ratios between them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pytest_benchmark.stats import Stats

from bench.instrument import writer
from bench.lockstep import estimate
from bench.lockstep.controller import Lockstep, own_options
from bench.lockstep.cost import Cost
from bench.lockstep.recording import Recording, Refusal
from bench.lockstep.sizes import Sizes

SCHEMA = 1
NAME = "lockstep.json"


@dataclass(slots=True)
class Files:
    """Writes what a recording holds to a folder; as long as the run is not complete, beside the files of complete ones.

    A reader finds files of complete runs under their names, and the rest of an interrupted run as ...-interrupted.json.
    """

    folder: Path
    lockstep: Lockstep
    seed: int
    sizes: Sizes
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    def write(self, recording: Recording, cost: Cost, *, is_complete: bool) -> list[Path]:
        """Write all files, each in one step; returns their names. Raises OSError."""
        contents = {
            f"{arm.name}.json": self._of_arm(arm.name, recording, is_complete=is_complete) for arm in self.lockstep.arms
        }
        contents[NAME] = self._ratios(recording, cost, is_complete=is_complete)
        written = []
        for name, content in contents.items():
            path = self.folder / name
            written.append(path if is_complete else writer.interrupted(path))
            writer.write(written[-1], content)
        if is_complete:
            for path in written:
                writer.interrupted(path).unlink(missing_ok=True)
        return written

    def _of_arm(self, arm: str, recording: Recording, *, is_complete: bool) -> dict[str, Any]:
        content = dict(self.lockstep.descriptions[arm])
        machine_info = dict(content["machine_info"], node="")  # the machine's name is nobody's business
        if isinstance(instrument := machine_info.get("instrument"), dict):
            unavailable = [
                {"benchmark": refusal.benchmark, "reason": refusal.reason}
                for refusal in recording.refusals
                if refusal.arm == arm
            ]
            finished = datetime.now(UTC).isoformat()
            news = {"interrupted": not is_complete, "unavailable": unavailable, "finished": finished}
            machine_info["instrument"] = instrument | news | {"arguments": _asked_for(instrument)}
        benchmarks = [self._benchmark(nodeid, arm, recording) for nodeid in recording.measured(arm)]
        return content | {"machine_info": machine_info, "benchmarks": benchmarks}

    def _benchmark(self, nodeid: str, arm: str, recording: Recording) -> dict[str, Any]:
        """Return a benchmark as pytest-benchmark writes it, with where each of its rounds was."""
        generations = [rounds for rounds in recording.rounds[nodeid] if arm in rounds.times_s]
        stats = Stats()
        for generation in generations:
            for time_s in generation.times_s[arm]:
                stats.update(time_s)
        described = recording.described[nodeid][arm]
        pairing = {
            "arm": arm,
            "base": recording.base,
            "generation": [rounds.generation for rounds in generations for _ in rounds.times_s[arm]],
            "turn": [turn for rounds in generations for turn in range(len(rounds.times_s[arm]))],
            "place_in_turn": [place for rounds in generations for place in rounds.places[arm]],
            "cores": list(generations[-1].cores),
        }
        return {
            **described,
            "extra_info": {**described["extra_info"], "lockstep": pairing},
            "stats": {**stats.as_dict(), "data": stats.data, "iterations": generations[-1].iterations},
        }

    def _ratios(self, recording: Recording, cost: Cost, *, is_complete: bool) -> dict[str, Any]:
        cores = self.lockstep.cores
        return {
            "lockstep": SCHEMA,
            "base": recording.base,
            "arms": [
                {
                    "name": arm.name,
                    "file": f"{arm.name}.json",
                    "python": self.lockstep.descriptions[arm.name]["machine_info"].get("python_version"),
                    "variables": sorted(arm.variables),
                }
                for arm in self.lockstep.arms
            ],
            "seed": self.seed,
            "started": self.started.isoformat(),
            "finished": datetime.now(UTC).isoformat(),
            "interrupted": not is_complete,
            "planned": asdict(self.sizes),
            "cores": {"one": list(cores.one), "several": list(cores.several), "not_pinned": cores.reason},
            "cost": cost.describe(),
            "benchmarks": [
                {
                    "fullname": nodeid,
                    "kind": _kind(recording.described[nodeid][recording.base]),
                    "cores": list(recording.rounds[nodeid][-1].cores),
                    "iterations": recording.rounds[nodeid][-1].iterations,
                    "ratios": {head: asdict(value) for head, value in ratios_of.items()},
                }
                for nodeid, ratios_of in ratios(recording).items()
            ],
            "refused": [_refused(refusal) for refusal in recording.refusals],
        }


def _kind(described: Mapping[str, Any]) -> str | None:
    """Return the kind of executor that a benchmark says it is of."""
    kind = described["extra_info"].get("kind")
    return kind if isinstance(kind, str) else None


def _asked_for(instrument: Mapping[str, Any]) -> list[str]:
    """Return an arm's arguments without the controller's own, which name its private folder."""
    return list(instrument.get("arguments", ()))[len(own_options("")) :]


def ratios(recording: Recording) -> Mapping[str, Mapping[str, estimate.RatioEstimate]]:
    """Return head / base by benchmark and head, of the benchmarks that have one."""
    return {
        nodeid: {head: estimate.ratio(recording.pairs(nodeid, head)) for head in heads}
        for nodeid in sorted(recording.rounds)
        if (heads := recording.heads(nodeid))
    }


def _refused(refusal: Refusal) -> dict[str, Any]:
    return {**asdict(refusal), "why": str(refusal.why)}
