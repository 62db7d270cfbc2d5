# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: one look at a Windows machine: one remote execution, however many parts are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...module_utils._model.windows.facts import STAGING_DIR, MachineFacts
from ...module_utils._model.windows.proxy import Proxy
from .session import Session

#: For all calls together; each may take half of it.
_DEADLINE_SECONDS = 30


def observe(session: Session, sections: Sequence[str], *, staging_dir: str = STAGING_DIR) -> MachineFacts:
    """The asked parts of the machine; the others are None."""
    return MachineFacts.from_observation(observe_raw(session, sections, staging_dir=staging_dir))


def observe_raw(
    session: Session,
    sections: Sequence[str],
    *,
    addresses: Sequence[str] = (),
    proxy: Proxy | None = None,
    staging_dir: str = STAGING_DIR,
) -> dict[str, Any]:
    """The same as the script gives it.

    The section reach calls `addresses`, and those of a registration, through `proxy`, or as Windows itself does.
    """
    reach: dict[str, Any] = {"ReachUrls": list(addresses), "ReachRegistered": True, "ReachSeconds": _DEADLINE_SECONDS}
    custom = proxy if proxy is not None and proxy.custom else None
    raw: dict[str, Any] = session.run(
        "observe",
        {
            "Sections": list(sections),
            "StagingDir": staging_dir,
            **(reach if "reach" in sections else {}),
            "ProxyAddress": custom.address if custom else None,
            "ProxyPort": custom.port if custom else None,
            "ProxyBypass": (list(custom.bypass or ()) or None) if custom else None,
        },
        {"ProxyCredential": custom.credential if custom else None},
    )
    return raw
