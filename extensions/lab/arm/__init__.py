# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The simulated Azure Resource Manager: `server.ArmServer` serves it, `state.AzureState` is its state.

Comments in the code name the source and the strength of each behavior:

- *documented*: a public document of Microsoft (REST reference, API definitions, error lists, SDK source);
- *recorded*: real traffic published in the test recordings of Azure CLI, its extensions and Azure PowerShell;
- *inferred*: neither; it is our best estimate, and code outside the lab must not rely only on it.
"""
