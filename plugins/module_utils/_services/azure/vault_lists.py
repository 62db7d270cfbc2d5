# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the lists of a vault."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..._azure.failures import Absent, read
from ..._azure.wire import Document, documents


def list_of_vault(noun: str, call: Callable[[], Iterable[Any]]) -> list[Document]:
    """Read a list of an existing vault. A vault that was deleted after it was read has empty lists."""
    answer = read(f"list the vault's {noun}", lambda: documents(call()))
    return [] if isinstance(answer, Absent) else answer
