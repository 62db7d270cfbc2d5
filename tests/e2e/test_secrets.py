# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret of a run appears in output, logs or files, except in the files that must contain it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from lab.arm import keys as lab_keys
from lab.lab import Lab
from tests.e2e.cells import Cell
from tests.e2e.conftest import MakeLab, controller_of
from tests.e2e.test_protection import DRILL, PROTECT, VARIABLES
from tests.support.playbook import SITE, Run
from tests.support.plays import ENSURE_VAULT, KEY_PATH, NAMES, module_task, play, write

#: Files of the lab that must contain secrets: the secrets of the inventory, and the control files of the lab.
HOLDERS = {"secrets.yml", "control.json", "environment", "accounts"}


class VerboseRun:
    """Runs of playbooks at the highest verbosity with a log file, and all files after them."""

    def __init__(self, lab: Lab, runs: list[Run], folder: Path, journal: str, keys: list[bytes]) -> None:
        self.output = "".join(run.output for run in runs)
        self.secrets = secrets_of(lab, keys)
        self.places = {
            "output": self.output,
            "results": "".join(run.record for run in runs),
            "journal": journal,
            **{str(file): file.read_text(errors="replace") for file in folder.rglob("*") if file.is_file()},
            **{
                str(file): file.read_text(errors="replace")
                for file in lab.directory.rglob("*")
                if file.is_file() and file.name not in HOLDERS
            },
        }


def secrets_of(lab: Lab, keys: list[bytes]) -> dict[str, str]:
    """Return every secret of the run in all its encodings."""
    login, proxy = lab.context.login, lab.context.proxy
    plain = {
        "client secret": login.secret,
        "Windows password": login.windows_password,
        "proxy password": proxy.password,
    }
    encoded = {
        f"{name}, base64": base64.b64encode(secret.encode()).decode().rstrip("=") for name, secret in plain.items()
    }
    wide = {
        f"{name}, UTF-16": base64.b64encode(secret.encode("utf-16-le")).decode().rstrip("=")
        for name, secret in plain.items()
    }
    # A piece from the middle of the key, because all PKCS#12 files begin with the same bytes.
    parts = {f"key {number}": base64.b64encode(key).decode()[200:280] for number, key in enumerate(keys)}
    return {**plain, **encoded, **wide, **parts}


@pytest.fixture(scope="module")
def verbose_run(main_cell: Cell, make_shared_lab: MakeLab, tmp_path_factory: pytest.TempPathFactory) -> VerboseRun:
    lab = make_shared_lab()
    folder = tmp_path_factory.mktemp("verbose_run")
    keys: list[bytes] = []
    really_make = lab_keys.make

    def make(common_name: str, now: datetime, hours: int) -> lab_keys.Made:
        made = really_make(common_name, now, hours)
        keys.append(base64.b64decode(made.content))
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lab_keys, "make", make)
        controller = controller_of(main_cell, lab)
        log = {"ANSIBLE_LOG_PATH": str(folder / "ansible.log")}
        given = ("-vvvv", "--diff", "-e", json.dumps(VARIABLES))
        runs = [controller.run(playbook, *given, folder=folder, environment=log) for playbook in (SITE, PROTECT, DRILL)]
    assert [run.returncode for run in runs] == [0, 0, 0], runs[-1].output
    assert len(keys) == 1
    journal = json.dumps(
        [[entry.target, entry.verb, entry.detail] for entry in lab.context.journal.entries], default=str
    )
    return VerboseRun(lab, runs, folder, journal, keys)


def test_no_secret_appears_anywhere(verbose_run: VerboseRun) -> None:
    seen = [
        f"{name} in {place}"
        for place, text in verbose_run.places.items()
        for name, secret in verbose_run.secrets.items()
        if secret in text
    ]
    assert seen == []


def test_the_search_covers_output_logs_and_results(verbose_run: VerboseRun) -> None:
    assert verbose_run.output.count("TASK [") > 10
    assert any(place.endswith("ansible.log") for place in verbose_run.places)
    assert "siterecovery.hyperv" in verbose_run.places["results"]
    assert all(len(secret) > 12 for secret in verbose_run.secrets.values())


def test_the_journal_has_a_digest_of_the_proxy_password(verbose_run: VerboseRun) -> None:
    assert "/proxypassword" in verbose_run.places["journal"].lower()
    assert "sha256:" in verbose_run.places["journal"]


def test_the_temporary_folders_are_empty(verbose_run: VerboseRun) -> None:
    left = [
        place
        for place in verbose_run.places
        if "VaultCredentials" in place or "/ansible-tmp-" in place or "AnsiballZ" in place
    ]
    assert left == []


# ---- client-made keys and their content ----


@dataclass(frozen=True)
class KeyRun:
    """A run at the highest verbosity that creates a key and reads its content, also in tasks that are refused."""

    run: Run
    secrets: dict[str, str]
    places: dict[str, str]


@pytest.fixture(scope="module")
def key_run(main_cell: Cell, make_shared_lab: MakeLab, tmp_path_factory: pytest.TempPathFactory) -> KeyRun:
    lab = make_shared_lab()
    folder = tmp_path_factory.mktemp("key_run")
    options = {**NAMES, "path": KEY_PATH, "certificate": "client", "channel_integrity_key": True}
    asking = {**options, "return_content": True}
    book = write(
        folder,
        play(
            "localhost",
            ENSURE_VAULT,
            module_task("vault_registration_key", asking, ignore_errors=True),
            module_task(
                "vault_registration_key",
                asking,
                ignore_errors=True,
                no_log=True,
                **{"async": 60, "poll": 1},
                register="late",
            ),
            {"ansible.builtin.assert": {"that": ["late is failed", "late.msg is search('without async')"]}},
            module_task("vault_registration_key", options),
            module_task("vault_registration_key", asking, no_log=True, register="created"),
            {"ansible.builtin.copy": {"content": "{{ created.content }}", "dest": "{{ azure_target_key_path }}.taken"}}
            | {"no_log": True},
        ),
    )
    run = controller_of(main_cell, lab).run(
        book,
        "-vvvv",
        "--diff",
        folder=folder,
        # With this setting, Ansible sets no_log for every module.
        environment={"ANSIBLE_LOG_PATH": str(folder / "ansible.log"), "ANSIBLE_NO_TARGET_SYSLOG": "true"},
    )
    assert run.returncode == 0, run.output
    (vault,) = lab.azure.vaults.values()
    assert vault.extended is not None
    files = {path.name: path.read_text() for path in lab.directory.rglob("*.VaultCredentials*")}
    # The returned content equals the file.
    assert len(files) == 2
    (content,) = set(files.values())
    pfx = content.split("<ManagementCert>")[1].split("</ManagementCert>")[0]
    private, _certificate, _others = pkcs12.load_key_and_certificates(base64.b64decode(pfx), None)
    assert isinstance(private, rsa.RSAPrivateKey)
    assert vault.extended["properties"]["integrityKey"] in content
    numbers = private.private_numbers()
    secrets = {
        "first half of the pair": pfx[200:280],
        "second half of the pair": pfx[1000:1080],
        "a prime": str(numbers.p),
        "the private exponent": f"{numbers.d:x}"[:60],
        "channel integrity key": vault.extended["properties"]["integrityKey"],
    }
    return KeyRun(run, secrets, _places(run, lab, folder))


def _places(run: Run, lab: Lab, folder: Path) -> dict[str, str]:
    journal = [[entry.target, entry.verb, entry.detail] for entry in lab.context.journal.entries]
    return {
        "output": run.output,
        "results": run.record,
        "journal": json.dumps(journal, default=str),
        **{
            str(file): file.read_text(errors="replace")
            for place in (folder, lab.directory)
            for file in place.rglob("*")
            if file.is_file() and file.name not in HOLDERS and ".VaultCredentials" not in file.name
        },
    }


def test_a_client_made_pair_appears_nowhere(key_run: KeyRun) -> None:
    seen = [
        f"{name} in {place}"
        for place, text in key_run.places.items()
        for name, secret in key_run.secrets.items()
        if secret in text
    ]
    assert seen == []
    assert any(place.endswith("ansible.log") for place in key_run.places)


def test_the_content_is_refused_to_a_task_that_shows_its_result(key_run: KeyRun) -> None:
    refused, _late, made, _hidden = key_run.run.of("vault_registration_key")
    assert refused.result["msg"] == (
        "return_content: the task's result would show a secret; set no_log: true on the task"
    )
    assert "content" not in made.result
