"""What is asked of a surrogate: examples, channels, and what a set poses by itself."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from raising import raises_input
from small import FIELDS, evolution, mapping

from neurop.errors import InputError
from neurop.problems import REGISTRY, Evolution, Map, Problem, automatic, problem_of


def test_an_evolution_predicts_the_frames_after_its_history() -> None:
    data = evolution()
    examples = Evolution(history=2, unroll=3).examples(data, extra=1)
    assert len(examples) == 3  # one start per sample: 2 + 3 + 1 of 6 frames
    whole = torch.from_numpy(data.values).float()
    for i in range(3):
        assert torch.equal(examples[i]["input"], whole[i, :2])
        assert torch.equal(examples[i]["target"], whole[i, 2:])
    assert Evolution().inputs(data) == Evolution().outputs(data) == FIELDS


def test_a_map_predicts_the_targets_of_the_sample() -> None:
    data = mapping()
    examples = Map().examples(data)
    assert len(examples) == 3
    assert torch.equal(examples[1]["input"], torch.from_numpy(data.values[1]).float())
    assert torch.equal(examples[1]["target"], torch.from_numpy(data.targets[1]).float())
    assert [f.name for f in Map().inputs(data)] == ["a"]
    assert Map().outputs(data) == FIELDS
    assert (Map().history, Map().unroll, Map().increments) == (1, 1, False)


@pytest.mark.parametrize(
    ("problem", "data", "name", "remedy"),
    [
        (Map(), evolution(), "map", "problem=evolution"),
        (Evolution(), mapping(), "evolution", "problem=map"),
    ],
)
def test_data_of_the_other_kind_are_refused(
    problem: Problem, data: Any, name: str, remedy: str
) -> None:
    for use in (problem.check, problem.examples):
        with raises_input("problem", name, f"{data.source} .*{remedy}"):
            use(data)


def test_a_trajectory_that_is_too_short_is_refused() -> None:
    with raises_input("steps", 4):
        Evolution(3, 3).examples(evolution(), extra=1)


@pytest.mark.parametrize(("key", "value"), [("history", 0), ("unroll", 0), ("history", -2)])
def test_frames_are_at_least_one(key: str, value: int) -> None:
    with pytest.raises(InputError) as error:
        Evolution(**{key: value})
    assert (error.value.key, error.value.value) == (key, value)


def test_a_set_poses_its_question_by_itself() -> None:
    assert problem_of(evolution()) == automatic(evolution()) == Evolution(1, 1, True)
    assert problem_of(mapping()) == automatic(mapping()) == Map()


def test_given_values_replace_those_that_are_proposed() -> None:
    proposed = Evolution(history=2, unroll=3, increments=False)
    assert automatic(evolution(), proposed) == proposed
    assert automatic(evolution(), proposed, unroll=5) == Evolution(2, 5, False)
    assert automatic(evolution(), proposed, 1, 1, True) == Evolution()
    assert automatic(evolution(), increments=False) == Evolution(1, 1, False)


@pytest.mark.parametrize(
    ("key", "value", "same"), [("history", 2, 1), ("unroll", 4, 1), ("increments", True, False)]
)
def test_a_map_has_no_value_to_replace(key: str, value: Any, same: Any) -> None:
    with pytest.raises(InputError) as error:
        automatic(mapping(), **{key: value})
    assert (error.value.key, error.value.value) == (key, value)
    assert automatic(mapping(), **{key: same}) == Map()


@pytest.mark.parametrize("problem", [Map(), Evolution(3, 2, False)])
def test_a_problem_is_made_again_from_its_spec(problem: Problem) -> None:
    assert REGISTRY.create(REGISTRY.spec_of(problem).to_dict()) == problem


def test_a_single_frame_is_no_evolution() -> None:
    with raises_input("frames", 1):
        Evolution().check(evolution(frames=1))
