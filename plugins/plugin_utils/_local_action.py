# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the base of the action plugins that work on files of the controller and connect to no machine."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from ansible.module_utils.common.yaml import yaml_load
from ansible.plugins.action import ActionBase

from ..module_utils._model.common.errors import RemoteFailure, SiteRecoveryError

#: The root of the collection.
ROOT = Path(__file__).resolve().parents[2]


def own_collection() -> tuple[str, str]:
    """Return the name and the version of this collection, as it is installed or in a checkout."""
    installed = ROOT / "MANIFEST.json"
    if installed.is_file():
        found = json.loads(installed.read_text(encoding="utf-8"))["collection_info"]
    else:
        found = yaml_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))
    return f"{found['namespace']}.{found['name']}", str(found["version"])


class LocalAction(ActionBase):  # type: ignore[misc]
    """Validate the options, and run on the controller."""

    _requires_connection = False
    OPTIONS: ClassVar[dict[str, dict[str, Any]]] = {}
    #: The options with paths, which begin at the folder of the run.
    PATHS: ClassVar[tuple[str, ...]] = ()

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the task and return its result."""
        self._supports_check_mode = True
        result: dict[str, Any] = super().run(tmp, task_vars)
        _result, options = self.validate_argument_spec(argument_spec=self.OPTIONS)
        located = {name: str(Path(options[name]).absolute()) for name in self.PATHS if options[name]}
        try:
            with tempfile.TemporaryDirectory() as scratch:
                result.update(self.execute({**options, **located}, Path(scratch)))
        except SiteRecoveryError as error:
            result.update(failed=True, **error.to_result())
        except OSError as error:
            failure = RemoteFailure(f"{error.filename or 'a file of the controller'}: {error.strerror or error}")
            result.update(failed=True, **failure.to_result())
        return result

    def execute(self, options: Mapping[str, Any], scratch: Path) -> dict[str, Any]:
        """Return the keys of the result. `scratch` is an empty folder. Raises SiteRecoveryError."""
        raise NotImplementedError
