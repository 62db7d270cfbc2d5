# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab: Azure and the Windows machines with all listeners, in one thread, which leaves nothing behind at its end."""

from __future__ import annotations

import asyncio
import contextlib
import fnmatch
import json
import os
import re
import secrets
import shutil
import tempfile
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, get_args

import yaml
from aiohttp import web

from . import fleet, inventory
from .certificates import Certificates
from .context import Journal, LabContext, Lag, Login, ProxyAccount, digest
from .control import ControlServer
from .engines.base import Engine
from .proxy import ProxyServer
from .winrm.auth import Account, Authenticator
from .winrm.server import WinRmServer

if TYPE_CHECKING:
    from .arm.state import AzureState
    from .engines.cmdlet_server import CmdletServer
    from .windows.machine import Machine
    from .windows.state import Package

LABS = Path(__file__).with_name("labs")
EngineName = Literal["python", "pwsh"]
TEMPORARY_PREFIX = "siterecovery-lab-"
# Names of Azure in every cloud that machines call; all of them lead to the simulated Azure.
AZURE_NAMES = (
    "*.microsoftonline.com",
    "*.windowsazure.com",
    "*.windows.net",
    "*.azure.com",
    "*.microsoft.com",
    "aka.ms",
    "*.azure.cn",
    "*.chinacloudapi.cn",
    "*.windowsazure.cn",
    "*.microsoftonline.us",
    "*.microsoftonline.cn",
    "*.usgovcloudapi.net",
    "*.windowsazure.us",
)
# Slow scripts of many machines run in parallel; each of them only waits.
WORKERS = 64
_START_TIMEOUT = 30.0
_MACHINE_TIMEOUT = 0.1
#: A certificate with more names makes every handshake longer. A wildcard then replaces the names of machines.
_CERTIFIED_NAMES = 64


class LabError(Exception):
    """The lab cannot start with these options: one sentence for the user."""


def find_document(name: str) -> Path:
    """Return the path of a lab's YAML: `name` is a shipped one, or a path."""
    path = Path(name) if name.endswith((".yml", ".yaml")) else LABS / f"{name}.yml"
    if not path.is_file():
        known = ", ".join(sorted(item.stem for item in LABS.glob("*.yml")))
        raise LabError(f"There is no lab {name}: use one of {known}, or the path of a YAML file.")
    return path


def read_document(path: Path) -> dict[str, Any]:
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    missing = [key for key in ("azure", "winrm", "proxy", "machines", "installers") if key not in (document or {})]
    if missing:
        raise LabError(f"The lab {path} lacks {', '.join(missing)}.")
    return dict(document)


def new_context(document: Mapping[str, Any], scale: float) -> LabContext:
    """Create a context with logins of its own, so that no two runs share a secret."""
    login = Login(
        tenant=str(uuid.uuid4()),
        subscription_id=str(uuid.uuid4()),
        client_id=str(uuid.uuid4()),
        secret=secrets.token_urlsafe(30),
        windows_user=document["winrm"]["user"],
        windows_password=secrets.token_urlsafe(18),
    )
    proxy = document["proxy"]
    # The port is known when the proxy listens.
    account = ProxyAccount(
        proxy["name"], 0, proxy["username"], secrets.token_urlsafe(18), tuple(proxy.get("refuses") or ())
    )
    lag = Lag(**(document["azure"].get("visible_after") or {}))
    location = str(document["azure"]["location"])
    return LabContext(login=login, proxy=account, scale=scale, lag=lag, location=location)


def neutral(value: Any, names: Mapping[str, str]) -> Any:
    """Replace the values of this run in a document by names; numbers only when equal, text also inside text."""
    if isinstance(value, Mapping):
        return {neutral(key, names): neutral(item, names) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [neutral(item, names) for item in value]
    if isinstance(value, str):
        for word, name in names.items():
            if word in value and (not word.isdigit() or re.fullmatch(rf"(.*\D)?{word}(\D.*)?", value, re.DOTALL)):
                value = value.replace(word, name)
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return names.get(str(value), value)
    return value


@dataclass
class _Folder:
    """The folder of a lab, and the parts of it that the lab removes at its end."""

    path: Path
    own: bool
    made: list[Path] = field(default_factory=list)

    @classmethod
    def temporary(cls) -> _Folder:
        # With the process id in the name, the next start can remove the folder of a killed lab.
        return cls(Path(tempfile.mkdtemp(prefix=f"{TEMPORARY_PREFIX}{os.getpid()}-")), own=True)

    @classmethod
    def given(cls, path: Path) -> _Folder:
        own = not path.exists()
        if not own and (path / "control.json").exists():
            raise LabError(f"{path} already holds a lab: end that one first, or use another directory.")
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        return cls(path.resolve(), own=own)

    def folder(self, name: str) -> Path:
        path = self.path / name
        if path.exists():
            raise LabError(f"{path} is in the way: the lab creates it and removes it at its end.")
        path.mkdir(mode=0o700)
        self.made.append(path)
        return path

    def file(self, name: str, content: bytes) -> Path:
        path = self.path / name
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        self.made.append(path)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        return path

    def remove(self) -> None:
        """Remove everything that the lab created; an existing directory stays with its other contents."""
        if self.own:
            shutil.rmtree(self.path, ignore_errors=True)
            return
        for path in self.made:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def sweep(root: Path | None = None) -> list[Path]:
    """Remove temporary folders of this user's labs whose process has ended, and return them."""
    gone = []
    for path in (root or Path(tempfile.gettempdir())).glob(f"{TEMPORARY_PREFIX}*"):
        number = path.name.removeprefix(TEMPORARY_PREFIX).partition("-")[0]
        with contextlib.suppress(OSError):
            if number.isdigit() and path.stat().st_uid == os.getuid() and not _alive(int(number)):
                shutil.rmtree(path, ignore_errors=True)
                gone.append(path)
    return gone


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Lab:
    """A lab that answers on loopback ports after `start()` and until `stop()`; it is also a context manager."""

    azure: AzureState

    def __init__(
        self, document: dict[str, Any], *, engine: EngineName, time_scale: float, directory: Path | None
    ) -> None:
        self.document = document
        self.engine_name = engine
        self.context = new_context(document, time_scale)
        self.machines: dict[str, Machine] = {}
        self.servers: dict[str, WinRmServer] = {}
        self.installers: Mapping[str, Package] = {}
        self.cmdlet_server: CmdletServer | None = None
        self.arm_url = ""
        self.ended = threading.Event()
        self._given = directory
        self._folder: _Folder | None = None
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._leave: asyncio.Event | None = None
        self._problem: BaseException | None = None
        self._ready = threading.Event()

    @classmethod
    def load(
        cls,
        name: str = "small",
        *,
        engine: EngineName = "python",
        time_scale: float = 0.02,
        directory: str | Path | None = None,
        hosts: int | None = None,
        seed: int | None = None,
    ) -> Lab:
        """Prepare a lab by its name or its YAML file; nothing listens before `start()`.

        `hosts` and `seed` replace those of a fleet.

        Raises:
            LabError: there is no such lab or engine, or it is not a fleet.
        """
        if engine not in get_args(EngineName):
            raise LabError(f"There is no engine {engine}: use one of {', '.join(get_args(EngineName))}.")
        document = read_document(find_document(name))
        if "fleet" in document:
            document = fleet.described(document, hosts, seed)
        elif hosts is not None or seed is not None:
            raise LabError(f"The lab {name} is not a fleet, so it has neither a number of hosts nor a seed.")
        return cls(
            document, engine=engine, time_scale=time_scale, directory=None if directory is None else Path(directory)
        )

    # A started lab -----------------------------------------------------------------------------------------------

    @property
    def directory(self) -> Path:
        return self._need_folder().path

    @property
    def authority_path(self) -> Path:
        return self.directory / "ca.pem"

    @property
    def inventory(self) -> Path:
        return self.directory / "inventory"

    @property
    def environment(self) -> dict[str, str]:
        """Return variables for programs that call the lab: they must not use a proxy of this computer."""
        names = "127.0.0.1,localhost"
        return {"NO_PROXY": names, "no_proxy": names}

    @property
    def journal(self) -> Journal:
        return self.context.journal

    def snapshot(self) -> dict[str, Any]:
        """Return the state without what differs between runs, so that two equal runs compare equal."""
        machines = {name: machine.snapshot() for name, machine in sorted(self.machines.items())}
        login = self.context.login
        names = {
            login.subscription_id: "{subscription}",
            login.tenant: "{tenant}",
            login.client_id: "{client}",
            self.arm_url: "{azure}",
            str(self.context.proxy.port): "{proxy port}",
            digest(self.context.proxy.password): "{proxy password}",
        }
        return dict(neutral({"azure": self.azure.snapshot(), "machines": machines}, names))

    def set_reachable(self, machine: str, reachable: bool) -> None:
        """Open or close a machine's WinRM port."""
        server = self.servers[machine]
        self._call(server.open if reachable else server.close)

    # Start and end ---------------------------------------------------------------------------------------------

    def __enter__(self) -> Lab:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> Lab:
        """Listen on every port, write the directory, and return when everything answers.

        Raises:
            LabError: something that the lab needs is missing or in the way.
        """
        sweep()
        self._folder = _Folder.temporary() if self._given is None else _Folder.given(self._given)
        self._thread = threading.Thread(target=self._run, name="lab", daemon=True)
        self._thread.start()
        limit = _START_TIMEOUT + _MACHINE_TIMEOUT * len(self.document["machines"])
        if not self._ready.wait(limit):
            self.stop()
            raise LabError(f"The lab did not start within {limit:.0f} s.")
        if self._problem is not None:
            self._thread.join()
            raise self._problem
        return self

    def stop(self) -> None:
        """End every listener and remove what the lab made; a second call does nothing."""
        loop, leave = self._loop, self._leave
        if loop is not None and leave is not None and not loop.is_closed():
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(leave.set)
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_START_TIMEOUT)

    def _call(self, work: Callable[[], Any]) -> Any:
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work(), self._loop).result(_START_TIMEOUT)

    def _need_folder(self) -> _Folder:
        if self._folder is None:
            raise LabError("The lab has not been started.")
        return self._folder

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as exc:  # start() raises it; otherwise the thread would lose it
            self._problem = exc
        finally:
            if self._folder is not None:
                self._folder.remove()
            self.ended.set()
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._leave = asyncio.Event()
        async with contextlib.AsyncExitStack() as stack:
            executor = ThreadPoolExecutor(WORKERS, thread_name_prefix="lab")
            stack.callback(executor.shutdown, wait=False, cancel_futures=True)
            await self._build(stack, executor)
            self._ready.set()
            await self._leave.wait()

    async def _build(self, stack: contextlib.AsyncExitStack, executor: ThreadPoolExecutor) -> None:
        from .arm import blob
        from .arm.server import ArmServer
        from .arm.state import AzureState
        from .windows.build import build_machines
        from .windows.installers import catalogue
        from .windows.replication import VmmServers

        folder, context = self._need_folder(), self.context
        private = folder.folder(".private")
        certificates = Certificates([*_names(self.document["machines"]), context.proxy.name, *blob.NAMES])
        folder.file("ca.pem", certificates.authority_pem)
        tls = certificates.server_context(private)

        self.installers = catalogue(self.document)
        context.azure = azure = self.azure = AzureState(context)
        self.machines.update(build_machines(context, self.document))
        context.fabric = VmmServers(self.machines)
        arm = ArmServer(azure)
        port = await _listen(stack, arm.app(), tls)
        self.arm_url = arm.base_url = f"https://127.0.0.1:{port}"

        context.resolve = lambda host: ("127.0.0.1", port) if _is_azure(host) and _exists(azure, host) else None
        proxy = ProxyServer(context)
        await _started(stack, proxy)
        context.proxy = replace(context.proxy, port=proxy.port)
        engine = await self._engine(stack, executor, private)
        await self._start_machines(stack, engine, certificates, private, tls)

        leave = self._leave
        assert leave is not None
        control = ControlServer(self, leave.set)
        await _started(stack, control)
        self._write(control)

    async def _engine(self, stack: contextlib.AsyncExitStack, executor: ThreadPoolExecutor, private: Path) -> Engine:
        if self.engine_name == "python":
            from .engines.python import PythonEngine

            return PythonEngine(self.machines, executor)
        from .engines.cmdlet_server import CmdletServer
        from .engines.pwsh import PwshEngine
        from .engines.pwsh_home import PwshMissing

        server = self.cmdlet_server = CmdletServer(self.machines, executor)
        await _started(stack, server)
        try:
            engine = PwshEngine(self.machines, executor, server, private / "pwsh")
        except PwshMissing as exc:
            raise LabError(str(exc)) from exc
        stack.push_async_callback(engine.close)
        return engine

    async def _start_machines(
        self, stack: contextlib.AsyncExitStack, engine: Engine, certificates: Certificates, private: Path, tls: Any
    ) -> None:
        account = Account(self.context.login.windows_user, self.context.login.windows_password)
        accounts_file = private / "accounts"
        account.store(accounts_file)
        described = self.document["machines"]
        latencies = {str(each["name"]): float(each.get("latency_seconds", 0.0)) for each in described}
        for name, machine in self.machines.items():
            authenticator = Authenticator(account, accounts_file, certificates.server_der)
            latency = latencies.get(name, 0.0)
            server = WinRmServer(
                name, machine, self.context, engine, authenticator=authenticator, tls=tls, latency=latency
            )
            await _started(stack, server)
            self.servers[name] = server

    def _write(self, control: ControlServer) -> None:
        folder = self._need_folder()
        folder.folder("keys")
        inventory.write(self, folder.folder("inventory"))
        environment = "".join(f"{name}={value}\n" for name, value in self.environment.items())
        folder.file("environment", environment.encode())
        access = {"url": control.url, "token": control.token, "process": os.getpid()}
        folder.file("control.json", json.dumps(access).encode())


def _names(machines: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the names of machines for the certificate."""
    names = [str(machine[key]) for machine in machines for key in ("name", "fqdn")]
    if len(names) <= _CERTIFIED_NAMES:
        return names
    return [f"*.{domain}" for domain in dict.fromkeys(str(each["fqdn"]).partition(".")[2] for each in machines)]


def _is_azure(host: str) -> bool:
    return host in {"127.0.0.1", "localhost"} or any(fnmatch.fnmatchcase(host, name) for name in AZURE_NAMES)


def _exists(azure: AzureState, host: str) -> bool:
    """Tell whether a host exists; the name of a storage account exists only with the account."""
    account, _dot, rest = host.partition(".")
    if not rest.startswith("blob.core."):
        return True
    return any(str(known["name"]).casefold() == account for known in list(azure.accounts.values()))


async def _started(stack: contextlib.AsyncExitStack, server: Any) -> None:
    """Start a server, and stop it with the lab, also when its start fails halfway."""
    stack.push_async_callback(server.stop)
    await server.start()


async def _listen(stack: contextlib.AsyncExitStack, app: web.Application, tls: Any) -> int:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    stack.push_async_callback(runner.cleanup)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls, backlog=256)
    await site.start()
    return int(runner.addresses[0][1])
