# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: how long a write of this run may stay unknown in Azure, and how to wait for it.

Resource Manager answers from replicas in several regions, and some of them learn of a write later than its sender
(terraform-provider-azurerm issue 18268, azure-sdk-for-go issue 21608, ansible-collections/azure issue 850: up to ten
minutes).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from .._model.common.errors import DeadlineExceeded
from .._model.common.waiting import early_interval

Found = TypeVar("Found")

#: The most seconds until a new resource, group or registration is known everywhere.
ABSENT_SECONDS = 600.0
#: The most seconds until a change of an existing resource is visible. A difference that stays is not a delay: for
#: example a policy that rewrites the resource.
DIFFERENT_SECONDS = 60.0
#: Refusals of a write that needs a group or a parent which this run created or read.
UNKNOWN_PARENT = ("ResourceGroupNotFound", "ParentResourceNotFound")
#: The refusal of a call to a namespace that the subscription is not registered for.
NOT_REGISTERED = "MissingSubscriptionRegistration"
ADVICE = "Azure needs some minutes until a new resource is known everywhere: run again, or increase wait_timeout"


def visibility_limit(timeout: float, *, absent: bool) -> float:
    """Return the seconds for which the state that is read back may still be the old one."""
    return min(timeout, ABSENT_SECONDS if absent else DIFFERENT_SECONDS)


def wait_until_visible(look: Callable[[], Found | None], what: str, timeout: float) -> Found:
    """Look until something that this run created is found. Raises DeadlineExceeded."""
    started = time.monotonic()
    while (found := look()) is None:
        elapsed = time.monotonic() - started
        left = visibility_limit(timeout, absent=True) - elapsed
        if left <= 0:
            raise DeadlineExceeded(f"{what} to be visible", elapsed, f"{what} was created, but not found", ADVICE)
        time.sleep(early_interval(elapsed, left))
    return found
