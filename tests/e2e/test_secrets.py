# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planted canaries: no secret may show up anywhere but where it has to be."""

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
from tests.support.playbook import SITE, Run
from tests.support.plays import HAVE_VAULT, KEY_PATH, NAMES, noun, play, write

#: Files of the lab's directory that hold secrets on purpose: the inventory's secrets and the lab's own control.
HOLDERS = {"secrets.yml", "control.json", "environment", "accounts"}


class Loud:
    """A site run at the highest verbosity with a log file, and everything it left."""

    def __init__(self, lab: Lab, run: Run, folder: Path, journal: str, keys: list[bytes]) -> None:
        self.run = run
        self.canaries = canaries(lab, keys)
        self.places = {
            "output": run.output,
            "results": run.record,
            "journal": journal,
            **{str(file): file.read_text(errors="replace") for file in folder.rglob("*") if file.is_file()},
            **{
                str(file): file.read_text(errors="replace")
                for file in lab.directory.rglob("*")
                if file.is_file() and file.name not in HOLDERS
            },
        }


def canaries(lab: Lab, keys: list[bytes]) -> dict[str, str]:
    """Every secret of the run, in the forms in which it travels."""
    login, proxy = lab.world.login, lab.world.proxy
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
    # The middle of the key: its beginning is the same in every PKCS#12 file.
    parts = {f"key {number}": base64.b64encode(key).decode()[200:280] for number, key in enumerate(keys)}
    return {**plain, **encoded, **wide, **parts}


@pytest.fixture(scope="module")
def loud(main_cell: Cell, make_shared_lab: MakeLab, tmp_path_factory: pytest.TempPathFactory) -> Loud:
    lab = make_shared_lab()
    folder = tmp_path_factory.mktemp("loud")
    keys: list[bytes] = []
    really_make = lab_keys.make

    def make(common_name: str, now: datetime, hours: int) -> lab_keys.Made:
        made = really_make(common_name, now, hours)
        keys.append(base64.b64decode(made.content))
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lab_keys, "make", make)
        run = controller_of(main_cell, lab).run(
            SITE, "-vvvv", "--diff", folder=folder, environment={"ANSIBLE_LOG_PATH": str(folder / "ansible.log")}
        )
    assert run.returncode == 0, run.output
    assert len(keys) == 1
    journal = json.dumps([[entry.target, entry.verb, entry.detail] for entry in lab.world.journal.entries], default=str)
    return Loud(lab, run, folder, journal, keys)


def test_no_secret_shows_up_anywhere(loud: Loud) -> None:
    seen = [
        f"{name} in {place}"
        for place, text in loud.places.items()
        for name, secret in loud.canaries.items()
        if secret in text
    ]
    assert seen == []


def test_hunt_would_find_a_secret(loud: Loud) -> None:
    assert loud.run.output.count("TASK [") > 10
    assert any(place.endswith("ansible.log") for place in loud.places)
    assert "siterecovery.hyperv" in loud.places["results"]
    assert all(len(secret) > 12 for secret in loud.canaries.values())


def test_proxy_password_on_the_command_line_is_journalled_as_a_digest(loud: Loud) -> None:
    assert "/proxypassword" in loud.places["journal"].lower()
    assert "sha256:" in loud.places["journal"]


def test_nothing_is_left_in_the_temporary_folders(loud: Loud) -> None:
    left = [
        place
        for place in loud.places
        if "VaultCredentials" in place or "/ansible-tmp-" in place or "AnsiballZ" in place
    ]
    assert left == []


# ---- keys whose halves are made here, and their content ----


@dataclass(frozen=True)
class Handed:
    """A run at the highest verbosity that makes a key, takes its content over, and asks for it where it must not."""

    run: Run
    secrets: dict[str, str]
    places: dict[str, str]


@pytest.fixture(scope="module")
def handed(main_cell: Cell, make_shared_lab: MakeLab, tmp_path_factory: pytest.TempPathFactory) -> Handed:
    lab = make_shared_lab()
    folder = tmp_path_factory.mktemp("handed")
    options = {**NAMES, "path": KEY_PATH, "certificate": "client", "channel_integrity_key": True}
    asking = {**options, "return_content": True}
    book = write(
        folder,
        play(
            "localhost",
            HAVE_VAULT,
            noun("vault_registration_key", asking, ignore_errors=True),
            noun(
                "vault_registration_key",
                asking,
                ignore_errors=True,
                no_log=True,
                **{"async": 60, "poll": 1},
                register="late",
            ),
            {"ansible.builtin.assert": {"that": ["late is failed", "late.msg is search('without async')"]}},
            noun("vault_registration_key", options),
            noun("vault_registration_key", asking, no_log=True, register="handed"),
            {"ansible.builtin.copy": {"content": "{{ handed.content }}", "dest": "{{ azure_target_key_path }}.taken"}}
            | {"no_log": True},
        ),
    )
    run = controller_of(main_cell, lab).run(
        book,
        "-vvvv",
        "--diff",
        folder=folder,
        # With this setting a module is told no_log for every task.
        environment={"ANSIBLE_LOG_PATH": str(folder / "ansible.log"), "ANSIBLE_NO_TARGET_SYSLOG": "true"},
    )
    assert run.returncode == 0, run.output
    (vault,) = lab.azure.vaults.values()
    assert vault.extended is not None
    files = {path.name: path.read_text() for path in lab.directory.rglob("*.VaultCredentials*")}
    # What was handed on is the file to the letter.
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
    return Handed(run, secrets, _places(run, lab, folder))


def _places(run: Run, lab: Lab, folder: Path) -> dict[str, str]:
    journal = [[entry.target, entry.verb, entry.detail] for entry in lab.world.journal.entries]
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


def test_a_pair_that_is_made_here_shows_up_nowhere(handed: Handed) -> None:
    seen = [
        f"{name} in {place}"
        for place, text in handed.places.items()
        for name, secret in handed.secrets.items()
        if secret in text
    ]
    assert seen == []
    assert any(place.endswith("ansible.log") for place in handed.places)


def test_the_content_is_refused_to_a_task_that_shows_its_result(handed: Handed) -> None:
    refused, _late, made, _hidden = handed.run.of("vault_registration_key")
    assert refused.result["msg"] == (
        "return_content: the task's result would show a secret; set no_log: true on the task"
    )
    assert "content" not in made.result
