# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write docs/doctor.md: the symptoms of known problems, with cause, fix and public source."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from typing import Any

from .paths import ROOT, say

PAGE = ROOT / "docs" / "doctor.md"
PLACES = {
    "check": "check of `host_info`",
    "log": "log",
    "event": "event log",
    "task": "scheduled task",
    "job": "failed job",
    "health": "health of the vault",
    "vault": "servers of the vault",
}
INTRODUCTION = """\
<!-- Made by `make doctor` from the tables in plugins/module_utils/_model: edit those. -->
# Symptoms of known problems

The playbook `doctor` compares real machines and the vault with a table of known problems, and prints each symptom that
it finds with machine, cause, fix and public source:

```console
ansible-playbook -i inventory siterecovery.hyperv.doctor
```

It reads each machine in one remote execution, and Azure in three calls. It changes nothing without consent. A symptom
does not fail the run. A machine, a log or a vault that cannot be read fails it, because a symptom there is not known.
The result contains no line of a log.

## Repairs

Some symptoms have a repair. It needs your consent, which is the id of the symptom, or several ids with commas:

```console
ansible-playbook -i inventory siterecovery.hyperv.doctor -e site_doctor_fix=agent-service --check --diff
ansible-playbook -i inventory siterecovery.hyperv.doctor -e site_doctor_fix=agent-service
```

A repair starts a service that is stopped. If its startup type is disabled, the repair sets it to automatic before. The
values before and after each change are in the file `doctor-undo.json` (`site_doctor_undo_file`) on the controller. An
undo puts back each value that is still the one of the repair, and names the others:

```console
ansible-playbook -i inventory siterecovery.hyperv.doctor -e site_doctor_undo=doctor-undo.json
```

| symptom | repair |
| --- | --- |
"""
BETWEEN = """
## Variables

| variable | meaning | default |
| --- | --- | --- |
| `site_vmm_servers` | pattern of the VMM servers | `vmm_servers` |
| `site_hyperv_hosts` | pattern of the Hyper-V hosts | `hyperv_hosts` |
| `site_doctor_days` | age in days above which logs, events and failed jobs are history | `30` |
| `site_doctor_fix` | symptoms that may be repaired | none |
| `site_doctor_undo_file` | file for the values before a repair | `doctor-undo.json` |
| `site_doctor_undo` | undo file whose values are put back | none |

The login to Azure is that of the role `azure_target`. Without `azure_target_vault_name` Azure is left out. The
statistic `site_symptoms` has the symptoms as data.
"""
HEADING = """
| id | step | sign | cause | fix | source |
| --- | --- | --- | --- | --- | --- |
"""
_OF_CHECK = "as the check says"
#: Known problems that are not in the table, because another part of the collection reports them.
LEFT_OUT = {
    "A storage account or a network that Site Recovery cannot use": "`target_info` and the playbook `preflight`",
    "A region, a policy or tags that Azure refuses": "the module that sends the request",
    "A limit of hosts that leaves nothing to do": "each playbook when it begins",
    "A proxy of the controller that takes the connections to machines": "each task of a machine that is not reachable",
    "A server that the vault knows under another name": "`vmm_server_info`, from the id of the VMM server",
}


def tables() -> tuple[Sequence[Any], Sequence[Any]]:
    """Return the tables of the checkout: Windows, Azure."""
    sys.path.insert(0, str(ROOT))
    model = "plugins.module_utils._model"
    windows = importlib.import_module(f"{model}.windows.symptom_table")
    azure = importlib.import_module(f"{model}.azure.symptoms")
    return windows.SYMPTOMS, azure.SYMPTOMS


def page(windows: Sequence[Any], azure: Sequence[Any]) -> str:
    """Return the text of the page."""
    repairs = [f"| `{row.id}` | start `{row.repair}` |\n" for row in windows if row.repair]
    sides = {"VMM servers": "vmm_server", "Hyper-V hosts": "hyperv_host"}
    parts = [f"\n## {title}\n{_table(row for row in windows if side in row.sides)}" for title, side in sides.items()]
    left = [f"- {problem}: {where}.\n" for problem, where in LEFT_OUT.items()]
    return "".join(
        (
            INTRODUCTION,
            *repairs,
            BETWEEN,
            *parts,
            f"\n## Azure\n{_table(azure)}",
            "\n## Other problems\n\nOther parts of the collection report these problems:\n\n",
            *left,
        )
    )


def _table(rows: Any) -> str:
    return HEADING + "".join(f"| {' | '.join(map(_cell, _cells(row)))} |\n" for row in rows)


def _cells(row: Any) -> tuple[str, ...]:
    fix = row.fix or _OF_CHECK
    return f"`{row.id}`", row.step, f"{PLACES[row.place]}: {row.sign}", row.cause, fix, row.source


def _cell(text: str) -> str:
    return " ".join(text.replace("|", r"\|").split())


def main() -> None:
    windows, azure = tables()
    PAGE.write_text(page(windows, azure))
    say(f"{PAGE.relative_to(ROOT)}: {len(windows) + len(azure)} symptoms")


if __name__ == "__main__":
    main()
