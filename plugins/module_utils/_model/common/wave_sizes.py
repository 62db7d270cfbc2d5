# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the sizes of the waves in which hosts are set up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from .errors import InvalidInput

#: The size of a wave with one node of each failover cluster.
ONE_PER_CLUSTER: Final = "one_per_cluster"
_NUMBER = re.compile(r"[1-9][0-9]*|(100|[1-9][0-9]?)%")


def wrong_sizes(option: str, sizes: Sequence[object]) -> Iterator[InvalidInput]:
    """Yield an error for each size that is wrong. Ansible takes 0 and other texts for all remaining hosts."""
    texts = [str(size).strip() for size in sizes]
    for number, text in enumerate(texts):
        if text != ONE_PER_CLUSTER and not _NUMBER.fullmatch(text):
            yield InvalidInput(
                f"{option}[{number}]",
                f"must be a number of hosts, a percentage or {ONE_PER_CLUSTER}, not '{text}'",
                "write a size such as 1 or 25%",
            )
    if texts and texts[-1] == ONE_PER_CLUSTER:
        yield InvalidInput(
            f"{option}[{len(texts) - 1}]",
            f"must not be {ONE_PER_CLUSTER}, because the last size applies to all further waves",
            "add a size such as 25%",
        )
