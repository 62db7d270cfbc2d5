# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sign in with every method and with the oldest and the pinned SDKs, and with a profile in every playbook."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lab.arm.assertions import Federated
from lab.lab import Lab
from tests.e2e.cells import Cell
from tests.e2e.conftest import controller_of
from tests.support import logins
from tests.support.logins import CLAIMS, PASSWORD, pair
from tests.support.playbook import PLAYBOOKS, SITE
from tests.support.plays import module_task, play, write

WHERE = ("subscription_id", "cloud_environment", "ca_bundle")
APPLICATION = ("tenant", "client_id")


@pytest.mark.parametrize("cell", ["azcollection", "lowest"], indirect=True)
def test_each_method_signs_in_and_shows_no_secret(cell: Cell, lab: Lab, tmp_path: Path) -> None:
    state, made, token, cli = lab.azure, pair(), logins.federated_token(), logins.FakeCli(tmp_path / "cli")
    state.application.certificates.append(made.certificate)
    state.application.federated.append(
        Federated(CLAIMS["iss"], CLAIMS["sub"], CLAIMS["aud"], logins.key("cluster").public_key())
    )
    (tmp_path / "token").write_text(token)
    held = state.new_token()
    cli.answer(held)
    given = {name: f"{{{{ azure_target_{name} }}}}" for name in (*WHERE, *APPLICATION)}
    environment = {"AZURE_CLIENT_CERTIFICATE_PASSWORD": PASSWORD}
    tasks = [
        module_task("vault_info", given | {"x509_certificate_path": made.pem(tmp_path / "app.pem", PASSWORD)}),
        module_task("vault_info", given | {"oidc_token_file_path": str(tmp_path / "token")}),
        module_task(
            "vault_info",
            {name: given[name] for name in WHERE},
            environment={"AZURE_CLIENT_CERTIFICATE_PASSWORD": "", "PATH": cli.path},
        ),
    ]
    book = write(tmp_path, play("localhost", *tasks, connection="local", module_defaults={}))
    run = controller_of(cell, lab).run(book, "-vvvv", environment=environment)
    assert run.returncode == 0, run.output
    assert [task.status for task in run.of("vault_info")] == ["ok"] * 3
    assert len(cli.calls) == 1
    for secret in (PASSWORD, token, held):
        assert secret not in run.output + run.record


def test_every_playbook_signs_in_with_a_profile(main_cell: Cell, lab: Lab, tmp_path: Path) -> None:
    """No variable and no environment variable names the subscription; only the modules read it from the profile."""
    login = lab.context.login
    credentials = tmp_path / ".azure" / "credentials"
    credentials.parent.mkdir()
    credentials.touch(mode=0o600)
    values = {
        "subscription_id": login.subscription_id,
        "tenant": login.tenant,
        "client_id": login.client_id,
        "secret": login.secret,
    }
    credentials.write_text("\n".join(["[default]", *(f"{name} = {value}" for name, value in values.items())]))
    controller = controller_of(main_cell, lab)
    unset = ("-e", json.dumps(dict.fromkeys((f"azure_target_{name}" for name in values), "")))
    first = controller.run(SITE, *unset, folder=tmp_path)
    assert first.returncode == 0, first.output
    lab.context.journal.clear()
    for name in PLAYBOOKS:
        run = controller.run(f"siterecovery.hyperv.{name}", *unset, folder=tmp_path)
        assert run.returncode == 0, run.output
        assert login.secret not in run.output
    assert lab.context.journal.entries == []
