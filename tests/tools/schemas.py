# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tests.tools.schemas`: write the JSON schemas in docs/schemas from the tables of the model."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from .collection import link
from .paths import ROOT, say

FOLDER = ROOT / "docs" / "schemas"


def schemas() -> dict[Path, str]:
    """Return the text of each schema by its path. The collection must be importable."""
    from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.windows import (
        bundle_manifest,
        bundle_steps,
        fabric,
    )
    from ansible_collections.siterecovery.hyperv.plugins.plugin_utils._report import document

    found = {"vmm_fabric": fabric, "bundle": bundle_manifest, "bundle_versions": bundle_steps, "run": document}
    return {
        FOLDER / f"{name}.schema.json": json.dumps(module.json_schema(), indent=2, ensure_ascii=False) + "\n"
        for name, module in found.items()
    }


def main() -> None:
    """Write every schema."""
    sys.path.insert(0, str(link()))
    for path, text in schemas().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        say(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
