# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Count calls with 1 and with 500 storage accounts and networks: only lists may need more, one for each page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lab.lab import Lab
from tests.bench.calls import shown
from tests.bench.comparison import GROUP, PLACE, RESOURCES, ours

SIZES = (1, 500)
_VAULT = "vault-bench1"


def seed(lab: Lab, upto: int) -> None:
    """Create accounts and networks up to the number."""
    azure = lab.azure
    for number in range(len(azure.accounts) + 1, upto + 1):
        azure.seed_account(GROUP, f"stbench{number}", PLACE)
    for number in range(len(azure.networks) + 1, upto + 1):
        azure.seed_network(GROUP, f"vnet-bench{number}", PLACE, ["10.60.0.0/16"])


def growth(lab: Lab) -> None:
    """Print the calls of a run without changes for each size."""
    side = ours(lab)
    lab.azure.seed_group(GROUP, PLACE)
    lab.azure.seed_vault(GROUP, _VAULT, PLACE)
    questions: dict[str, dict[str, Any]] = {
        "target_info": {"resource_group": GROUP, "vault_name": _VAULT},
        "vault_info": {"resource_group": GROUP},
        **{resource.ours: resource.options(1, own=True) for resource in RESOURCES},
    }
    table: dict[str, list[str]] = {name: [] for name in questions}
    for size in SIZES:
        seed(lab, size)
        for name, options in questions.items():
            # The first run may change something, the second does not.
            side.play(f"siterecovery.hyperv.{name}", options, 1)
            sample = side.play(f"siterecovery.hyperv.{name}", options, 1)
            table[name].append(f"{shown(sample.calls)} in {sample.seconds[0]:.1f} s")
    print(*lines(table, lab.azure.page_size), sep="\n")


def lines(table: dict[str, list[str]], page: int) -> Iterator[str]:
    """Yield the table. A list has one more page when its last page is full, because azure-core follows the link."""
    first, last = SIZES
    yield f"{'without changes':16} {f'over {first} account, {first} network':32} over {last} of each, {page} a page"
    for name, cells in table.items():
        yield f"{name:16} {cells[0]:32} {cells[1]}"
