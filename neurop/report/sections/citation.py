"""Citation: BibTeX of the model, the data and neurop."""

from __future__ import annotations

import re
from typing import Any

from neurop import __version__
from neurop.report.blocks import Code, Section, Text
from neurop.report.results import Results

JOURNALS = ("TMLR", "JMLR", "Nature")
_PAPER = re.compile(
    r"(?P<authors>.+?), (?P<title>.+), (?P<venue>[^,]+?) (?P<year>\d{4})"
    r"(?:, arXiv:(?P<arxiv>[\w.]+))?"
)


def section(results: Results) -> Section:
    """Return one block of BibTeX."""
    entries = [paper(results.surrogate.net.citation)]
    source = results.about.get("Source")
    origin = results.surrogate.card.origin
    given = {"license": origin.get("license"), "attribution": origin.get("attribution")}
    notes = ". ".join(str(v).rstrip(".") for v in (source, *given.values()) if v)
    name = results.data
    entries.append(_entry("misc", f"data-{name}", {"title": f"{name} (data set)", "note": notes}))
    entries.append(
        _entry(
            "software",
            "neurop",
            {
                "title": "neurop: neural-operator surrogates for partial differential equations",
                "author": "{The neurop authors}",
                "version": __version__,
                "license": "MIT",
            },
        )
    )
    blocks = [
        Text("Cite the method, the data and the software:"),
        Code("BibTeX", "\n\n".join(entries), opened=True),
    ]
    return Section("citation", "Citation", blocks)


def paper(citation: str) -> str:
    """Return the BibTeX of a citation in the form of the models.

    Examples
    --------
    >>> print(paper("Li et al., Fourier Neural Operator, ICLR 2021, arXiv:2010.08895"))
    @inproceedings{li2021fourier,
      title = {{Fourier Neural Operator}},
      author = {Li and others},
      booktitle = {ICLR},
      year = {2021},
      eprint = {2010.08895},
      archiveprefix = {arXiv}
    }
    """
    found = _PAPER.fullmatch(citation.strip())
    if found is None:
        return _entry("misc", "model", {"note": citation})
    authors = found["authors"].replace(" et al.", " and others")
    key = f"{found['authors'].split()[0]}{found['year']}{found['title'].split()[0]}"
    journal = found["venue"] in JOURNALS
    values = {
        "title": f"{{{found['title']}}}",
        "author": authors,
        "journal" if journal else "booktitle": found["venue"],
        "year": found["year"],
        "eprint": found["arxiv"],
        "archiveprefix": "arXiv" if found["arxiv"] else None,
    }
    return _entry("article" if journal else "inproceedings", key.lower(), values)


def _entry(kind: str, key: str, values: dict[str, Any]) -> str:
    lines = [f"  {name} = {{{value}}}" for name, value in values.items() if value]
    label = re.sub(r"[^\w-]", "", key)
    return "@{}{{{},\n{}\n}}".format(kind, label, ",\n".join(lines))
