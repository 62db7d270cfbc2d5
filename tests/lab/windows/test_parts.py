# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a machine: registry, files, services, clouds."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from lab.windows.errors import MachineError
from lab.windows.filesystem import FileSystem, inherited, tidy
from lab.windows.registry import Registry
from lab.windows.vmm import HostGroup, VmHost, VmmCloud

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)


def test_registry_names_have_no_case() -> None:
    registry = Registry()
    registry.set(r"HKLM\SOFTWARE\Some Key", "Name", "x")
    assert registry.get(r"hklm\software\some key", "NAME") == "x"


def test_a_key_brings_those_above_it() -> None:
    registry = Registry()
    registry.ensure(r"HKLM\A\B\C")
    assert registry.children(r"HKLM\A") == ["B"]


def test_the_32_bit_view_is_a_branch_of_its_own() -> None:
    registry = Registry()
    registry.set(r"HKLM\SOFTWARE\WOW6432Node\X", "v", 1)
    assert registry.find(r"HKLM\SOFTWARE\X") is None


def test_removing_a_key_removes_all_below() -> None:
    registry = Registry()
    registry.set(r"HKLM\A\B", "v", 1)
    registry.set(r"HKLM\AB", "v", 1)
    registry.remove(r"HKLM\A")
    assert registry.find(r"HKLM\A\B") is None
    assert registry.find(r"HKLM\AB") is not None


@pytest.mark.parametrize(
    ("path", "clean"),
    [("C:\\a\\\\b\\", "C:\\a\\b"), ("C:/a", "C:\\a"), ("C:\\", "C:\\"), ("C:", "C:\\"), (r"\\s\x\f", r"\\s\x\f")],
)
def test_spellings_of_a_path(path: str, clean: str) -> None:
    assert tidy(path) == clean


def test_files_have_no_case_and_need_their_folder() -> None:
    files = FileSystem(["C"], NOW)
    files.folder(r"C:\Temp", NOW)
    files.write(r"C:\Temp\A.txt", b"1", NOW)
    assert files.need(r"c:\TEMP\a.TXT").content == b"1"
    with pytest.raises(MachineError, match="Could not find a part of the path"):
        files.write(r"C:\None\a.txt", b"1", NOW)


def test_a_drive_that_is_not_there() -> None:
    with pytest.raises(MachineError, match="does not exist"):
        FileSystem(["C"], NOW).folder(r"D:\x", NOW)


def test_a_full_folder_needs_recurse() -> None:
    files = FileSystem(["C"], NOW)
    files.folder(r"C:\a\b", NOW)
    with pytest.raises(MachineError, match="not empty"):
        files.remove(r"C:\a")
    assert [gone.path for gone in files.remove(r"C:\a", recurse=True)] == [r"C:\a\b", r"C:\a"]


def test_a_listing_shows_one_level() -> None:
    files = FileSystem(["C"], NOW)
    files.folder(r"C:\a\b", NOW)
    files.write(r"C:\a\b\deep.log", b"", NOW)
    files.write(r"C:\a\X.LOG", b"", NOW)
    assert [file.name for file in files.listing(r"C:\a", "*.log")] == ["X.LOG"]


def test_what_a_new_thing_inherits() -> None:
    protected = "O:BAG:BAD:PAI(A;OICI;FA;;;BA)(A;;FA;;;WD)"
    assert inherited(protected, folder=True) == "O:BAG:SYD:AI(A;OICIID;FA;;;BA)"
    assert inherited(protected, folder=False) == "O:BAG:SYD:AI(A;ID;FA;;;BA)"


def test_a_host_in_two_groups_of_a_cloud_is_there_once() -> None:
    host = VmHost("1", "hv01")
    inner = HostGroup("b", "B", "A\\B", [host])
    outer = HostGroup("a", "A", "A", [VmHost("2", "hv02")], [inner])
    assert [each.id for each in VmmCloud("c", "C", [outer, inner]).hosts()] == ["2", "1"]
