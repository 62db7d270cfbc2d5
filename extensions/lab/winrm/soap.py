# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WS-Management envelopes: reads requests, and writes answers and faults.

Names and codes are those of MS-WSMV (Web Services Management Protocol Extensions for Windows Vista) and DSP0226.
"""

from __future__ import annotations

import base64
import binascii
import re
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException

SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
TRANSFER = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
FAULT = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
WMI_ERROR = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError"
CMD_SHELL = f"{SHELL}/cmd"
POWERSHELL = "http://schemas.microsoft.com/powershell"
POWERSHELL_SHELL = f"{POWERSHELL}/Microsoft.PowerShell"

CREATE = f"{TRANSFER}/Create"
DELETE = f"{TRANSFER}/Delete"
COMMAND = f"{SHELL}/Command"
SEND = f"{SHELL}/Send"
RECEIVE = f"{SHELL}/Receive"
SIGNAL = f"{SHELL}/Signal"
OPERATIONS = {
    CREATE: "create",
    COMMAND: "command",
    SEND: "send",
    RECEIVE: "receive",
    SIGNAL: "signal",
    DELETE: "delete",
}

TERMINATE = f"{SHELL}/signal/terminate"
CTRL_C = f"{SHELL}/signal/ctrl_c"
ANONYMOUS = f"{ADDRESSING}/role/anonymous"

_PREFIXES = {"s": SOAP, "a": ADDRESSING, "w": WSMAN, "x": TRANSFER, "rsp": SHELL, "f": FAULT, "wmi": WMI_ERROR}

_DURATION = re.compile(r"^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$")
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


class Malformed(Exception):
    """The request is not a WS-Management envelope that this service supports."""


class WsmanFault(Exception):
    """A fault to send: a reason for people, and codes for the client."""

    def __init__(
        self, reason: str, *, code: int | None = None, subcode: str = "w:InternalError", wmi_code: int | None = None
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.code = code
        self.subcode = subcode
        self.wmi_code = wmi_code


def operation_timed_out() -> WsmanFault:
    """Return the fault that makes the client repeat its request: 0x80338029."""
    reason = "The WS-Management service cannot complete the operation within the time specified in OperationTimeout."
    return WsmanFault(reason, code=2150858793, subcode="w:TimedOut")


def unknown_shell(shell_id: str | None) -> WsmanFault:
    """Return the fault for unknown selectors: 0x8033805B."""
    reason = (
        "The WS-Management service cannot process the request because the request contained invalid selectors for "
        f"the resource: shell {shell_id}."
    )
    return WsmanFault(reason, code=2150858843, subcode="w:InvalidSelectors")


def invalid_request(reason: str) -> WsmanFault:
    return WsmanFault(reason, subcode="w:InvalidParameter")


def busy() -> WsmanFault:
    """Return ERROR_BUSY (170)."""
    return WsmanFault("The requested resource is in use.", code=170, subcode="w:Concurrency")


@dataclass(frozen=True, slots=True)
class Envelope:
    """A request: its headers as far as a shell needs them, and the one element of its body."""

    action: str
    message_id: str
    resource_uri: str
    shell_id: str | None
    operation_timeout: float
    options: Mapping[str, str]
    body: ET.Element | None = field(repr=False)

    @property
    def operation(self) -> str:
        """Return a short name of the action; an unknown action keeps its address."""
        return OPERATIONS.get(self.action, self.action)


@dataclass(frozen=True, slots=True)
class StreamChunk:
    """A piece of a stream in either direction."""

    name: str
    data: bytes = field(repr=False)
    end: bool = False


def seconds(duration: str, default: float = 60.0) -> float:
    """Convert an ISO 8601 duration without years and months to seconds."""
    match = _DURATION.match(duration.strip())
    if match is None:
        return default
    days, hours, minutes, rest = (float(group or 0) for group in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest


def parse(data: bytes) -> Envelope:
    """Read a request; reject document types, entities, and envelopes without an action."""
    try:
        root = defusedxml.ElementTree.fromstring(data, forbid_dtd=True)
    except DefusedXmlException as exc:
        raise Malformed("a document type or entity is not allowed in a request") from exc
    except ET.ParseError as exc:
        raise Malformed(f"the request is not XML: {exc}") from exc
    header = root.find(f"{{{SOAP}}}Header")
    body = root.find(f"{{{SOAP}}}Body")
    if root.tag != f"{{{SOAP}}}Envelope" or header is None or body is None:
        raise Malformed("the request is not a SOAP 1.2 envelope with a header and a body")
    action = _text(header, ADDRESSING, "Action")
    message_id = _text(header, ADDRESSING, "MessageID")
    if not action or not message_id:
        raise Malformed("the request lacks an Action or a MessageID")
    selectors = {item.get("Name", ""): (item.text or "").strip() for item in header.iter(f"{{{WSMAN}}}Selector")}
    options = {item.get("Name", ""): (item.text or "").strip() for item in header.iter(f"{{{WSMAN}}}Option")}
    return Envelope(
        action=action,
        message_id=message_id,
        resource_uri=_text(header, WSMAN, "ResourceURI"),
        shell_id=selectors.get("ShellId"),
        operation_timeout=seconds(_text(header, WSMAN, "OperationTimeout")),
        options=options,
        body=next(iter(body), None),
    )


def _text(parent: ET.Element, namespace: str, name: str) -> str:
    element = parent.find(f"{{{namespace}}}{name}")
    return "" if element is None else (element.text or "").strip()


def command_line(envelope: Envelope) -> tuple[str, tuple[str, ...]]:
    """Return the command and the arguments of a Command request."""
    body = _body(envelope, "CommandLine")
    command = body.findtext(f"{{{SHELL}}}Command")
    if not command:
        raise invalid_request("The Command request names no command.")
    return command, tuple(item.text or "" for item in body.iter(f"{{{SHELL}}}Arguments"))


def shell_environment(envelope: Envelope) -> dict[str, str]:
    """Return the variables that a Create request sets for its shell."""
    body = _body(envelope, "Shell")
    return {item.get("Name", ""): item.text or "" for item in body.iter(f"{{{SHELL}}}Variable")}


def pool_creation(envelope: Envelope) -> tuple[str, bytes]:
    """Return the client's id of its runspace pool, and the messages that open the pool."""
    body = _body(envelope, "Shell")
    shell_id = body.get("ShellId", "").upper() or str(uuid.uuid4()).upper()
    return shell_id, _decoded(body.findtext(f"{{{POWERSHELL}}}creationXml"), "creationXml of the Create request")


def pipeline_creation(envelope: Envelope) -> tuple[str, bytes]:
    """Return the client's id of a pipeline, and the first fragment of its description."""
    body = _body(envelope, "CommandLine")
    command_id = body.get("CommandId", "").upper()
    return command_id, _decoded(body.findtext(f"{{{SHELL}}}Arguments"), "first fragment of the Command request")


def _decoded(text: str | None, what: str) -> bytes:
    try:
        return base64.b64decode(text or "", validate=True)
    except binascii.Error as exc:
        raise invalid_request(f"The {what} is not base64.") from exc


def sent_streams(envelope: Envelope) -> tuple[str, list[StreamChunk]]:
    """Return the command's id and the pieces of input of a Send request."""
    body = _body(envelope, "Send")
    command_id = ""
    chunks = []
    for stream in body.iter(f"{{{SHELL}}}Stream"):
        command_id = stream.get("CommandId", command_id)
        try:
            data = base64.b64decode(stream.text or "", validate=True)
        except binascii.Error as exc:
            raise invalid_request("A stream of the Send request is not base64.") from exc
        chunks.append(StreamChunk(stream.get("Name", ""), data, stream.get("End", "").lower() == "true"))
    return command_id, chunks


def desired_command(envelope: Envelope) -> str:
    """Return the command whose output a Receive request requests."""
    stream = _body(envelope, "Receive").find(f"{{{SHELL}}}DesiredStream")
    return "" if stream is None else stream.get("CommandId", "")


def signal(envelope: Envelope) -> tuple[str, str]:
    """Return the command and the code of a Signal request."""
    body = _body(envelope, "Signal")
    return body.get("CommandId", ""), (body.findtext(f"{{{SHELL}}}Code") or "").strip()


def _body(envelope: Envelope, name: str) -> ET.Element:
    if envelope.body is None or envelope.body.tag != f"{{{SHELL}}}{name}":
        raise invalid_request(f"The body of the request holds no {name} element.")
    return envelope.body


def created(relates_to: str, shell_id: str, resource_uri: str = CMD_SHELL) -> bytes:
    body = ET.Element(f"{{{TRANSFER}}}ResourceCreated")
    _add(body, ADDRESSING, "Address", ANONYMOUS)
    parameters = ET.SubElement(body, f"{{{ADDRESSING}}}ReferenceParameters")
    _add(parameters, WSMAN, "ResourceURI", resource_uri)
    selectors = ET.SubElement(parameters, f"{{{WSMAN}}}SelectorSet")
    _add(selectors, WSMAN, "Selector", shell_id, Name="ShellId")
    return _envelope(f"{CREATE}Response", relates_to, body)


def command_started(relates_to: str, command_id: str) -> bytes:
    body = ET.Element(f"{{{SHELL}}}CommandResponse")
    _add(body, SHELL, "CommandId", command_id)
    return _envelope(f"{COMMAND}Response", relates_to, body)


def sent(relates_to: str) -> bytes:
    return _envelope(f"{SEND}Response", relates_to, ET.Element(f"{{{SHELL}}}SendResponse"))


def received(relates_to: str, command_id: str, chunks: Sequence[StreamChunk], exit_code: int | None) -> bytes:
    """Return the answer with output of a command, or of the shell itself; an exit code ends the output."""
    owner = {"CommandId": command_id} if command_id else {}
    body = ET.Element(f"{{{SHELL}}}ReceiveResponse")
    for chunk in chunks:
        ending = {"End": "true"} if chunk.end else {}
        _add(
            body,
            SHELL,
            "Stream",
            base64.b64encode(chunk.data).decode(),
            Name=chunk.name,
            **owner,
            **ending,
        )
    if not command_id:
        return _envelope(f"{RECEIVE}Response", relates_to, body)
    state = "Running" if exit_code is None else "Done"
    element = ET.SubElement(
        body, f"{{{SHELL}}}CommandState", {"CommandId": command_id, "State": f"{SHELL}/CommandState/{state}"}
    )
    if exit_code is not None:
        _add(element, SHELL, "ExitCode", str(exit_code))
    return _envelope(f"{RECEIVE}Response", relates_to, body)


def signalled(relates_to: str) -> bytes:
    return _envelope(f"{SIGNAL}Response", relates_to, ET.Element(f"{{{SHELL}}}SignalResponse"))


def deleted(relates_to: str) -> bytes:
    return _envelope(f"{DELETE}Response", relates_to, None)


def fault(relates_to: str, problem: WsmanFault) -> bytes:
    """Return the fault as every client reads it: Code, Subcode, Reason, and the numbers in Detail."""
    body = ET.Element(f"{{{SOAP}}}Fault")
    code = ET.SubElement(body, f"{{{SOAP}}}Code")
    _add(code, SOAP, "Value", "s:Receiver" if problem.code == busy().code else "s:Sender")
    _add(ET.SubElement(code, f"{{{SOAP}}}Subcode"), SOAP, "Value", problem.subcode)
    reason = ET.SubElement(body, f"{{{SOAP}}}Reason")
    _add(reason, SOAP, "Text", problem.reason).set(_XML_LANG, "en-US")
    detail = ET.SubElement(body, f"{{{SOAP}}}Detail")
    if problem.wmi_code is not None:
        error = ET.SubElement(detail, f"{{{WMI_ERROR}}}MSFT_WmiError")
        _add(error, WMI_ERROR, "error_Code", str(problem.wmi_code))
        _add(error, WMI_ERROR, "Message", problem.reason)
    if problem.code is not None:
        element = ET.SubElement(detail, f"{{{FAULT}}}WSManFault", {"Code": str(problem.code), "Machine": "127.0.0.1"})
        _add(element, FAULT, "Message", problem.reason)
    return _envelope(f"{WSMAN.rsplit('/', 1)[0]}/fault", relates_to, body)


def _envelope(action: str, relates_to: str, body: ET.Element | None) -> bytes:
    root = ET.Element(f"{{{SOAP}}}Envelope")
    header = ET.SubElement(root, f"{{{SOAP}}}Header")
    _add(header, ADDRESSING, "Action", action)
    _add(header, ADDRESSING, "MessageID", f"uuid:{str(uuid.uuid4()).upper()}")
    _add(header, ADDRESSING, "To", ANONYMOUS)
    if relates_to:
        _add(header, ADDRESSING, "RelatesTo", relates_to)
    holder = ET.SubElement(root, f"{{{SOAP}}}Body")
    if body is not None:
        holder.append(body)
    # Registered every time: the whole process shares this register, in which a client's library sets other prefixes,
    # and the fault codes use these prefixes.
    for prefix, uri in _PREFIXES.items():
        ET.register_namespace(prefix, uri)
    written: bytes = ET.tostring(root, encoding="utf-8")
    return written


def _add(parent: ET.Element, namespace: str, name: str, text: str, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, f"{{{namespace}}}{name}", attributes)
    element.text = text
    return element
