"""Entry point of the command: ``neurop VERB ...``.

Only the standard library is imported here, so that ``neurop --help`` and shell completion are fast.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

from ._process_group import first_process
from ._say import say

COMPUTING = {
    "train": "fit a neural operator to a data set",
    "refine": "train a further stage on top of a trained surrogate",
    "eval": "score a trained surrogate on its test set",
    "superres": "score a surrogate on other grids than it was trained on",
    "rollout": "run a surrogate autoregressively, with error growth and an animation",
    "predict": "apply a surrogate to new files, for any number of steps",
    "export": "write a surrogate as a file that runs without neurop",
    "calibrate": "error bands of a surrogate, from held-out data",
    "compare": "train several models for the same time and compare them with baselines",
    "publish": "write a surrogate as a folder for others, and upload it to the Hugging Face hub",
    "generate": "generate the files of a data set",
    "bench": "time the engine compared with torch.fft and neuraloperator",
}
READING = {
    "inspect": "show the fields, axes and settings of a data file",
    "list": "show the models, data sets and other choices",
    "info": "show what a saved surrogate is, and BibTeX to cite it",
    "doctor": "check packages, devices, kernels, settings and folders of this machine",
    "init": "write the folder of a new project, with the settings of your own data",
}
VERBS = {**COMPUTING, **READING}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb.

    Parameters
    ----------
    argv
        Arguments after ``neurop``; those of the process if None.

    Returns
    -------
    int
        Exit status: 0 success, 1 failure, 2 wrong use, 130 interrupted, 143
        terminated.
    """
    args = list(sys.argv[1:] if argv is None else argv)
    if args[:1] in (["-sc"], ["--shell-completion"]):
        return _complete(args)
    if not args or args[0] in ("-h", "--help", "help"):
        say(_usage())
        return 0
    if args[0] in ("-V", "--version"):
        from neurop import __version__

        say(f"neurop {__version__}")
        return 0
    verb, *rest = args
    if verb not in VERBS:
        from neurop.errors import nearest

        say(f"neurop: no verb '{verb}'; {nearest(verb, VERBS)}", file=sys.stderr)
        return 2
    says = first_process()  # the variables of its process group go with the training
    try:
        return _read(verb, rest) if verb in READING else _compute(verb, rest)
    except KeyboardInterrupt as stop:
        what = getattr(stop, "what", "interrupted")
        if says:
            say(f"neurop {verb}: {what} {stop}".rstrip(), file=sys.stderr)
        return int(getattr(stop, "status", 130))
    except BrokenPipeError:
        # The reader (head, less) has closed the pipe: the rest of the output is discarded.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _compute(verb: str, args: list[str]) -> int:
    from ._allocator import keep_pages
    from ._errors import one_line_warnings
    from ._hydra import run

    keep_pages()
    with one_line_warnings():
        return run(verb, args)


def _read(verb: str, words: list[str]) -> int:
    """Run a verb whose arguments are plain words."""
    from neurop.errors import ExternalFailure

    from ._errors import debugging, explain

    module = importlib.import_module(f".{verb}", __package__)
    if {"-h", "--help"} & set(words):
        say(f"{module.USAGE}\n\n{VERBS[verb][0].upper()}{VERBS[verb][1:]}.")
        return 0
    try:
        return int(module.run(words) or 0)
    except Exception as error:
        failed = isinstance(error, ExternalFailure)
        line = str(error) if failed else explain(error, lambda: ([], {}))
        if line is None or debugging():
            raise
        say(f"neurop {verb}: {line}", file=sys.stderr)
        return 1 if failed else 2


def _usage() -> str:
    def rows(verbs: dict[str, str]) -> str:
        return "\n".join(f"  {name:<9} {what}" for name, what in verbs.items())

    return (
        "Usage: neurop VERB [group=choice ...] [key=value ...]\n\n"
        f"{rows(COMPUTING)}\n\nWithout groups of settings:\n{rows(READING)}\n\n"
        "neurop VERB --help shows the settings of a verb; neurop --version the version.\n"
        'Completion in bash: eval "$(neurop -sc install=bash)"'
    )


def _complete(args: list[str]) -> int:
    """Print completions for the shell: the verbs, then Hydra's for the settings of a verb."""
    line = os.environ.get("COMP_LINE", "")
    words = line.split()
    if not any(a.startswith("query=") for a in args):
        return _compute("train", args)
    if len(words) < 2 or (len(words) == 2 and not line.endswith(" ")):
        say(" ".join(VERBS))
        return 0
    if words[1] not in COMPUTING:
        return 0
    # Hydra's completer expects a command of one word, so the verb is removed from the line.
    os.environ["COMP_LINE"] = line.replace(f" {words[1]}", "", 1)
    return _compute(words[1], args)
