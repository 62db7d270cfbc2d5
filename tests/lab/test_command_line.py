# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line and the control endpoint of a lab."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest

from lab import __main__ as command_line
from lab.lab import TEMPORARY_PREFIX, Lab, sweep
from tests.lab.started import Started, call_control, control, listens, wait_until


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_cleanly(number: signal.Signals, tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    started = Started("--pid-file", str(pid_file))
    assert int(pid_file.read_text()) == started.process.pid
    assert started.directory.is_dir()
    started.process.send_signal(number)
    assert started.finish() == 0
    assert started.left() == []
    assert not pid_file.exists()


def test_it_says_what_it_listens_on(tmp_path: Path) -> None:
    started = Started("--directory", str(tmp_path / "lab"))
    text = "\n".join(started.words)
    assert started.directory == tmp_path / "lab"
    for word in ("engine python", "azure", "proxy.lab.example", "vmm01", "hv01", "hv02", "inventory"):
        assert word in text
    control(started.directory, "down")
    assert started.finish() == 0


def test_it_ends_with_its_lifetime() -> None:
    started = Started("--lifetime", "0.5")
    assert started.finish() == 0
    assert started.left() == []


def test_it_ends_with_its_parent_even_when_that_is_killed() -> None:
    started = Started("--with-parent", before="env")
    started.process.kill()
    started.finish()
    wait_until(lambda: started.left() == [])


def test_what_a_killed_one_left_is_removed_by_the_next() -> None:
    started = Started()
    started.process.kill()
    started.finish()
    assert started.directory.is_dir()
    with Lab.load("small") as lab:
        assert not started.directory.exists()
        assert lab.directory.is_dir()


def test_folders_of_labs_that_run_are_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / f"{TEMPORARY_PREFIX}{os.getpid()}-x"
    mine.mkdir()
    (tmp_path / f"{TEMPORARY_PREFIX}notes").mkdir()
    assert sweep(tmp_path) == []
    assert mine.is_dir()


def test_the_control_commands_reach_a_started_lab(lab: Lab) -> None:
    directory = lab.directory
    lab.journal.write("azure", "/vault", "put", status=201)
    assert control(directory, "journal", "--clear")["entries"][0]["target"] == "/vault"
    assert lab.journal.entries == []
    planned = control(directory, "faults", "add", "winrm:hv01:create", "--how", "delay", "--detail", '{"seconds": 2}')
    assert planned["detail"] == {"seconds": 2}
    assert len(control(directory, "faults")["faults"]) == 1
    control(directory, "faults", "clear")
    assert lab.context.faults.planned == []
    assert control(directory, "snapshot") == json.loads(json.dumps(lab.snapshot(), default=str))
    assert control(directory, "time", "--offset-seconds", "3600")["offset_seconds"] == 3600
    control(directory, "time", "--offset-seconds", "0")
    assert control(directory, "machine", "hv02", "unreachable") == {
        "port": lab.servers["hv02"].port,
        "reachable": False,
    }
    assert not listens(lab.servers["hv02"].port)
    control(directory, "machine", "hv02", "reachable")
    assert listens(lab.servers["hv02"].port)


def test_a_machine_goes_and_comes_back_at_its_port(lab: Lab) -> None:
    port = lab.servers["hv01"].port
    lab.set_reachable("hv01", False)
    assert not listens(port)
    lab.set_reachable("hv01", True)
    assert listens(port)


def test_a_control_command_without_a_lab_says_so(tmp_path: Path) -> None:
    assert "No lab is up in" in control(tmp_path, "journal", expect=2)


def test_an_unknown_kind_of_fault_is_refused(lab: Lab) -> None:
    status, body = call_control(lab, "POST", "/faults", {"point": "x", "action": "explode"})
    assert status == 400
    assert "one of fail, delay, throttle, drop, hang" in body["error"]


def test_control_wants_its_token(lab: Lab) -> None:
    status, body = call_control(lab, "GET", "/journal", token="other")
    assert (status, body["error"]) == (401, "the token is missing or wrong")


def test_main_reports_an_error_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert command_line.main(["up", "--lab", "huge"]) == 2
    assert capsys.readouterr().err.startswith("error: There is no lab huge")
