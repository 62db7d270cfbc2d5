# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bind`: compares every script with its emulator in PowerShell, then renews bindings.json.

It writes only when all comparisons agree, because a binding states that exactly this text was compared.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from lab.engines.emulators import EMULATORS
from lab.engines.pwsh_home import PwshMissing, find_pwsh
from lab.engines.scripts import BINDINGS, SCRIPTS, assembled, digest
from tests.lab.emulators.comparison import Comparison
from tests.lab.emulators.table import CASES


def texts(folder: Path) -> dict[str, str]:
    """Return the hash of every script in a folder, with its functions assembled."""
    return {path.stem: digest(assembled(folder, path.stem)) for path in sorted(folder.glob("*.ps1"))}


def uncovered() -> set[str]:
    """Return the emulators without a case, whose binding would state nothing."""
    return set(EMULATORS) - {case.script for case in CASES}


def main() -> int:
    try:
        find_pwsh()
    except PwshMissing as exc:
        print(exc, file=sys.stderr)
        return 1
    hashes = texts(SCRIPTS)
    problems = [f"no case for the emulator {name}" for name in sorted(uncovered())]
    problems += [f"script {name} and its emulator do not both exist" for name in sorted(set(hashes) ^ set(EMULATORS))]
    with tempfile.TemporaryDirectory() as folder, Comparison(SCRIPTS, Path(folder)) as comparison:
        for case in CASES:
            problems += comparison.differences(case)
    if problems:
        print("\n".join(problems), file=sys.stderr)
        print(f"bindings.json was not changed: {len(problems)} problems.", file=sys.stderr)
        return 1
    BINDINGS.write_text(json.dumps(hashes, indent=2) + "\n", encoding="utf-8")
    print(f"Bound {len(hashes)} scripts after {len(CASES)} comparisons.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
