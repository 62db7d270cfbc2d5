# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated Azure Resource Manager: `server.ArmServer` serves it, `state.AzureState` is what it knows.

Each behaviour carries its source and strength in a comment beside it:

- *documented*: a public document of Microsoft (REST reference, API definitions, error lists, SDK source);
- *recorded*: real traffic published in the test recordings of Azure CLI, its extensions and Azure PowerShell;
- *inferred*: neither, our best judgement; nothing outside the lab may rest on it alone.
"""
