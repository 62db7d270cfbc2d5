#!/usr/bin/python
# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the action plugin of the same name, which does the work."""

from __future__ import annotations

DOCUMENTATION = r"""
module: bundle
short_description: Build a folder that carries an installation to a network without Internet
version_added: 0.1.0
description:
  - Builds a folder with installers, collections, Python packages and a manifest with the SHA-256 hash of every file.
  - Runs on the controller and connects to no machine. M(siterecovery.hyperv.bundle_info) verifies the folder where it
    is used.
  - A second run changes nothing, and needs no network. Files that are in the folder but not in its manifest are never
    touched; they stop the module, which names them.
  - An interrupted build is continued by the next run.
notes:
  - Collections and Python packages are downloaded by C(ansible-galaxy) and C(pip) 23.0 or newer, both from the Python
    environment of the controller and with their own configuration of servers, indexes and logins.
  - Check mode also asks the servers which collections and packages would be downloaded.
  - The manifest notes the signer of each installer, as the certificate in the file names it. The module does not verify
    this certificate. Windows verifies the signature on every machine before setup runs.
  - The JSON schema of the manifest is in C(docs/schemas/bundle.schema.json) of the collection.
author:
  - siterecovery.hyperv contributors (@siterecovery)
options:
  path:
    description:
      - The folder of the bundle. It must be new, empty or a bundle. All relative paths start at the working directory.
    type: path
    required: true
  installers:
    description:
      - The installers of the bundle. An installer that is not listed anymore is removed from it.
    type: list
    elements: dict
    default: []
    suboptions:
      program:
        description:
          - The program that it installs.
        type: str
        choices: [provider, agent]
        required: true
      version:
        description:
          - The version of the installer.
        type: str
        required: true
      source:
        description:
          - An https address, or a path on the controller. Proxies for addresses are those of the environment.
        type: str
        required: true
      checksum:
        description:
          - The SHA-256 hash of the installer.
        type: str
        required: true
  collections:
    description:
      - The collections, in any form that C(ansible-galaxy collection download) accepts. Their dependencies are added.
      - The default is this collection in its own version. An empty list leaves out all collections.
    type: list
    elements: str
  wheels:
    description:
      - Whether the bundle has the Python packages that this collection requires, and those in O(python_packages).
    type: bool
    default: true
  python_packages:
    description:
      - Python packages in addition to those that this collection requires, as requirements of C(pip).
    type: list
    elements: str
    default: [ansible-core]
  python_version:
    description:
      - The Python version for which packages are selected, such as V(3.12). The default is that of the controller.
    type: str
  platforms:
    description:
      - The platforms for which packages are selected, such as V(manylinux2014_x86_64). The default is that of the
        controller.
    type: list
    elements: str
    default: []
  update:
    description:
      - Whether to look for newer collections and packages that satisfy the same request. Without this option, they are
        only downloaded when the request changed, or a file is missing or changed.
    type: bool
    default: false
  versions_file:
    description:
      - A file with the versions on the machines, as the filter P(siterecovery.hyperv.bundle_versions#filter) returns
        them. The module stops before any change if O(installers) cannot bridge a gap (N-4), and names the versions.
    type: path
  allow_unsupported_upgrade:
    description:
      - Whether to plan steps over more releases than Microsoft supports (N-4), with a warning. Microsoft may not help
        if such an upgrade fails.
    type: bool
    default: false
  ca_path:
    description:
      - A file with certificates of authorities, for the addresses of installers. The default is those of the system.
    type: path
  signing_key:
    description:
      - The SSH key with which C(ssh-keygen) signs the manifest. Its public key must be next to it, with the suffix
        C(.pub). A key with a passphrase must be in the SSH agent.
      - Without this option, a signature stays until the content changes.
    type: path
  signature_namespace:
    description:
      - The namespace of the signature.
    type: str
    default: siterecovery.hyperv.bundle
extends_documentation_fragment:
  - siterecovery.hyperv.common
  - siterecovery.hyperv.common.changing
attributes:
  platform:
    support: full
    platforms: posix
    description: Runs on the controller.
seealso:
  - module: siterecovery.hyperv.bundle_info
"""

EXAMPLES = r"""
- name: Build a bundle with one installer of the agent
  siterecovery.hyperv.bundle:
    path: bundle
    installers:
      - program: agent
        version: 2.0.9260.0
        source: https://mirror.example.com/MARSAgentInstaller.exe
        checksum: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    python_version: "3.12"
    platforms: [manylinux2014_x86_64]
    signing_key: bundle_key
"""

RETURN = r"""
bundle:
  description: The bundle after the run. In check mode, its expected state.
  returned: success
  type: dict
  contains:
    path:
      description: The folder.
      returned: success
      type: str
      sample: /srv/bundle
    installers:
      description: Names and versions of the installers.
      returned: success
      type: list
      elements: str
      sample: [MARSAgentInstaller.exe 2.0.9260.0]
    collections:
      description: Names and versions of the collections.
      returned: success
      type: list
      elements: str
      sample: [ansible.windows 2.4.0, siterecovery.hyperv 0.1.0]
    wheels:
      description: Names and versions of the Python packages.
      returned: success
      type: list
      elements: str
      sample: [cryptography 42.0.0]
    signed:
      description: Whether it has a signature.
      returned: success
      type: bool
      sample: true
plan:
  description: The changes that were made, or in check mode would be made. Empty if no change is due.
  returned: success
  type: list
  elements: dict
  sample:
    - path: signed
      before: false
      after: true
      reason: sign the manifest
evidence:
  description: One entry per step of the setup guide, with the initial state, the changes and the verified result.
  returned: success
  type: list
  elements: dict
  sample:
    - step: H1
      found: "agent: 2.0.9260.0"
      done: nothing to do
      verified: "agent: 2.0.9260.0"
"""
