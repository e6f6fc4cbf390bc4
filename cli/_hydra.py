"""All use of Hydra."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, read_write

from neurop.errors import ExternalFailure, InputError

from . import _help, _runs, _sweep
from ._arguments import as_arguments, config_dirs, flags, flags_first, to_print_settings
from ._errors import debugging, explain
from ._process_group import first_process, leave_process_group
from ._say import say, say_traceback
from ._settings import replay
from ._settings.build import trusting
from ._settings.change import as_typed, data_of_the_run
from ._settings.check import left_out, mistakes
from ._settings.choices import PACKAGE, checked, choices
from ._settings.keys import in_settings
from ._settings.renamed import spelt_out

# Hydra 1.3 asks which version's defaults are meant; 1.4 has one set and warns of the question.
_DEFAULTS: dict[str, Any] = {"version_base": "1.3"} if hydra.__version__.startswith("1.3.") else {}


def run_folder() -> Path:
    """Return the folder of the current job, relative to the working directory if inside it."""
    folder = Path(HydraConfig.get().runtime.output_dir)
    return folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder


def overrides(chosen: bool = True) -> list[str]:
    """Return the overrides of the current job, with the choice of every group.

    With all choices, a run can be repeated after a default has changed; without `chosen`, only
    those of the command line.
    """
    job = HydraConfig.get()
    given = list(job.overrides.task)
    if not chosen:
        return given
    named = {o.split("=", 1)[0].lstrip("+~") for o in given}
    # An optional choice (recommended: ${data}) may have no file.
    known = choices(own_folders())
    spelt = [
        f"{group}={choice}"
        for group, choice in job.runtime.choices.items()
        if isinstance(choice, str) and group not in named and choice in known.get(group, ())
    ]
    return [*spelt, *given]


def group_file(group: str) -> DictConfig | None:
    """Return the file of the chosen option of a group; None if there is none."""
    choice = HydraConfig.get().runtime.choices.get(group)
    for root in (files(PACKAGE), *map(Path, own_folders())):
        file = root / group / f"{choice}.yaml"
        if file.is_file():
            return cast(DictConfig, OmegaConf.create(file.read_text(encoding="utf-8")))
    return None


def option_names(group: str) -> list[str]:
    """Return the options of a group in the current job."""
    return choices(own_folders()).get(group, [])


def composed(verb: str, words: list[str]) -> DictConfig:
    """Return the configuration of another verb, composed within the current job.

    Raises
    ------
    InputError
        If a value of it would be refused.
    """
    cfg = hydra.compose(verb, words)
    left_out(cfg, words)
    if wrong := list(mistakes(cfg)):
        raise InputError("\n".join(wrong))
    return cfg


def own_folders() -> list[str]:
    """Return the user's folders of configuration in the current job."""
    sources = HydraConfig.get().runtime.config_sources
    return [s.path.removeprefix("file://") for s in sources if s.schema == "file"]


def parse(word: str) -> Override | None:
    """Return a parsed override; None if it cannot be parsed."""
    try:
        return OverridesParser.create().parse_override(word)
    except (HydraException, RecursionError):
        return None


def run(verb: str, args: list[str]) -> int:
    """Compose the configuration of a verb, run it once or as a sweep, return the exit status."""
    command = sys.argv[0]
    sweep: Path | None = None
    failures: list[BaseException] = []
    folders: list[Path] = []
    try:
        if verb in _runs.RESUMED:
            args = _runs.resumed(args, partial(replay.known, parse=parse, verb=verb))
        args = spelt_out(flags_first(args))
        args = data_of_the_run(verb, checked(verb, args))
        if {"-m", "--multirun"} & set(args):
            sweep, args = _sweep.sweep_folder(args)
        task = _task(verb, command, args, failures, folders)
        app = hydra.main(config_path=f"pkg://{PACKAGE}", config_name=verb, **_DEFAULTS)(task)
        # Hydra prints its flags' usage with this name; its completer expects the bare command.
        name = command if args[:1] == ["-sc"] else f"{command} {verb}"
        help_asked = {"-h", "--help"} & set(args)
        said = to_print_settings(args) if help_asked else args
        with as_arguments([name, *said]), _full_errors():
            if help_asked:
                _help.show(app, verb, HydraConfig.get, own_folders)
            else:
                app()
        if failures:
            raise failures[0]
    except SystemExit as stop:
        # Lightning ends a fit that Ctrl-C stopped with exit(1).
        if isinstance(stop.__context__, KeyboardInterrupt):
            raise KeyboardInterrupt from stop
        return stop.code if isinstance(stop.code, int) else int(stop.code is not None)
    except BrokenPipeError:
        raise
    except KeyboardInterrupt:
        if sweep and sweep.is_dir():
            _sweep.summarise(sweep)
        raise
    except Exception as error:
        status = _report(verb, args, error)
        if sweep and status == 2:
            _sweep.discard(sweep)
        return status
    finally:
        for folder in (*folders, *([sweep] if sweep else [])):
            _runs.prune(folder)
    if sweep and sweep.is_dir():
        status, lines = _sweep.summarise(sweep)
        _say(verb, lines)
        return status
    return 0


def _task(
    verb: str, command: str, args: list[str], failures: list[BaseException], folders: list[Path]
) -> Callable[[DictConfig], object]:
    """Return the function that Hydra calls for each job."""

    def task(cfg: DictConfig) -> object:
        job = HydraConfig.get()
        folder = Path(job.runtime.output_dir)
        folders.append(folder)
        given = list(job.overrides.task)
        result, error = None, None
        try:
            with (
                _own_folder(verb) as folder,
                as_arguments([command, verb, *flags(args), *given]),
                trusting(replay.checked_trust(cfg.get("trust"), given, parse)),
            ):
                folders.append(folder)
                module = importlib.import_module(f".{verb}", __package__)
                # A verb may have checks that need no large package, and go first.
                found = [first(cfg)] if (first := getattr(module, "first", None)) else []
                left_out(cfg, given)
                if wrong := list(mistakes(cfg)):
                    raise InputError("\n".join(wrong))
                if verb in _runs.RESUMED and not debugging():
                    from neurop.training.quiet import quiet

                    quiet()
                result = module.run(cfg, *found)
        except Exception as raised:
            # Raised again after Hydra has returned, which would print its own message.
            error = in_settings(raised, cfg)
        finally:
            leave_process_group()
        if job.mode != RunMode.MULTIRUN:
            failures.extend([error] if error else [])
            return result
        line = explain(error, lambda: ([], {})) if error else None
        if error and ((line is None and not isinstance(error, ExternalFailure)) or debugging()):
            say_traceback(error)
        text = (line or f"{type(error).__name__}: {error}").splitlines()[0] if error else None
        words = [as_typed(word) for word in given]
        _sweep.record(folder, job.job.num, words, result, text, wrong=line is not None)
        return _sweep.headline(result)

    return task


@contextmanager
def _own_folder(verb: str) -> Iterator[Path]:
    """Yield the folder of the job; that of a training is claimed, and named to its processes."""
    job = HydraConfig.get()
    folder = Path(job.runtime.output_dir)
    with ExitStack() as held:
        if verb in (*_runs.RESUMED, "compare") and first_process():
            from ._claim import claimed  # needs a package that --help does not
            from ._failed import cleared

            named = any(word.startswith("hydra.run.dir=") for word in job.overrides.hydra)
            folder = held.enter_context(claimed(folder, named or job.mode == RunMode.MULTIRUN))
            if verb in _runs.RESUMED:
                _runs.check_empty(folder, job.overrides.task)
            if job.mode != RunMode.MULTIRUN:  # a sweep lists its failed jobs
                held.enter_context(cleared(folder))
        # Lightning starts the processes of other devices with these arguments: they must name this
        # job, not the sweep, and its folder.
        with read_write(cast(DictConfig, job)):
            job.run.dir = job.runtime.output_dir = str(folder)
        yield folder


def _report(verb: str, args: list[str], error: Exception) -> int:
    if isinstance(error, ExternalFailure) and not debugging():
        _say(verb, [str(error)])
        return 1
    line = None if debugging() else explain(error, lambda: _words(verb, args))
    if line is None:
        say_traceback(error)
        return 2 if explain(error, lambda: ([], {})) else 1
    _say(verb, line.splitlines())
    return 2


def _say(verb: str, lines: list[str]) -> None:
    for line in lines:
        say(f"neurop {verb}: {line}", file=sys.stderr)


def _words(verb: str, args: list[str]) -> tuple[list[str], dict[str, list[str]]]:
    """Return every key of the verb's configuration, and the options of every group."""
    folders = config_dirs(args)
    groups = choices(folders)
    chosen = []
    for arg in args:
        group, _, choice = arg.partition("=")
        options = [one.strip() for one in choice.strip("[]").split(",")]
        if group in groups and all(one in groups[group] for one in options):
            chosen.append(arg)
    paths = ",".join(_runs.quoted(f"file://{Path(f).resolve()}") for f in folders)
    search = [f"hydra.searchpath=[{paths}]"] if folders else []
    try:
        with hydra.initialize_config_module(PACKAGE, **_DEFAULTS):
            cfg = hydra.compose(verb, [*search, *chosen])
    except (
        Exception
    ):  # with further mistakes nothing can be composed, and only groups can be suggested
        return [], groups
    keys: list[str] = []

    def walk(node: DictConfig, prefix: str) -> None:
        for key in node:
            name = str(key)
            keys.append(prefix + name)
            if (
                not OmegaConf.is_missing(node, name)
                and not OmegaConf.is_interpolation(node, name)
                and isinstance(node[name], DictConfig)
            ):
                walk(node[name], f"{prefix}{name}.")

    walk(cfg, "")
    return [k for k in keys if "_target_" not in k], groups


@contextmanager
def _full_errors() -> Iterator[None]:
    """Make Hydra raise errors instead of printing them and exiting."""
    before = os.environ.get("HYDRA_FULL_ERROR")
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        yield
    finally:
        if before is None:
            os.environ.pop("HYDRA_FULL_ERROR", None)
        else:
            os.environ["HYDRA_FULL_ERROR"] = before
