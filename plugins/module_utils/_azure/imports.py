# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: fast imports of large libraries in a short-lived process."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def large() -> Iterator[None]:
    """Exclude imported objects from garbage collection, during the import and at the end of the process.

    The thousands of classes of the SDK live until the process ends, and scanning them for garbage takes up to half as
    long as importing them. Objects that are created later are collected as usual.
    """
    enabled, before = gc.isenabled(), len(sys.modules)
    gc.disable()
    try:
        yield
    finally:
        # Freeze only after a real import, because freezing also keeps present garbage.
        if len(sys.modules) > before:
            gc.freeze()
        if enabled:
            gc.enable()
