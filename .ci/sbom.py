"""Bill of materials of a release in the format CycloneDX 1.6: what neurop needs, as installed."""

from __future__ import annotations

import json
import os
import re
import sys
import uuid
from datetime import UTC, datetime
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

sys.path.insert(0, str(Path(__file__).parent))
from licences import licence


def normal(name: str) -> str:
    """Return the name of a package as indices spell it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def needed(package: Distribution, extras: frozenset[str]) -> list[tuple[str, frozenset[str]]]:
    """Return the packages that a package needs on this platform, with the extras asked of them."""
    found = []
    for text in package.requires or []:
        need = Requirement(text)
        asked = extras or frozenset([""])
        if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in asked):
            found.append((normal(need.name), frozenset(need.extras)))
    return found


def closure(root: str) -> dict[str, tuple[Distribution, set[str]]]:
    """Return every package that `root` needs, with itself, and the names that each needs."""
    found: dict[str, tuple[Distribution, set[str]]] = {}
    open_, seen = [(normal(root), frozenset[str]())], set()
    while open_:
        name, extras = open_.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            package = distribution(name)
        except PackageNotFoundError:
            continue  # an optional backend that this platform's build does not have
        after = needed(package, extras)
        found.setdefault(name, (package, set()))[1].update(other for other, _ in after)
        open_ += after
    return {name: (package, uses & found.keys()) for name, (package, uses) in sorted(found.items())}


def component(name: str, package: Distribution, kind: str = "library") -> dict[str, Any]:
    """Return the entry of a package."""
    address = f"pkg:pypi/{name}@{package.version}"
    return {
        "type": kind,
        "bom-ref": address,
        "name": name,
        "version": package.version,
        "purl": address,
        "licenses": [{"license": {"name": term}} for term in sorted(licence(package))],
    }


def bill(root: str = "neurop", epoch: int = 0) -> dict[str, Any]:
    """Return the bill of materials; the same at every call, for the same packages and `epoch`."""
    packages = closure(root)
    entries = {name: component(name, package) for name, (package, _) in packages.items()}
    top = entries.pop(normal(root)) | {"type": "application"}
    refs = {name: entry["bom-ref"] for name, entry in entries.items()} | {
        normal(root): top["bom-ref"]
    }
    text = json.dumps([top, *entries.values()], sort_keys=True)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, text)}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": top,
        },
        "components": list(entries.values()),
        "dependencies": [
            {"ref": refs[name], "dependsOn": sorted(refs[other] for other in uses)}
            for name, (_, uses) in packages.items()
        ],
    }


def main(folder: str) -> None:
    """Write the bill of the installed neurop into a folder."""
    made = bill(epoch=int(os.environ.get("SOURCE_DATE_EPOCH", "0")))
    top = made["metadata"]["component"]
    path = Path(folder) / f"{top['name']}-{top['version']}.cdx.json"
    path.write_text(json.dumps(made, indent=2) + "\n")
    print(f"wrote {path}")


if __name__ == "__main__":
    main(*sys.argv[1:])
