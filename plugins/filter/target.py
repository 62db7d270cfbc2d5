# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A filter that validates a desired Azure target offline."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..module_utils._model.azure.target_checks import target_checks_offline

Entry = Mapping[str, Any]
Problem = dict[str, str]


def target_refusals(
    storage_accounts: Sequence[Entry],
    virtual_networks: Sequence[Entry] = (),
    location: str = "",
    deployment_model: str = "",
    allow_other_region: bool = False,
) -> list[Problem]:
    """Return a failed check for each problem of a desired target (T2, B1, T4 to T7)."""
    found = target_checks_offline(
        storage_accounts,
        virtual_networks,
        location=location,
        deployment_model=deployment_model,
        allow_other_region=allow_other_region,
    )
    return [check.to_result() for check in found]


class FilterModule:
    """The filters of this file by their names."""

    def filters(self) -> dict[str, Callable[..., list[Problem]]]:
        return {"target_refusals": target_refusals}
