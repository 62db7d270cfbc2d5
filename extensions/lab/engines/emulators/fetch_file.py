# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Emulator of fetch_file: copies a file to the machine from the web, a share or a folder of its own."""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import urljoin, urlsplit

from ...windows.errors import MachineError
from ...windows.web import RequestFailed, WebResponse, ask, egress_of_mode
from .base import Run, ScriptFailed, emulator, file_facts, folder_of
from .protected_folder import protect_folder
from .transfer import BLOCK, NO_VALIDATOR, Mark, Transfer, new_facts

_HOPS = 11
_STRONG_TAG = re.compile(r'"[\x21-\x7e]*"')
_BROKEN = "Unable to read data from the transport connection: The connection was closed."


class Failed(Exception):
    """The transfer ends early, with the script's text for the exception."""

    def __init__(self, kind: str, message: str, reason: str | None = None, status: int | None = None) -> None:
        super().__init__(message)
        self.facts = {"type": kind, "status": status, "reason": reason, "message": message}


@dataclass(frozen=True, slots=True)
class Job:
    run: Run
    source: str
    transfer: Transfer
    started: float

    @property
    def origin(self) -> str:
        return hashlib.sha256(self.source.split("?")[0].encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Content:
    """The incoming bytes, which begin at `start` of `total`."""

    bytes: bytes
    start: int
    total: int | None
    validator: str
    breaks: bool = False


@emulator
def fetch_file(run: Run) -> dict[str, Any]:
    source, destination = run.need("Source"), run.need("Destination")
    transfer = Transfer(run.machine, destination, run.number("SpaceFactor", 3), new_facts())
    if not run.check_mode:
        protect_folder(run.machine, folder_of(destination))
        job = Job(run, source, transfer, time.monotonic())
        try:
            (_from_web if re.match("https://", source, re.IGNORECASE) else _from_file)(job)
        except Failed as exc:
            transfer.facts["error"] = exc.facts
        except MachineError as exc:
            transfer.facts["error"] = Failed(exc.powershell_type, str(exc)).facts
        except ScriptFailed as exc:
            transfer.facts["error"] = Failed("System.Management.Automation.RuntimeException", str(exc)).facts
        error = transfer.facts["error"]
        if error is not None and error["status"] == 416 and run.machine.exists(f"{transfer.partial}.id"):
            transfer.forget()
    return {**file_facts(run.machine, destination), "transfer": transfer.facts}


def _from_web(job: Job) -> None:
    mark, offset = job.transfer.mark(), 0
    if mark is not None and mark.origin == job.origin and mark.validator != NO_VALIDATOR and mark.length < mark.total:
        offset = mark.length
    answer = _open(job, offset, mark.validator if mark is not None and offset else "")
    start = _part(job, answer, offset, mark) if answer.status == 206 else 0
    length = answer.headers.get("Content-Length")
    total = None if length is None else start + int(length)
    validator = answer.headers.get("ETag", "")
    if not _STRONG_TAG.fullmatch(validator):
        validator = answer.headers.get("Last-Modified", "")
    known = validator if validator and total is not None else NO_VALIDATOR
    _save(job, Content(answer.content, start, total, known, answer.breaks))


def _open(job: Job, offset: int, validator: str) -> WebResponse:
    run, url = job.run, job.source
    proxy = f"{run.text('ProxyAddress').rstrip('/')}:{run.number('ProxyPort')}"
    egress = egress_of_mode(run.text("ProxyMode") or "system", proxy, run.credential("ProxyCredential"))
    for _hop in range(_HOPS):
        parts = urlsplit(url)
        job.transfer.facts["host"] = parts.hostname
        if parts.scheme.lower() != "https":
            job.transfer.facts["insecure"] = True
            raise ScriptFailed(f"The address leads to {parts.scheme}://{parts.hostname}, which is not https.")
        try:
            answer = ask(run.machine, url, offset, validator, egress)
        except RequestFailed as exc:
            raise Failed("System.Net.WebException", str(exc), exc.reason) from exc
        if answer.error is not None:
            raise Failed("System.Net.WebException", answer.error, "ProtocolError", answer.status)
        location = answer.headers.get("Location", "")
        if answer.status < 300 or not location:
            return answer
        url = urljoin(url, location)
    raise ScriptFailed("The address leads through more than ten redirections.")


def _part(job: Job, answer: WebResponse, offset: int, mark: Mark | None) -> int:
    assert mark is not None
    if answer.headers.get("Content-Range") != f"bytes {offset}-{mark.total - 1}/{mark.total}":
        job.transfer.forget()
        raise ScriptFailed("The server answered with another part than the one that was asked for.")
    return offset


def _from_file(job: Job) -> None:
    content = job.run.machine.open_file(job.source)
    modified = job.run.machine.files.need(job.source).modified
    ticks = (
        (modified.astimezone(timezone.utc) - datetime(1, 1, 1, tzinfo=timezone.utc)) // timedelta(microseconds=1) * 10
    )
    total, mark, start = len(content), job.transfer.mark(), 0
    if mark is not None and (mark.origin, mark.total, mark.validator) == (job.origin, total, str(ticks)):
        start = mark.length if mark.length < total else 0
    _save(job, Content(content[start:], start, total, str(ticks)))


def _save(job: Job, content: Content) -> None:
    run, transfer, total = job.run, job.transfer, content.total
    facts = transfer.facts
    facts.update(total=total, received=content.start, resumed_at=content.start)
    if total is not None and not transfer.has_room(total, content.start):
        return
    run.changed = True
    if content.start == 0:
        transfer.begin(f"{job.origin} {'' if total is None else total} {content.validator}")
    position = 0
    while True:
        block = content.bytes[position : position + BLOCK]
        if not block and content.breaks:
            raise Failed("System.IO.IOException", _BROKEN)
        if block:
            run.machine.append_file(transfer.partial, block)
            position += len(block)
            facts["received"] += len(block)
        ended = not block or facts["received"] == total
        if ended or (total is not None and time.monotonic() - job.started >= run.number("Seconds", 60)):
            break
    if ended and total in (None, facts["received"]):
        transfer.complete()
