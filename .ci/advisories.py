"""Known vulnerabilities of the pinned packages, by pip-audit, which asks a service for them."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).parents[1]
COMMAND = ["-m", "pip_audit", "--no-deps", "--disable-pip", "--progress-spinner=off"]


def main() -> int:
    """Print the advisories; 1 if there are any, 0 if there are none or they cannot be asked for."""
    if find_spec("pip_audit") is None:
        print("advisories: not checked, pip-audit is not installed (pip install pip-audit)")
        return 0
    done = subprocess.run(
        [sys.executable, *COMMAND, "--format=json", "-r", str(ROOT / "requirements-cpu.txt")],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        packages = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        reason = (done.stderr.strip() or "no answer").splitlines()[-1]
        print(f"advisories: not checked, the service cannot be asked ({reason})")
        return 0
    found = [(p["name"], p["version"], v) for p in packages for v in p.get("vulns", [])]
    for name, version, advisory in found:
        fixed = ", ".join(advisory["fix_versions"]) or "no release"
        print(f"{name} {version}: {advisory['id']}, fixed by {fixed}")
    print(f"advisories: {len(found)} for {len(packages)} pinned packages")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
