"""BibTeX of a surrogate: of its model, of its training data, and of neurop."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from neurop import __version__

REFERENCES = Path(__file__).parent / "references.bib"
_ARXIV = re.compile(r"\barXiv:(\d{4}\.\d{4,5})", re.IGNORECASE)
_DOI = re.compile(r"\bdoi:(10\.\d{4,9}/\S+?)(?=[.,;]?(?:\s|$))", re.IGNORECASE)
_FIELD = re.compile(r"^\s*(eprint|doi) = \{(.+)\},$", re.MULTILINE)
_SPECIAL = {c: f"\\{c}" for c in "&%$#_{}"} | {"\\": r"\textbackslash{}", "~": r"\~{}"}


def identifiers(text: str) -> list[str]:
    """Return the arXiv numbers and DOIs that a text names, each once, in their order.

    Examples
    --------
    >>> identifiers("Li et al., ICLR 2021, arXiv:2010.08895; Hersbach, doi:10.1002/qj.3803.")
    ['2010.08895', '10.1002/qj.3803']
    """
    found = [(m.start(), m[1]) for pattern in (_ARXIV, _DOI) for m in pattern.finditer(text)]
    return list(dict.fromkeys(name for _, name in sorted(found)))


def entries(text: str, key: str) -> list[str]:
    r"""Return BibTeX of the works that a citation names.

    Parameters
    ----------
    text
        Citation in plain text, with arXiv numbers (``arXiv:2010.08895``) or DOIs (``doi:10...``).
    key
        Key of the entry that holds the text itself, if none of its works is known to neurop.

    Examples
    --------
    >>> print(*entries("Ada & Co., Flow, 2026", "flow"))
    @misc{flow,
      note = {Ada \& Co., Flow, 2026},
    }
    """
    known = _known()
    found = [known[name.casefold()] for name in identifiers(text) if name.casefold() in known]
    if found or not text.strip():
        return found
    note = "".join(_SPECIAL.get(c, c) for c in " ".join(text.split()))
    name = re.sub(r"[^\w-]", "-", key) or "work"
    return [f"@misc{{{name},\n  note = {{{note}}},\n}}"]


def bibtex(model: tuple[str, str], data: tuple[str, str]) -> str:
    """Return BibTeX of a model, of data, and of this version of neurop; a comment before each.

    Parameters
    ----------
    model, data
        Name, and citation in plain text; of an empty one the comment says that none is known.

    Returns
    -------
    str
        BibTeX in which no entry is repeated.
    """
    parts: list[str] = []
    listed: set[str] = set()
    for kind, (name, text) in (("model", model), ("data", data)):
        found = entries(text, f"{kind}-{name}")
        made = [entry for entry in found if entry not in listed]
        also = "; a work above" if len(made) < len(found) else ""
        said = f"% {kind}: {name}" + (also if found else "; no reference is known")
        listed.update(made)
        # Text outside of entries is a comment, in which BibTeX knows the sign @ alone.
        parts += [said.replace("@", "(at)"), *made]
    own = _known()["neurop"].removesuffix("}") + f"  note = {{Version {__version__}}},\n}}"
    return "\n\n".join([*parts, "% software", own]) + "\n"


@lru_cache(maxsize=1)
def _known() -> dict[str, str]:
    """Return the entries of ``references.bib`` by arXiv number and DOI, neurop's by its name."""
    text = REFERENCES.read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for entry in re.findall(r"^@.*?^\}$", text, re.MULTILINE | re.DOTALL):
        names = [value.casefold() for _, value in _FIELD.findall(entry)]
        found |= dict.fromkeys(names or [entry.partition("{")[2].partition(",")[0]], entry)
    return found
