# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write docs/assumptions.md: the assumptions of the collection about real systems, and how to settle each.

The tables of assumptions are in the collection's model. Each inference of the lab is settled by an assumption, or left
out for a reason that this file gives.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from .inferred import Inference, collected
from .paths import ROOT, say

PAGE = ROOT / "docs" / "assumptions.md"
SCHEMA = ROOT / "docs" / "assumptions.schema.json"

#: By the function or constant (or else the file) of an inference, the assumptions that settle it.
SETTLED: dict[str, tuple[str, ...]] = {
    "_WAITING": ("A-A-74",),
    "Agent": ("A-W-51", "A-W-52", "A-W-53"),
    "CHECKPOINTS": ("A-W-43",),
    "DEFAULT_HOURS": ("A-A-62",),
    "ENDED_BY_SHUTDOWN": ("A-W-83",),
    "FAILED": ("A-W-73",),
    "Refusal": ("A-W-39",),
    "_BYPASS_SINCE": ("A-W-52",),
    "_check_registered": ("A-A-06",),
    "_phases": ("A-A-81",),
    "plan_document": ("A-A-81",),
    "plan_trees": ("A-A-81",),
    "plan_failovers": ("A-A-94",),
    "_configure": ("A-W-75",),
    "_UNREPLICATED": ("A-A-93",),
    "_copy_changes": ("A-A-91",),
    "_DELTA_SECONDS": ("A-A-91",),
    "fail_back": ("A-A-92",),
    "_forget_later_settings": ("A-A-24",),
    "_guest_disks": ("A-W-57", "A-W-58"),
    "_require_match": ("A-A-40", "A-A-60"),
    "_travel": ("A-W-81",),
    "TO_COMMIT_BACK": ("A-A-91",),
    "capability_profiles": ("A-W-27",),
    "check_linked": ("A-A-65",),
    "create_machine": ("A-A-116",),
    "drconfigurator": ("A-W-31", "A-W-34", "A-W-73"),
    "fabric_document": ("A-A-31", "A-A-32"),
    "event_logs": ("A-W-85",),
    "flag_shown": ("A-W-25",),
    "flag_supported": ("A-W-26",),
    "health_issue": ("A-A-66",),
    "list_locks": ("A-A-07",),
    "mars_installer": ("A-W-73",),
    "merge_vault": ("A-A-61",),
    "need_operation": ("A-A-05",),
    "operation_status": ("A-A-64",),
    "publish_cloud": ("A-W-77",),
    "read_vmm": ("A-W-95",),
    "refresher": ("A-W-24",),
    "resource": ("A-W-42",),
    "set_agent_throttle": ("A-W-80",),
    "start_service": ("A-W-45", "A-W-78"),
    "system_proxy": ("A-W-40",),
}
_REFUSALS = "They are the code and the text of a refusal. A read never meets it, because only a wrong request does."
_WRITES = (
    "They are results of a write or an operation, which only a change shows. The collection reads its changes back."
)
_LAB_ONLY = "They concern only the lab. The collection does not depend on them."
_UNHEALTHY = "a healthy host does not show it"
#: By the reason for which no assumption settles them: functions or constants of inferences.
LEFT_OUT: dict[str, tuple[str, ...]] = {
    _WRITES: (
        "QUEUED",
        "check",
        "_ATTACH",
        "_INITIAL_REPLICATION",
        "_check",
        "_default_tls_version",
        "_done",
        "_document",
        "_PROVIDER",
        "_drained",
        "_end",
        "_fail",
        "_firewall",
        "_is_public",
        "_details",
        "_put_existing",
        "_remove_provider",
        "_refuse_purge",
        "_updated_adapter",
        "_vmm",
        "action_result",
        "add_result",
        "allowed_actions",
        "appear",
        "cancel_job",
        "check_enable",
        "check_update",
        "create",
        "domain",
        "end",
        "install",
        "keep_members",
        "make_private",
        "merge_account",
        "patch_policy",
        "not_completed",
        "patch_vault",
        "prepare",
        "put_vault",
        "recovery_points",
        "restart_job",
        "reverse",
        "run",
        "name_taken",
        "tasks_of",
        "try_to_shut_down",
        "undelete",
        "update",
        "unregister",
        "update_target",
        "views",
        "withdraw_clouds",
    ),
    _LAB_ONLY: (
        "_ACTION_SECONDS",
        "_INTERVAL",
        "_OPEN",
        "_PUBLIC",
        "_SIZES",
        "_target",
        "_os_details",
        "_point_of",
        "_target",
        "_until",
        "point_document",
        "check_form",
        "is_old",
        "languages",
        "list_jobs",
    ),
    _UNHEALTHY: ("agent_version", "state"),
}
_REFUSAL_WORDS = re.compile(r"\b(codes?|texts?|refusals?)\b", re.IGNORECASE)

SIDES = {"vmm_server": "VMM server", "hyperv_host": "Hyper-V host", "azure": "Azure"}
INTRODUCTION = """\
<!-- Made by `make assumptions` from the tables in plugins/module_utils/_model: edit those. -->
# Assumptions about real systems

The collection was developed against public documents, recorded traffic and a lab. Where these leave something open, it
makes an assumption. This page lists the assumptions that can be checked on a real server or subscription, some of them
only by a person on a test server. [Another page](inferred.md) lists the inferences of the lab.

## How to check

```shell
ansible-playbook -i inventory siterecovery.hyperv.verify_assumptions -e site_assumptions_file=assumptions.json
```

The playbook reads the VMM servers, the Hyper-V hosts and the vault of your inventory and changes nothing. Windows
machines are read in one remote execution each, and Azure only gets reading calls. The playbook prints one row per
assumption:

- `holds`: the facts agree with the assumption.
- `does not hold`: the facts contradict it. Please report it.
- `could not look`: the deciding facts do not exist on this system, could not be read, or need a change. The row gives
  the reason.

The exit status is 0 in all these cases. A machine that cannot be reached is named below the table.

| variable | meaning | default |
| --- | --- | --- |
| `site_vmm_servers` | pattern of the VMM servers | `vmm_servers` |
| `site_hyperv_hosts` | pattern of the Hyper-V hosts | `hyperv_hosts` |
| `site_assumptions_file` | file of the report, on the controller | `assumptions.json` |
| `site_check_connectivity` | whether the machines call three public names of Azure | `true` |

The login to Azure and the proxies are those of the roles (`azure_target_*`, `vmm_server_proxy`, `hyperv_host_proxy`).
Without `azure_target_vault_name` Azure is left out.

## The report

The file is meant to be sent to the developers. It holds ids and statuses of assumptions, versions, counts, names that
products give to their members, and forms such as `guid` or `https address`. It holds no name of a host, domain, user,
cloud, vault or network, no id and no address. Systems have pseudonyms: keyed hashes, whose random key is made for one
report and kept nowhere. [assumptions.schema.json](assumptions.schema.json) describes version 1 of the form.
"""
HEADING = """
| id | assumption | relied on by | how to settle | source |
| --- | --- | --- | --- | --- |
"""


def tables() -> tuple[Sequence[Any], Sequence[Any]]:
    """Return the tables of the checkout: Windows, Azure."""
    sys.path.insert(0, str(ROOT))
    model = "plugins.module_utils._model"
    windows, azure = (importlib.import_module(f"{model}.{wing}.assumptions") for wing in ("windows", "azure"))
    return windows.ASSUMPTIONS, azure.ASSUMPTIONS


def page(windows: Sequence[Any], azure: Sequence[Any], inferences: Iterable[Inference]) -> str:
    """Return the text of the page."""
    found = list(inferences)
    return (
        INTRODUCTION
        + "\n## Windows machines\n"
        + _table(windows)
        + "\n## Azure\n"
        + _table(azure)
        + _settled(found)
        + _left_out(found)
    )


def _table(assumptions: Sequence[Any]) -> str:
    rows = sorted(assumptions, key=lambda each: str(each.id))
    return HEADING + "".join(f"| {' | '.join(map(_cell, _cells(each)))} |\n" for each in rows)


def _cells(each: Any) -> tuple[str, ...]:
    settle = f"by hand, because {each.needs}: `{each.command}`" if each.decide is None else _read_of(each.sides)
    modules = ", ".join(f"`{name}`" for name in each.relied_on_by)
    return each.id, each.statement, modules, settle, f"{each.source} ({each.strength})"


def _read_of(sides: Sequence[str]) -> str:
    return "read of " + " or ".join(SIDES[side] for side in sides)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", r"\|").split())


# ---- inferences of the lab ----


def key_of(inference: Inference) -> str:
    """Return the name by which an inference is assigned: of its function or constant, or else of its file."""
    return inference.place.rpartition(".")[2] or inference.path.rpartition("/")[2].removesuffix(".py")


def is_refusal(inference: Inference) -> bool:
    """Tell whether an inference is about the code or the text of a refusal."""
    return bool(inference.answer) or _REFUSAL_WORDS.search(inference.text) is not None


def unassigned(inferences: Iterable[Inference]) -> list[str]:
    """Return the inferences that are neither settled nor left out, one line each."""
    known = {*SETTLED, *(key for keys in LEFT_OUT.values() for key in keys)}
    return [
        f"{each.path}, {key_of(each)}: {each.text}"
        for each in inferences
        if key_of(each) not in known and not is_refusal(each)
    ]


def _settled(inferences: Sequence[Inference]) -> str:
    rows = [
        f"| `{each.path}`{f', `{each.place}`' if each.place else ''} | {_cell(each.text)} | {ids} |\n"
        for each in inferences
        if (ids := ", ".join(SETTLED.get(key_of(each), ())))
    ]
    return (
        "\n## Inferences of the lab\n\n"
        f"Of {len(inferences)} [inferences of the lab](inferred.md), an assumption settles these {len(rows)}:\n\n"
        "| place in the lab | inference | settled by |\n| --- | --- | --- |\n" + "".join(rows)
    )


def _left_out(inferences: Sequence[Inference]) -> str:
    open_ones = [each for each in inferences if key_of(each) not in SETTLED]
    counted = {reason: sum(1 for each in open_ones if key_of(each) in keys) for reason, keys in LEFT_OUT.items()}
    refusals = len(open_ones) - sum(counted.values())
    lines = [f"- {count}: {reason}\n" for reason, count in {_REFUSALS: refusals, **counted}.items()]
    return f"\nThe other {len(open_ones)} are left out:\n\n" + "".join(lines)


def main() -> None:
    windows, azure = tables()
    PAGE.write_text(page(windows, azure, collected()))
    say(f"{PAGE.relative_to(ROOT)}: {len(windows) + len(azure)} assumptions")


if __name__ == "__main__":
    main()
