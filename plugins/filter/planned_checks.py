# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters for the plans of modules that ran in check mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from ansible.errors import AnsibleFilterError

from ..module_utils._model.common.planned_checks import planned
from ..module_utils._model.common.resource import Evidence


def planned_checks(
    results: Sequence[Mapping[str, Any]], step: str, pending: bool = False
) -> dict[str, list[dict[str, str]]]:
    """Return checks and evidence of the results. Raise AnsibleFilterError for something else than results."""
    _require_list(results)
    checks, evidence = planned(results, step, pending=bool(pending))
    return {"checks": [each.to_result() for each in checks], "evidence": [each.to_result() for each in evidence]}


def planned_changes(evidence: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the lines of evidence whose changes were only planned."""
    _require_list(evidence)
    return [row for row in evidence if Evidence(*(str(row[field.name]) for field in fields(Evidence))).planned]


def _require_list(value: Any) -> None:
    if isinstance(value, (str, Mapping)) or not isinstance(value, Sequence):
        raise AnsibleFilterError(f"the input must be a list, not {type(value).__name__}")


class FilterModule:
    """The filters of this file by their names."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"planned_checks": planned_checks, "planned_changes": planned_changes}
