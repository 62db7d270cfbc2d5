# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: observes a Windows machine in one remote execution."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from ...module_utils._model.common.waiting import interval
from ...module_utils._model.windows.facts import MachineFacts
from ...module_utils._model.windows.host_facts import STAGING_DIR
from ...module_utils._model.windows.proxy import Proxy
from ...module_utils._model.windows.trusted_roots import THUMBPRINTS
from ...module_utils._model.windows.vmm_facts import VmmFacts
from .._progress import ProgressLines
from .session import Session

#: The time limit of all connectivity calls together. One call may take half of it.
_DEADLINE_SECONDS = 30
#: How long to wait until VMM answers.
_VMM_SECONDS = 300


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
    parameters = {
        "Sections": list(sections),
        "StagingDir": staging_dir,
        "RootThumbprints": list(THUMBPRINTS) if "host" in sections else None,
        **(connectivity if "connectivity" in sections else {}),
        "ProxyAddress": custom.address if custom else None,
        "ProxyPort": custom.port if custom else None,
        "ProxyBypass": (list(custom.bypass or ()) or None) if custom else None,
    }
    secrets = {"ProxyCredential": custom.credential if custom else None}
    return _answered(session, lambda: session.run("observe", parameters, secrets))


def _answered(session: Session, read: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Read until VMM answers. It does not at once after its service has started, and a read then misses its clouds.

    After the deadline the reading is returned as it is; requirements report it.
    """
    started = time.monotonic()
    lines = ProgressLines(session.show, timeout=_VMM_SECONDS)
    while True:
        raw = read()
        if not raw["vmm"]:
            return raw
        vmm = VmmFacts.from_observation(raw["vmm"])
        elapsed = time.monotonic() - started
        if vmm.connection_error is None or not vmm.may_connect or elapsed >= _VMM_SECONDS:
            return raw
        lines.show(["the VMM service runs, but VMM does not answer yet"], elapsed)
        time.sleep(interval(elapsed, _VMM_SECONDS - elapsed))
