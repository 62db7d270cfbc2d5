# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that several modules share: attributes, tags, resource group, waiting."""

from __future__ import annotations


class ModuleDocFragment:
    """Shared parts. The plain fragment is intentionally empty."""

    DOCUMENTATION = r"""
options: {}
"""

    CHANGING = r"""
attributes:
  check_mode:
    support: full
    description: Can run in check mode and return the changes without making them.
  diff_mode:
    support: full
    description: Returns details of what has changed, or in check mode would change.
  idempotent:
    support: full
    description: A second run with the same options makes no changes.
"""

    READING = r"""
attributes:
  check_mode:
    support: full
    description: Can run in check mode, because it only reads.
  diff_mode:
    support: N/A
    description: This module makes no changes.
  idempotent:
    support: full
    description: This module makes no changes.
"""

    TAGS = r"""
options:
  tags:
    description:
      - Tags of the resource. Unchanged when not set.
    type: dict
  purge_tags:
    description:
      - Remove tags that O(tags) does not list.
    type: bool
    default: false
"""

    GROUP = r"""
options:
  resource_group:
    description:
      - Name of the resource group.
    type: str
    required: true
  create_resource_group:
    description:
      - Create a missing resource group. Without this option a missing resource group is an error.
    type: bool
    default: false
  register_resource_provider:
    description:
      - Register the resource provider of the resource if the subscription is not registered for it yet, and wait until
        it is registered. With V(false) the module fails and shows the command.
    type: bool
    default: true
  resource_group_tags:
    description:
      - Tags of a resource group that O(create_resource_group) creates, for example because a policy requires them. The
        tags of an existing resource group stay unchanged.
    type: dict
"""

    WAIT = r"""
options:
  wait_timeout:
    description:
      - Maximum time in seconds to wait for a long-running operation. The operation then continues in Azure, and the
        next run waits for its end.
    type: int
    default: 1800
"""
