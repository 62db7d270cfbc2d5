# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: observes a Windows machine in one remote execution."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...module_utils._model.windows.facts import MachineFacts
from ...module_utils._model.windows.host_facts import STAGING_DIR
from ...module_utils._model.windows.proxy import Proxy
from .session import Session

#: The time limit of all connectivity calls together. One call may take half of it.
_DEADLINE_SECONDS = 30


def observe(session: Session, sections: Sequence[str], *, staging_dir: str = STAGING_DIR) -> MachineFacts:
    """Return the requested sections of the machine. The others are None."""
    return MachineFacts.from_observation(observe_raw(session, sections, staging_dir=staging_dir))


def observe_raw(
    session: Session,
    sections: Sequence[str],
    *,
    addresses: Sequence[str] = (),
    proxy: Proxy | None = None,
    staging_dir: str = STAGING_DIR,
) -> dict[str, Any]:
    """Return the object of the script.

    The section `connectivity` calls `addresses`, and those in the registration, through `proxy` or as Windows does.
    """
    connectivity: dict[str, Any] = {
        "ConnectivityUrls": list(addresses),
        "ConnectivityRegistered": True,
        "ConnectivitySeconds": _DEADLINE_SECONDS,
    }
    custom = proxy if proxy is not None and proxy.custom else None
    raw: dict[str, Any] = session.run(
        "observe",
        {
            "Sections": list(sections),
            "StagingDir": staging_dir,
            **(connectivity if "connectivity" in sections else {}),
            "ProxyAddress": custom.address if custom else None,
            "ProxyPort": custom.port if custom else None,
            "ProxyBypass": (list(custom.bypass or ()) or None) if custom else None,
        },
        {"ProxyCredential": custom.credential if custom else None},
    )
    return raw
