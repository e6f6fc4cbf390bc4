"""Observations: every path in turn, memory that adds up, rows whose medians are those of the
rounds.
"""

import pytest
import torch

from neurop.bench import as_dataset, describe_machine, measure_rates, parse
from neurop.bench.summary import Pair
from neurop.bench.timing import Bench, peak_mb


class Scripted:
    """A process with scripted answers."""

    def __init__(self, times: list[tuple[float, float]]) -> None:
        self.times, self.paths = iter(times), []

    def ask(self, do: str, paths: list[str] | None = None, **_: object) -> object:
        if do == "open":
            self.paths = paths or []
            return None
        if do == "facts":
            return {path: {"error": 1e-7, "peak_mb": 2.0} for path in self.paths}
        observed = next(self.times)
        return dict.fromkeys(self.paths, observed)

    def close(self) -> None:
        pass


def test_candidates_take_turns() -> None:
    bench = Bench(parse("1d-1x2x8-m2"), "layer", ["neurop", "torch-fft"])
    order = [list(bench.round()) for _ in range(3)]
    assert order == [["neurop", "torch-fft"], ["torch-fft", "neurop"], ["neurop", "torch-fft"]]
    forward, step = bench.round()["neurop"]
    assert forward > 0
    assert step > 0
    # The steps taken so far have left the weights as they were.
    facts = bench.facts()
    assert list(facts) == ["neurop", "torch-fft"]
    assert all(0 < one["error"] < 1e-6 for one in facts.values())


def test_peak_memory_is_what_tensors_hold() -> None:
    weight = torch.nn.Parameter(torch.zeros(10))
    optimizer = torch.optim.SGD([weight], lr=0.1)

    def step() -> None:
        a = torch.zeros(250_000)  # 1 MB
        b = a + 1  # 2 MB at once
        del a, b
        torch.zeros(100_000)

    assert peak_mb(step, optimizer) == pytest.approx(2.0, rel=1e-3)


def test_rows_hold_medians_and_quartiles_of_the_rounds() -> None:
    times = [(5.0, 50.0), (1.0, 10.0), (3.0, 30.0), (4.0, 40.0), (2.0, 20.0)]
    workers = iter([Scripted(times), Scripted([(10 * f, 10 * s) for f, s in times])])
    with Pair(lambda keep: next(workers)) as pair:  # type: ignore[arg-type, return-value]
        rows = pair.rows(
            parse("2d-1x2x16-m3"), "layer", ["neurop", "torch-fft"], repeats=5, seconds=60
        )
    found = {(row["path"], row["allocator"]): (row["forward_ms"], row["step_ms"]) for row in rows}
    assert found == {
        ("neurop", "shipped"): (3.0, 30.0),
        ("neurop", "same"): (3.0, 30.0),
        ("torch-fft", "shipped"): (30.0, 300.0),
        ("torch-fft", "same"): (3.0, 30.0),
    }
    assert rows[0]["spread"] == {"forward_ms": [2.0, 4.0], "step_ms": [20.0, 40.0], "rounds": 5}
    data = as_dataset(rows)
    assert data.path.values.tolist() == ["neurop", "torch-fft"]
    assert (data.points.values.tolist(), data.modes.values.tolist()) == ([16, 16], [3, 3])


def test_time_ends_the_rounds() -> None:
    workers = iter([Scripted([(1.0, 1.0)] * 9), Scripted([])])
    with Pair(lambda keep: next(workers)) as pair:  # type: ignore[arg-type, return-value]
        rows = pair.rows(parse("2d-1x2x16-m3"), "layer", ["neurop"], repeats=9, seconds=0)
    assert rows[0]["spread"]["rounds"] == 3


def test_the_machine_is_described() -> None:
    facts = describe_machine()
    assert facts["torch"] == torch.__version__
    assert facts["threads"] == torch.get_num_threads()
    measured = measure_rates(1)
    assert 0.1 < measured["copy_gb_per_s"] < 1e4
    assert 1 < measured["gemm_gflop_per_s"] < 1e6
