# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Validates the variables of a host on the controller."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible.utils.vars import load_extra_vars

from ..module_utils._model.common.check import worst
from ..plugin_utils._variables.cloud import cloud_environment, storage_account_names
from ..plugin_utils._variables.consents import grouped_consents
from ..plugin_utils._variables.names import read_files
from ..plugin_utils._variables.specs import sources
from ..plugin_utils._variables.validation import validate

#: The source of the variables of the playbooks themselves.
_PLAYBOOKS = "site"
# Ansible loads this file before it starts a worker process for each host, and the workers share what is read here.
read_files()


class ActionModule(ActionBase):  # type: ignore[misc]
    """Validate without a connection to the host. Check mode makes no difference."""

    _requires_connection = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        self._supports_check_mode = True
        result: dict[str, Any] = super().run(tmp, task_vars)
        _result, options = self.validate_argument_spec(
            argument_spec={
                "roles": {"type": "list", "elements": "str", "required": True, "choices": list(sources())},
                "provided_later": {"type": "list", "elements": "str", "default": []},
                "stop": {"type": "bool", "default": True},
            }
        )
        variables = task_vars or {}
        extra = load_extra_vars(self._loader) if _PLAYBOOKS in options["roles"] else {}
        found = validate(options["roles"], variables, self._templar.template, options["provided_later"], extra)
        if _PLAYBOOKS in options["roles"]:
            result["cloud_environment"] = cloud_environment(variables, self._templar.template)
            result["storage_accounts"] = storage_account_names(variables, self._templar.template)
            result["consents"] = grouped_consents(found.values)
        result.update(
            changed=False,
            status=worst(found.checks),
            checks=[check.to_result() for check in found.checks],
            values=dict(found.values),
        )
        if found.checks and options["stop"]:
            result.update(
                failed=True,
                msg="; ".join(check.describe() for check in found.checks),
                error={"kind": "invalid_input"},
            )
        return result
