# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m lab`: starts a lab in the foreground, and controls a started one.

python -m lab up --lab small --engine python --directory /tmp/lab
python -m lab journal --directory /tmp/lab
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, get_args

from .context import FaultAction
from .lab import EngineName, Lab, LabError

_POLL = 0.25
_DEFAULT_LIFETIME = 8 * 3600.0


class ControlFailed(Exception):
    """The started lab does not answer: one sentence for the user."""


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except (LabError, ControlFailed) as exc:
        print(f"error: {exc}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m lab", description="A simulated Azure and simulated Windows machines for trial runs."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="start a lab and stay until SIGINT or SIGTERM")
    up.add_argument("--lab", default="small", help="name of a shipped lab, or path of a YAML file (default: small)")
    up.add_argument(
        "--engine",
        default="python",
        choices=get_args(EngineName),
        help="engine that answers scripts (default: %(default)s)",
    )
    up.add_argument("--hosts", type=int, help="number of Hyper-V hosts of a fleet (default: the one in its file)")
    up.add_argument("--seed", type=int, help="seed of the differences in a fleet (default: the one in its file)")
    up.add_argument(
        "--directory", type=Path, help="where to write inventory and certificate (default: a temporary one)"
    )
    up.add_argument("--time-scale", type=float, default=0.02, help="real seconds per second of the lab (default: 0.02)")
    up.add_argument("--pid-file", type=Path, help="file to write the process id to")
    up.add_argument("--lifetime", type=float, default=_DEFAULT_LIFETIME, help="seconds after which the lab ends")
    up.add_argument("--with-parent", action="store_true", help="end when the process that started this one ends")
    up.set_defaults(command=_up)

    journal = _client(commands, "journal", "print all writes and the number of reads", _journal)
    journal.add_argument("--clear", action="store_true", help="clear the journal after printing it")
    _client(commands, "snapshot", "print the state of the lab", lambda options: _show(options, "GET", "/snapshot"))
    _client(commands, "down", "end the lab", _down)
    faults = _client(commands, "faults", "list the planned faults, add one, or remove all", _faults)
    faults.add_argument("action", nargs="?", choices=("list", "add", "clear"), default="list")
    faults.add_argument(
        "point",
        nargs="?",
        help="for add: a pattern of winrm:MACHINE:ACTION or arm:METHOD:PATH, such as winrm:hv01:create or arm:PUT:*",
    )
    faults.add_argument(
        "--how", choices=get_args(FaultAction), default="fail", help="fault to plan (default: %(default)s)"
    )
    faults.add_argument("--times", type=int, default=1, help="number of hits that it lasts (default: %(default)s)")
    faults.add_argument("--after", type=int, default=0, help="number of hits to skip first")
    faults.add_argument("--detail", type=json.loads, default={}, help="JSON object, such as '{\"seconds\": 2}'")
    clock = _client(commands, "time", "print or set the lab's time", _time)
    clock.add_argument("--scale", type=float, help="real seconds per second of the lab")
    clock.add_argument("--offset-seconds", type=float, help="offset from this computer's time")
    machine = _client(commands, "machine", "list machines, or make one reachable or unreachable", _machine)
    machine.add_argument("name", nargs="?", help="name of the machine; without it, all are listed")
    machine.add_argument("state", nargs="?", choices=("reachable", "unreachable"), help="the state to set")
    return parser


def _client(
    commands: Any, name: str, description: str, command: Callable[[argparse.Namespace], int]
) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=description)
    parser.add_argument("--directory", type=Path, required=True, help="the directory of the started lab")
    parser.set_defaults(command=command)
    return parser


def _up(options: argparse.Namespace) -> int:
    leave = threading.Event()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        leave.set()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, on_signal)
    parent = os.getppid() if options.with_parent else None
    lab = Lab.load(
        options.lab,
        engine=options.engine,
        time_scale=options.time_scale,
        directory=options.directory,
        hosts=options.hosts,
        seed=options.seed,
    )
    try:
        with lab:
            if options.pid_file is not None:
                options.pid_file.write_text(f"{os.getpid()}\n", encoding="utf-8")
            print(report(lab), flush=True)
            _stay(lab, leave, time.monotonic() + options.lifetime, parent)
    finally:
        if options.pid_file is not None:
            options.pid_file.unlink(missing_ok=True)
    return 0


def _stay(lab: Lab, leave: threading.Event, end: float, parent: int | None) -> None:
    """Wait for a signal, the end of the lifetime or of the parent, or the command `down`."""
    while not leave.wait(_POLL) and not lab.ended.is_set():
        if time.monotonic() > end or (parent is not None and os.getppid() != parent):
            return


def report(lab: Lab) -> str:
    """Return the addresses of the lab, and how to use it."""
    proxy = lab.context.proxy
    lines = [
        f"lab {lab.document.get('name', '')} is up, engine {lab.engine_name}",
        f"  azure      {lab.arm_url}",
        f"  proxy      http://127.0.0.1:{proxy.port} (machines call it {proxy.name}:{proxy.port})",
        *(f"  {name:<10} https://127.0.0.1:{server.port}/wsman" for name, server in lab.servers.items()),
        f"  inventory  {lab.inventory}",
        f"  authority  {lab.authority_path}",
        f"  directory  {lab.directory}",
        f"  run        ansible-playbook -i {lab.inventory} siterecovery.hyperv.site",
        f"  end        press Ctrl+C, or run python -m lab down --directory {lab.directory}",
        "  If you use a proxy, also set " + " ".join(f"{name}={value}" for name, value in lab.environment.items()),
    ]
    return "\n".join(lines)


def _ask(options: argparse.Namespace, method: str, path: str, body: Any = None) -> Any:
    try:
        access = json.loads((options.directory / "control.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise ControlFailed(f"No lab is up in {options.directory}: its control.json cannot be read.") from exc
    request = urllib.request.Request(
        access["url"] + path,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {access['token']}", "Content-Type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as response:
            return json.load(response)
    except urllib.error.HTTPError as exc:
        raise ControlFailed(f"The lab refuses: {exc.read().decode(errors='replace')}") from exc
    except OSError as exc:
        raise ControlFailed(f"The lab of {options.directory} does not answer: {exc}.") from exc


def _show(options: argparse.Namespace, method: str, path: str, body: Any = None) -> int:
    print(json.dumps(_ask(options, method, path, body), indent=2, ensure_ascii=False))
    return 0


def _journal(options: argparse.Namespace) -> int:
    _show(options, "GET", "/journal")
    if options.clear:
        _ask(options, "DELETE", "/journal")
    return 0


def _down(options: argparse.Namespace) -> int:
    _ask(options, "POST", "/stop")
    return 0


def _faults(options: argparse.Namespace) -> int:
    if options.action == "clear":
        return _show(options, "DELETE", "/faults")
    if options.action == "list":
        return _show(options, "GET", "/faults")
    body = {
        "point": options.point,
        "action": options.how,
        "times": options.times,
        "after": options.after,
        "detail": options.detail,
    }
    return _show(options, "POST", "/faults", body)


def _time(options: argparse.Namespace) -> int:
    wanted = {"scale": options.scale, "offset_seconds": options.offset_seconds}
    changes = {name: value for name, value in wanted.items() if value is not None}
    return _show(options, "POST", "/time", changes) if changes else _show(options, "GET", "/time")


def _machine(options: argparse.Namespace) -> int:
    if options.name is None or options.state is None:
        return _show(options, "GET", "/machines")
    return _show(options, "POST", f"/machines/{options.name}", {"reachable": options.state == "reachable"})


if __name__ == "__main__":
    sys.exit(main())
