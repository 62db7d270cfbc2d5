# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The trusted roots of a Windows server that receives updates, as far as anything here depends on them.

Documented: "Azure Certificate Authority details" for the roots of Azure's addresses, and "Microsoft Trusted Root
Program, required trusted root certificates" for the root of Microsoft's signatures.
"""

from __future__ import annotations

from typing import Final

ROOTS: Final = (
    # DigiCert Global Root G2
    "DF3C24F9BFD666761B268073FE06D1CC8D4F82A4",
    # Microsoft RSA Root Certificate Authority 2017
    "73A5E64A3BFF8316FF0EDCCC618A906E4EAE4D74",
    # Microsoft Root Certificate Authority 2011
    "8F43288AD272F3103B6FB1428485EA3014C0BCFE",
    # A root of another authority, as every server has many.
    "0563B8630D62D75ABBC8AB1E4BDFB5A899B24D43",
)
