# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the front end of modules whose result can contain a requested secret."""

from __future__ import annotations

from typing import Any, ClassVar

from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action.normal import ActionModule as Normal

from ..module_utils._model.common.errors import InvalidInput
from ..module_utils._model.common.resource import require_hidden


class NoLogGuardAction(Normal):  # type: ignore[misc]
    """Runs the module of the same name, unless its result would show a secret.

    The check belongs here: a module cannot tell no_log from no_target_syslog, and does not know about async.
    """

    #: The option that requests the secret.
    OPTION: ClassVar[str]

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        if boolean(self._task.args.get(self.OPTION, False), strict=False):
            try:
                require_hidden(self.OPTION, no_log=bool(self._task.no_log), in_background=bool(self._task.async_val))
            except InvalidInput as error:
                return {"failed": True, "changed": False, **error.to_result()}
        result: dict[str, Any] = super().run(tmp, task_vars)
        return result
