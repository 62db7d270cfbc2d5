# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the consents of the playbook unregister. Each names the vault, so that none holds for another one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...module_utils._model.azure.removal import REMOVABLE
from ...module_utils._model.common.errors import InvalidInput
from ...module_utils._model.common.names import same_name
from ...module_utils._model.common.removal_report import PARTS

_PREFIX = "site_unregister_"
PURGE = "purge"
#: The steps in Azure, the parts of the machines, and the purge of what belongs to a lost server.
CONSENTS = (*REMOVABLE, *PARTS, PURGE)


def given_consents(values: Mapping[str, Any]) -> list[str]:
    """Return the consents among the variables of the playbooks."""
    return [each for each in CONSENTS if values.get(_PREFIX + each)]


def grouped_consents(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the consents as the steps in Azure, the parts of the machines, and the purge."""
    given = given_consents(values)
    return {
        "steps": [each for each in given if each in REMOVABLE],
        "parts": [each for each in given if each in PARTS],
        PURGE: PURGE in given,
    }


def wrong_consents(values: Mapping[str, Any], vault_name: str) -> Iterator[InvalidInput]:
    """Yield a problem for each consent that does not name the vault."""
    for each in given_consents(values):
        if not same_name(str(values[_PREFIX + each]), vault_name):
            problem = "must be the name of the vault, as the consent to this removal"
            yield InvalidInput(_PREFIX + each, problem, f"set it to {vault_name}, or remove it")
