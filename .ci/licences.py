"""Licences of the pinned packages, as they are installed, held to a list of allowed ones."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

ROOT = Path(__file__).parents[1]
ALLOWED = {
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSL-1.0", "CC0-1.0", "ISC"),
    *("LLVM-exception", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0", "PSF-2.0", "Zlib"),
    # The classifier and some texts do not say which of its versions.
    "BSD",
}
"""Permissive licences, and MPL-2.0, which binds changes to the files of the package itself."""
TEXTS = {
    r"apache( software)?( license)?(,? version)?( 2\.0)?": "Apache-2.0",
    r"(mit|osi approved mit)( license)?": "MIT",
    r"(3-clause bsd|bsd 3-clause)( license)?": "BSD-3-Clause",
    r"bsd( license)?": "BSD",
    r"isc license": "ISC",
    r"mozilla public license 2\.0": "MPL-2.0",
    r"python software foundation license": "PSF-2.0",
}
# Packages whose metadata name no licence, or those of files that are not installed (of docutils, a
# mode for Emacs), and what their licence file says of the others.
KNOWN = {"torch-harmonics": "BSD-3-Clause", "docutils": "BSD-2-Clause"}


def terms(text: str) -> set[str]:
    """Return the licences of a choice of SPDX expression, classifier or free text.

    Of ``A OR B`` both are returned: each must be allowed.

    Examples
    --------
    >>> sorted(terms("Apache-2.0 WITH LLVM-exception OR (MIT AND BSD License)"))
    ['Apache-2.0', 'BSD', 'LLVM-exception', 'MIT']
    """
    # The short names that classifiers repeat in brackets are no part of an expression.
    text = re.sub(r" \((ISCL|MPL [\d.]+)\)", "", text)
    return {_term(part) for part in re.split(r"\s+(?:AND|OR|WITH)\s+", text)}


def _term(part: str) -> str:
    cleaned = part.strip("() ")
    for pattern, name in TEXTS.items():
        if re.fullmatch(pattern, cleaned, re.IGNORECASE):
            return name
    return cleaned


def licence(package: Distribution) -> set[str]:
    """Return the licences of a package: by its expression, its classifiers, or its free text."""
    about = package.metadata
    name = about["Name"].lower().replace("_", "-")
    if name in KNOWN:
        return {KNOWN[name]}
    if expression := about.get("License-Expression"):
        return terms(expression)
    classifiers = [
        line.rsplit(" :: ", 1)[1]
        for line in about.get_all("Classifier") or []
        if line.startswith("License :: ") and not line.endswith("OSI Approved")
    ]
    if classifiers:
        return {term for line in classifiers for term in terms(line)}
    first = (about.get("License") or "").strip().splitlines()
    return terms(first[0]) if first else {"unknown"}


def pinned(*files: str) -> list[str]:
    """Return the names of the packages of files of versions."""
    return [
        name
        for file in files
        for name in re.findall(r"^([\w.-]+)==", (ROOT / file).read_text(), re.MULTILINE)
    ]


def listed(names: Iterable[str]) -> dict[str, set[str]]:
    """Return the licences of the packages that are installed, by name."""
    found = {}
    for name in names:
        try:
            found[name] = licence(distribution(name))
        except PackageNotFoundError:
            continue
    return found


def main() -> int:
    """Print the licence of each pinned package; 1 if one is not allowed."""
    names = pinned("requirements-cpu.txt", "requirements-docs.txt")
    found = listed(names)
    for name, held in found.items():
        print(f"{name:42} {', '.join(sorted(held))}")
    wrong = {name: held - ALLOWED for name, held in found.items() if held - ALLOWED}
    for name, held in wrong.items():
        print(f"{name}: {', '.join(sorted(held))} is not an allowed licence", file=sys.stderr)
    print(f"{len(found)} of {len(names)} pinned packages are installed, {len(wrong)} not allowed")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
