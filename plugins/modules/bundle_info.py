#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: bundle_info
short_description: Verify a bundle, and plan what machines install from it
version_added: 0.1.0
description:
  - Verifies a folder that M(siterecovery.hyperv.bundle) has built, wherever it was copied to. A file that changed, that
    is missing or that the manifest does not have fails the module, and the message names it.
  - Reads every file from an address as well, and compares it with the manifest.
  - Returns the variables of the roles that install from the address, and the steps of each machine from its version to
    the newest one. The steps obey the same rule (N-4) as M(siterecovery.hyperv.provider) and
    M(siterecovery.hyperv.mars_agent).
  - Runs on the controller and connects to no machine.
notes:
  - The hashes prove that the bundle is the one that the manifest describes. Only a signature proves who built it.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  path:
    description:
      - The folder of the bundle. All relative paths start at the working directory.
    type: path
    required: true
  allowed_signers:
    description:
      - The file of allowed signers, in the format of C(ssh-keygen). If it is set, the bundle must have a valid
        signature of O(signer). Without it, a signature is not verified.
    type: path
  signer:
    description:
      - The identity in O(allowed_signers). Required with it.
    type: str
  signature_namespace:
    description:
      - The namespace of the signature.
    type: str
    default: siterecovery.hyperv.bundle
  address:
    description:
      - The https address, or the share, from which the machines get the installers.
      - The controller does not read a share. Every machine verifies the hash of its installer in any case.
    type: str
  ca_path:
    description:
      - A file with certificates of authorities, for O(address). The default is those of the system.
    type: path
  versions_file:
    description:
      - A file with the versions on the machines, as the filter P(siterecovery.hyperv.bundle_versions#filter) returns
        them. The module fails if the installers of the bundle cannot bridge a gap, and names the versions.
    type: path
  allow_unsupported_upgrade:
    description:
      - Whether to plan steps over more releases than Microsoft supports (N-4), with a warning. Microsoft may not help
        if such an upgrade fails.
    type: bool
    default: false
extends_documentation_fragment:
  - siterecovery.hyperv.common
  - siterecovery.hyperv.common.reading
attributes:
  platform:
    support: full
    platforms: posix
    description: Runs on the controller.
seealso:
  - module: siterecovery.hyperv.bundle
"""

EXAMPLES = r"""
- name: Verify the bundle and the web server
  siterecovery.hyperv.bundle_info:
    path: bundle
    allowed_signers: allowed_signers
    signer: release@example.com
    address: https://files.example.com/bundle
    versions_file: versions.json
  register: carried
"""

RETURN = r"""
bundle:
  description: The bundle, as RV(siterecovery.hyperv.bundle#module:bundle) shows it.
  returned: success
  type: dict
  sample: {path: /srv/bundle, installers: [MARSAgentInstaller.exe 2.0.9260.0], wheels: [], signed: true}
manifest:
  description: The manifest.
  returned: success
  type: dict
  sample: {schema_version: 1, collection: {name: siterecovery.hyperv, version: 0.1.0}, files: []}
steps:
  description:
    - The versions that each machine installs one after the other. Empty without O(versions_file).
    - C(unsupported) has those that are too far from the step before, see O(allow_unsupported_upgrade).
  returned: success
  type: list
  elements: dict
  sample:
    - {host: hv01, program: agent, version: 2.0.9249.0, steps: [2.0.9919.0, 2.0.9938.0], unsupported: []}
lines:
  description: The steps as lines for people.
  returned: success
  type: list
  elements: str
  sample: ["hv01: agent 2.0.9249.0 -> 2.0.9919.0 -> 2.0.9938.0"]
variables:
  description: The variables of the roles for the newest installers. Empty without O(address).
  returned: success
  type: dict
  sample:
    hyperv_host_agent_source: https://files.example.com/bundle/installers/agent/2.0.9938.0/MARSAgentInstaller.exe
    hyperv_host_agent_checksum: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    hyperv_host_agent_version: 2.0.9938.0
inventory:
  description:
    - An inventory with the installer of the next step of each machine. Empty without O(address) and O(versions_file).
    - It allows a step of C(unsupported) for that machine only.
  returned: success
  type: dict
  sample: {all: {hosts: {hv01: {hyperv_host_agent_version: 2.0.9919.0}}}}
"""
