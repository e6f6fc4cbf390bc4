"""A run folder is continued by what it says as data: it neither calls nor loads anything."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from omegaconf import OmegaConf

from neurop.cli import main
from neurop.cli._hydra import choices, overrides, parse, run_folder
from neurop.cli._output import save_config
from neurop.cli._runs import LAST
from neurop.cli._settings.replay import Known, check, known
from neurop.errors import InputError

RUN = "neurop.spectral.native._run"
STOP = "{_target_: lightning.pytorch.callbacks.EarlyStopping, monitor: val/relative_l2}"


@pytest.fixture
def verb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Stands for the training: returns the list of the configurations that it was called with."""
    seen: list[Any] = []

    def run(cfg: Any) -> None:
        seen.append(OmegaConf.to_container(cfg, resolve=True))
        save_config(run_folder(), cfg, overrides())
        (run_folder() / LAST).parent.mkdir(exist_ok=True)
        (run_folder() / LAST).touch()

    stub = types.ModuleType("neurop.cli.train")
    stub.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "neurop.cli.train", stub)
    monkeypatch.setattr(sys, "argv", ["neurop"])
    monkeypatch.delenv("NEUROP_DEBUG", raising=False)
    monkeypatch.chdir(tmp_path)
    return seen


def stranger(*words: str) -> Path:
    """Return a run folder that says these words, with files of its own to load."""
    folder = Path("stranger")
    group = folder / "evil" / "objective"
    group.mkdir(parents=True)
    (group / "mine.yaml").write_text(f"_target_: {RUN}\ncommand: [touch, mark]\n")
    (folder / LAST).parent.mkdir()
    (folder / LAST).touch()
    (folder / "overrides.yaml").write_text(yaml.safe_dump(list(words)))
    return folder


VECTORS = {
    "trust": ["trust=[os,posix]"],
    "trust, added": ["+trust=[os]"],
    "trust, forced": ["++trust=[os]"],
    "trust and a target": [
        "trust=[os,posix]",
        "data.folder={_target_: os.system, command: 'touch mark'}",
    ],
    "target in a value": [f"data.folder={{_target_: {RUN}, command: [touch, mark]}}"],
    "target in quotes": [f"data.folder={{'_target_': '{RUN}', command: [touch, mark]}}"],
    "target in a list": [f"+trainer.callbacks=[{{_target_: {RUN}, command: [touch, mark]}}]"],
    "target deep down": [f"data.folder={{a: [{{b: {{_target_: {RUN}}}}}]}}"],
    "target of a key": [f"objective._target_={RUN}", "+objective.command=[touch,mark]"],
    "target of a new key": ["+optimizer.x._target_=os.system", "+optimizer.x.command='touch mark'"],
    "target of a group": [f"data={{_target_: {RUN}, command: [touch, mark]}}"],
    "target by reference": ["data._target_=${name}", f"name={RUN}"],
    "writer of files": ["+callback.x._target_=lightning.pytorch.callbacks.ModelCheckpoint"],
    "hydra callback": [f"+hydra.callbacks.x={{_target_: {RUN}, command: [touch, mark]}}"],
    "hydra sweeper": ["hydra.sweeper._target_=os.system"],
    "hydra launcher": ["hydra/launcher=evil"],
    "hydra folder": ["hydra.run.dir=elsewhere"],
    "hydra folder, removed": ["~hydra.run.dir"],
    "environment": ["+hydra.job.env_set.CXX=stranger/cxx.sh"],
    "cache": ["+hydra.job.env_set.NEUROP_CACHE=stranger/cache"],
    "folder of configuration": ["--config-dir=stranger/evil", "objective=mine"],
    "short flag": ["-cd=stranger/evil"],
    "sweep": ["-m"],
    "several values": ["model.width=4,8"],
    "search path": ["hydra.searchpath=[file://stranger/evil]", "objective=mine"],
    "unknown choice": ["objective=mine"],
    "unknown choice in a list": ["augment=[noise,mine]"],
    "choice outside": ["objective=../stranger/evil/objective/mine"],
    "package": ["+logger@_global_=csv"],
    "package of hydra": ["data@hydra=burgers"],
    "unknown key": ["+anything=1"],
    "environment in a value": ["data.folder=${oc.env:HOME}"],
    "environment in quotes": ["data.folder='${oc.env:HOME}'"],
    "resolver by parts": ["data.folder='${${name}:HOME}'"],
    "no override": ["model"],
    "two lines": ["seed=1\ntrust=[os]"],
}


@pytest.mark.trust(
    "Opening what a stranger wrote runs no code",
    "words planted in the overrides of a run",
)
@pytest.mark.parametrize("way", VECTORS)
def test_a_stranger_runs_nothing(way: str, verb: list[Any]) -> None:
    folder = stranger(*VECTORS[way])
    before = set(Path().rglob("*"))
    assert main(["train", f"resume={folder}", "trainer.max_epochs=4"]) == 2
    assert set(Path().rglob("*")) == before
    assert verb == []


@pytest.mark.parametrize(
    "content", ["model: fno\n", "- 3\n", "- {a: 1}\n", "[&a seed=1, *a]\n", "- [\n", "words\n"]
)
def test_what_is_no_list_of_words(content: str, verb: list[Any]) -> None:
    folder = stranger()
    (folder / "overrides.yaml").write_text(content)
    assert main(["train", f"resume={folder}"]) == 2
    assert verb == []


def test_what_the_user_says_is_the_users(verb: list[Any]) -> None:
    folder = stranger("data=burgers", "+trainer.callbacks=[{_target_: mine.Stop}]", "trust=[mine]")
    mine = f"+trainer.callbacks=[{STOP}]"
    assert main(["train", f"resume={folder}", mine, "trust=[]"]) == 0
    assert verb[0]["trainer"]["callbacks"] == [yaml.safe_load(STOP)]


def test_the_message_is_safe_to_print(verb: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    folder = stranger("+x=\x1b[31m")
    assert main(["train", f"resume={folder}"]) == 2
    assert "\x1b" not in capsys.readouterr().err


SETTINGS = {
    "defaults": [],
    "experiment": ["experiment=ns_1e-3_cpu"],
    "groups": ["model=tfno", "augment=[noise,shift]", "constraint=[band_limit]", "callback=[ema]"],
    "without": ["~recommended", "~scheduler", "logger=tensorboard"],
    "own file": [
        "data=file",
        "data.path='my file.nc'",
        "data.axes=[sample,time,x]",
        "data.boundary={x: periodic}",
    ],
    "data of data": ["data=space_time", "data@data.source=burgers", "~recommended"],
    "own classes": [
        f"+trainer.callbacks=[{STOP}]",
        "optimizer._target_=torch.optim.SGD",
        "~optimizer.betas",
    ],
    "values": [
        "seed=3",
        "trainer.max_time='00:01:00:00'",
        "optimizer.lr=${optimizer.weight_decay}",
    ],
}


@pytest.mark.parametrize("which", SETTINGS)
def test_what_a_run_writes_is_repeated(which: str, verb: list[Any]) -> None:
    assert main(["train", *SETTINGS[which]]) == 0
    (run,) = Path("runs").glob("*/*")
    assert main(["train", f"resume={run}"]) == 0
    first, again = verb
    assert again == first | {"resume": str(run)}


def here(*words: str) -> Known:
    return known(list(words), parse)


@pytest.fixture
def house() -> Callable[..., None]:
    """Return a check of words with what neurop itself brings."""
    brought = here()
    return lambda *words: check(words, brought, "a/b")


@pytest.mark.parametrize("group", choices())
def test_every_choice_is_known(group: str, house: Callable[..., None]) -> None:
    house(*(f"{group}={choice}" for choice in choices()[group]))


def test_a_refused_word_is_named(house: Callable[..., None]) -> None:
    with pytest.raises(InputError) as error:
        house("seed=1", "hydra.run.dir=x")
    assert (error.value.key, error.value.value) == ("resume", "hydra.run.dir=x")


def test_a_package_that_the_command_trusts() -> None:
    word = "model._target_=mine.Net"
    with pytest.raises(InputError):
        check([word], here(), "a/b")
    check([word], here("trust=[mine]"), "a/b")
    with pytest.raises(InputError):
        check([word], here("trust=[min]"), "a/b")
