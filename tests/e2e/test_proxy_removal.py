# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""site.yml removes the proxy of a registered server, with a new key that it deletes afterwards (S4, P6)."""

from __future__ import annotations

import json

import pytest

from tests.e2e.cells import Cell
from tests.e2e.conftest import controller_of
from tests.support.fleet import Fleets, vmm_server
from tests.support.playbook import SITE

SERVER = vmm_server("vmm01", egress="any", vmm={"clouds": [{"name": "Gold"}, {"name": "Silver"}]})


def test_a_registered_server_goes_back_to_direct(main_cell: Cell, tmp_path_factory: pytest.TempPathFactory) -> None:
    with Fleets(tmp_path_factory.mktemp("fleet")) as start:
        lab = start(machines=[SERVER])
        controller = controller_of(main_cell, lab)
        first = controller.run(SITE)
        assert first.returncode == 0, first.output
        direct = ("-e", json.dumps({"vmm_server_proxy": {"mode": "direct"}}))

        begun = len(lab.journal.entries)
        back = controller.run(SITE, *direct)
        assert back.returncode == 0, back.output
        made = [entry.verb for entry in lab.journal.entries[begun:] if "/certificates/" in entry.target.lower()]
        assert len(made) == 1
        (task,) = back.of("provider_registration")
        assert (task.changed, task.result["registration"]["proxy"]["mode"]) == (True, "direct")
        starts = [entry for entry in lab.journal.entries[begun:] if entry.verb == "service.start"]
        assert [entry.detail["service"] for entry in starts] == ["SCVMMService"]
        assert not list(lab.directory.rglob("*.VaultCredentials"))

        after = controller.run(SITE, *direct)
        assert after.returncode == 0, after.output
        assert after.changed == 0
