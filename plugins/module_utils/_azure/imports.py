# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: imports of large libraries in a process that lives for a second."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def large() -> Iterator[None]:
    """Keep the garbage collector from walking through what is imported here, now and at the end of the process.

    The SDK's thousands of classes stay until the process ends anyway; looking through them for garbage takes up to
    half as long as importing them. What comes after is collected as ever.
    """
    enabled, before = gc.isenabled(), len(sys.modules)
    gc.disable()
    try:
        yield
    finally:
        # Only after a real import: freezing also keeps what happens to be garbage at this moment.
        if len(sys.modules) > before:
            gc.freeze()
        if enabled:
            gc.enable()
