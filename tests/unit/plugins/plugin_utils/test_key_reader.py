# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The key of a registration is read as carefully as it is written (P5)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ansible_collections.siterecovery.hyperv.plugins.module_utils._model.common.errors import Refused
from tests.unit.plugins.plugin_utils.conftest import MakeHarness
from tests.unit.plugins.plugin_utils.registration_resource import SERVER, registration


def test_a_pipe_a_device_and_a_link_are_refused_without_reading(harness: MakeHarness, key: str, tmp_path: Path) -> None:
    found, pipe, link = harness(SERVER), tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(key)
    for path, kind in ((str(pipe), "not a regular file"), ("/dev/zero", "not a regular file"), (str(link), "a link")):
        with pytest.raises(Refused, match=f"key_path: {path} is {kind}, so it is not used"):
            found.run(registration(key_path=path))
    assert "register_vmm_server" not in found.scripts


def test_a_key_that_others_can_change_or_replace_is_refused(harness: MakeHarness, key: str) -> None:
    found = harness(SERVER)
    Path(key).chmod(0o666)
    with pytest.raises(Refused, match=r"a file that other users can change \(0666\)"):
        found.run(registration(key_path=key))
    Path(key).chmod(0o600)
    Path(key).parent.chmod(0o777)
    with pytest.raises(Refused, match=r"is writable by all users \(0777\), who could replace the key"):
        found.run(registration(key_path=key))
    Path(key).parent.chmod(0o700)
    assert found.run(registration(key_path=key)).changed


def test_more_than_the_largest_key_is_not_read(harness: MakeHarness, key: str) -> None:
    Path(key).write_bytes(b"x" * (1024 * 1024))
    with pytest.raises(Refused, match=r"not a valid Site Recovery key .it is too large"):
        harness(SERVER).run(registration(key_path=key))
