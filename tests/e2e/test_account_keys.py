# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A pair of accounts and their keys through ansible-playbook: the play has the keys, nobody else sees them."""

from __future__ import annotations

from pathlib import Path

from lab.lab import Lab
from tests.support.playbook import Controller
from tests.support.plays import noun, play, write

PAIR = {
    "name": "stfast",
    "resource_group": "rg-keys",
    "location": "westeurope",
    "create_resource_group": True,
    "sku": "Premium_LRS",
    "log_account": {"name": "stlogs"},
    "network_acls": {"default_action": "deny", "ip_rules": ["203.0.113.0/24"]},
    "return_keys": True,
}
HAS = "{{ (kept['keys'] | map(attribute='value') | map('length') | list) == [88, 88, 88, 88] }}"


def test_keys_reach_the_play_and_nothing_else(lab: Lab, controller: Controller, tmp_path: Path) -> None:
    book = write(
        tmp_path,
        play(
            "localhost",
            noun("storage_account", PAIR, no_log=True, register="kept"),
            {"ansible.builtin.debug": {"msg": HAS}},
            noun("storage_account", PAIR),
        ),
    )
    log = tmp_path / "ansible.log"
    run = controller.run(book, "-vvvv", "--diff", environment={"ANSIBLE_LOG_PATH": str(log)})
    keys = [str(key["value"]) for stored in lab.azure.account_keys.values() for key in stored]
    assert len(keys) == 4
    assert [task.status for task in run.tasks] == ["ok", "ok", "failed"], run.output
    assert run.tasks[1].result["msg"] is True
    assert run.tasks[2].result["msg"] == (
        "return_keys: the task's result would show a secret; set no_log: true on the task"
    )
    written = {str(file): file.read_text(errors="replace") for file in tmp_path.rglob("*") if file.is_file()}
    places = {"output": run.output, "results": run.record, **written}
    assert str(log) in places
    assert [place for place, text in places.items() if any(key in text for key in keys)] == []
