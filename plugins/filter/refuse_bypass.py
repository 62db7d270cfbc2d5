# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that stops a playbook whose gates the command line would bypass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible import context
from ansible.errors import AnsibleFilterError

# Tasks of a gate run under any tags, except when these are skipped.
_SKIPS_GATES = ("always", "tagged")


def refuse_bypass(pattern: str) -> str:
    """Return the host pattern of a play. Raises AnsibleFilterError for an option that bypasses the gates."""
    if context.CLIARGS.get("start_at_task"):
        raise AnsibleFilterError(
            "--start-at-task would skip checks that later tasks rely on; run the playbook from its beginning:"
            " it changes only what is missing"
        )
    for tag in context.CLIARGS.get("skip_tags") or ():
        if tag in _SKIPS_GATES:
            raise AnsibleFilterError(f"--skip-tags {tag} would skip the gates of the playbook; omit it")
    return pattern


class FilterModule:
    """The filter of this file by its name."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"refuse_bypass": refuse_bypass}
