# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the trusted roots that the addresses of Azure and the signatures of the installers need.

DigiCert Global Root G2 is named by "Transport Layer Security in Azure Backup", which covers the agent and its
addresses; it and Microsoft RSA Root Certificate Authority 2017 are the roots of most certificates of Azure ("Azure
Certificate Authority details"). Installers of Microsoft are signed below Microsoft Root Certificate Authority 2011
("Required trusted root certificates").
"""

from __future__ import annotations

from dataclasses import dataclass

from ..common.check import Check
from .host_facts import RootFacts
from .requirement_context import Context


@dataclass(frozen=True, slots=True)
class Root:
    """A certificate in the store LocalMachine\\Root. `needed` tells whether everything depends on it."""

    name: str
    thumbprint: str
    purpose: str
    needed: bool = True


ROOTS = (
    Root("DigiCert Global Root G2", "DF3C24F9BFD666761B268073FE06D1CC8D4F82A4", "addresses of Azure"),
    Root(
        "Microsoft RSA Root Certificate Authority 2017",
        "73A5E64A3BFF8316FF0EDCCC618A906E4EAE4D74",
        "some addresses of Azure",
        needed=False,
    ),
    Root(
        "Microsoft Root Certificate Authority 2011",
        "8F43288AD272F3103B6FB1428485EA3014C0BCFE",
        "signatures of the installers",
    ),
)
THUMBPRINTS = tuple(root.thumbprint for root in ROOTS)


def trusted_roots(context: Context) -> Check | None:
    """Check the trusted roots. Windows fetches a missing one itself, unless a policy turns that off."""
    host, step = context.machine.host, context.machine_step
    if host is None or host.roots is None:
        return None
    missing = _missing(host.roots)
    if not missing:
        return Check.passed("trusted-roots", step, "the trusted roots of Azure and of the installers are present")
    shown = ", ".join(f"{root.name} ({root.purpose}, {root.thumbprint})" for root in missing)
    message = f"the store LocalMachine\\Root lacks {shown}"
    if host.roots.fetched:
        return Check.warning(
            "trusted-roots",
            step,
            f"{message}; Windows fetches it when it can reach Windows Update",
            "import it if the machine cannot reach Windows Update",
        )
    message = f"{message}, and a policy (DisableRootAutoUpdate) stops Windows from fetching it"
    failure = Check.failed if any(root.needed for root in missing) else Check.warning
    return failure("trusted-roots", step, message, "import it into Trusted Root Certification Authorities")


def _missing(found: RootFacts) -> list[Root]:
    present = {thumbprint.upper() for thumbprint in found.present}
    return [root for root in ROOTS if root.thumbprint not in present]
