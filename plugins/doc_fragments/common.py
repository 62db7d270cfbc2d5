# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation that several nouns share: attributes, tags, resource group, waiting."""

from __future__ import annotations


class ModuleDocFragment:
    """Shared parts; the plain fragment is empty on purpose."""

    DOCUMENTATION = r"""
options: {}
"""

    CHANGING = r"""
attributes:
  check_mode:
    support: full
    description: Can run in check mode and tells the whole plan without changing anything.
  diff_mode:
    support: full
    description: Returns what changed, or in check mode would change, from the same view as the result.
  idempotent:
    support: full
    description: A second run with the same options changes nothing.
"""

    READING = r"""
attributes:
  check_mode:
    support: full
    description: Only reads, so check mode makes no difference.
  diff_mode:
    support: N/A
    description: Changes nothing.
  idempotent:
    support: full
    description: Changes nothing.
"""

    AZURE = r"""
attributes:
  action_group:
    description: Takes shared options from C(module_defaults) of the action group.
    support: full
    membership:
      - siterecovery.hyperv.azure
"""

    WINDOWS = r"""
attributes:
  action_group:
    description: Takes shared options from C(module_defaults) of the action group.
    support: full
    membership:
      - siterecovery.hyperv.windows
  platform:
    description: The target of the task.
    support: full
    platforms: windows
"""

    TAGS = r"""
options:
  tags:
    description:
      - Tags of the resource. Left alone when not given.
    type: dict
  append_tags:
    description:
      - Whether tags that O(tags) does not name are kept.
    type: bool
    default: true
"""

    GROUP = r"""
options:
  resource_group:
    description:
      - The resource group.
    type: str
    required: true
  create_resource_group:
    description:
      - Whether a missing resource group is created. It is an error otherwise.
    type: bool
    default: false
"""

    WAIT = r"""
options:
  wait_timeout:
    description:
      - How many seconds a long-running operation may take. It goes on in Azure after that, and the next run waits for
        its end.
    type: int
    default: 1800
"""
