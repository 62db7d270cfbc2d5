# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service, as the real pywinrm sees it."""

from __future__ import annotations

import base64
import socket
import threading
import time
import uuid
from pathlib import Path

import pytest
import requests
import winrm.exceptions

from lab.certificates import Certificates
from lab.winrm import soap
from tests.lab.winrm.service import ACCOUNT, Service, run_line

TRANSPORTS = ["basic", "plaintext", "ssl", "ntlm"]


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_command_without_input_is_answered(service: Service, transport: str) -> None:
    answer = run_line(service.client(transport), "echo", "grüße", "🙂")
    assert (answer.stdout.decode(), answer.stderr, answer.code) == ("grüße 🙂", b"", 0)


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_a_wrong_password_is_rejected(service: Service, transport: str) -> None:
    with pytest.raises(winrm.exceptions.InvalidCredentialsError):
        run_line(service.client(transport, password="wrong"), "echo")
    assert service.words.seen == []


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_another_user_is_rejected(service: Service, transport: str) -> None:
    with pytest.raises(winrm.exceptions.InvalidCredentialsError):
        run_line(service.client(transport, username="LAB\\other"), "echo")


def test_ntlm_without_channel_binding_is_rejected(service: Service) -> None:
    with pytest.raises(winrm.exceptions.InvalidCredentialsError):
        run_line(service.client("ntlm", send_cbt=False), "echo")


def test_ntlm_holds_for_its_connection_only(service: Service) -> None:
    client = service.client("ntlm")
    assert run_line(client, "echo", "first").stdout == b"first"
    # The same request without a login on a connection of its own.
    assert requests.post(service.url, data=b"", verify=str(service.authority), timeout=10).status_code == 401


def test_a_request_without_a_login_is_told_what_is_offered(service: Service) -> None:
    answer = requests.post(service.url, data=b"x" * 300_000, verify=str(service.authority), timeout=10)
    assert answer.status_code == 401
    assert answer.content == b""
    offered = answer.headers["WWW-Authenticate"]
    assert all(name in offered for name in ("Negotiate", "NTLM", "Basic"))


def test_an_unknown_authority_ends_in_a_certificate_error(service: Service, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_bytes(Certificates().authority_pem)
    with pytest.raises(requests.exceptions.SSLError, match="certificate verify failed"):
        run_line(service.client(ca_trust_path=str(other)), "echo")


def test_a_command_slower_than_the_operation_timeout_is_waited_for(service: Service) -> None:
    client = service.client(operation_timeout_sec=1, read_timeout_sec=3)
    started = time.monotonic()
    assert run_line(client, "sleep", "2.5").stdout == b"slept"
    assert time.monotonic() - started >= 2.5


def test_output_of_both_streams_comes_in_slices_with_the_exit_code_last(service: Service) -> None:
    answer = run_line(service.client(), "both", "1500000")
    assert (len(answer.stdout), len(answer.stderr), answer.code) == (1_500_000, 1_500_000, 3)


@pytest.mark.parametrize("size", [0, 1, 200_000, 2_000_001], ids=str)
def test_input_in_chunks_comes_back_unchanged(service: Service, size: int) -> None:
    client = service.client()
    text = ("aß🙂\0\r\n" * (size // 4 + 1)).encode()[:size]
    shell = client.open_shell()
    command = client.run_command(shell, "stdin", console_mode_stdin=False, skip_cmd_shell=True)
    pieces = [text[start : start + 200_000] for start in range(0, size, 200_000)] or [b""]
    for number, piece in enumerate(pieces):
        client.send_command_input(shell, command, piece, end=number == len(pieces) - 1)
    stdout, stderr, code = client.get_command_output(shell, command)
    assert (stdout, stderr, code) == (text, b"", 0)


def test_the_shells_variables_reach_the_command(service: Service) -> None:
    client = service.client()
    shell = client.open_shell(env_vars={"COLOUR": "grün"})
    stdout, _, _ = client.get_command_output(shell, client.run_command(shell, "environment"))
    assert stdout.decode() == "{'COLOUR': 'grün'}"


def test_a_signal_ends_the_command(service: Service) -> None:
    client = service.client()
    shell = client.open_shell()
    command = client.run_command(shell, "sleep", ["60"])
    client.cleanup_command(shell, command)
    _wait_until(lambda: service.words.cancelled == ["sleep 60"])


def test_deleting_a_shell_ends_its_commands(service: Service) -> None:
    client = service.client()
    shell = client.open_shell()
    client.run_command(shell, "sleep", ["60"])
    client.close_shell(shell)
    _wait_until(lambda: service.words.cancelled == ["sleep 60"])
    assert len(service.server.shells) == 0


def test_an_unknown_shell_is_a_fault_with_its_code(service: Service) -> None:
    with pytest.raises(winrm.exceptions.WSManFaultError) as caught:
        service.client().run_command(str(uuid.uuid4()).upper(), "echo")
    assert caught.value.wsman_fault_code == 0x8033805B


def test_an_unknown_command_is_a_fault(service: Service) -> None:
    client = service.client()
    with pytest.raises(winrm.exceptions.WSManFaultError, match="has no command"):
        client.get_command_output(client.open_shell(), str(uuid.uuid4()).upper())


def test_a_defect_of_an_engine_is_told_in_the_error_output(service: Service) -> None:
    answer = run_line(service.client(), "defect")
    assert answer.code == 1
    assert b"ZeroDivisionError: a defect of the engine" in answer.stderr


def test_shells_that_nobody_uses_are_reaped(tmp_path: Path) -> None:
    service = Service(tmp_path, idle=0.4).start()
    try:
        client = service.client()
        client.run_command(client.open_shell(), "sleep", ["60"])
        _wait_until(lambda: len(service.server.shells) == 0)
        _wait_until(lambda: service.words.cancelled == ["sleep 60"])
    finally:
        service.stop()


@pytest.mark.parametrize("operation", ["create", "command", "receive"])
def test_a_planned_drop_cuts_the_connection(service: Service, operation: str) -> None:
    service.context.faults.plan(f"winrm:hv01:{operation}", "drop")
    with pytest.raises(requests.exceptions.ConnectionError):
        run_line(service.client(), "echo", "x")
    assert run_line(service.client(), "echo", "again").stdout == b"again"


def test_a_command_that_vanishes_cuts_the_connection(service: Service) -> None:
    with pytest.raises(requests.exceptions.ConnectionError):
        run_line(service.client(), "vanish")


def test_a_planned_failure_is_a_fault_with_the_planned_code(service: Service) -> None:
    service.context.faults.plan("winrm:hv01:command", "fail", code=2150858770, reason="out of order")
    with pytest.raises(winrm.exceptions.WSManFaultError, match="out of order") as caught:
        run_line(service.client(), "echo")
    assert caught.value.wsman_fault_code == 2150858770


def test_a_planned_quota_fault_carries_its_wmi_code(service: Service) -> None:
    service.context.faults.plan("winrm:hv01:command", "fail", wmi_code=0x803381A6)
    with pytest.raises(winrm.exceptions.WSManFaultError) as caught:
        run_line(service.client(), "echo")
    assert caught.value.wmierror_code == 0x803381A6


def test_a_planned_throttle_is_error_busy(service: Service) -> None:
    service.context.faults.plan("winrm:hv01:create", "throttle")
    with pytest.raises(winrm.exceptions.WSManFaultError) as caught:
        run_line(service.client(), "echo")
    assert caught.value.wsman_fault_code == 170


def test_a_planned_hang_ends_in_the_clients_own_timeout(service: Service) -> None:
    service.context.faults.plan("winrm:hv01:receive", "hang")
    with pytest.raises(requests.exceptions.ReadTimeout):
        run_line(service.client(operation_timeout_sec=1, read_timeout_sec=2), "echo")


def test_a_planned_delay_only_takes_time(service: Service) -> None:
    service.context.faults.plan("winrm:hv01:command", "delay", seconds=0.5)
    started = time.monotonic()
    assert run_line(service.client(), "echo", "late").stdout == b"late"
    assert time.monotonic() - started >= 0.5


def test_an_unreachable_machine_refuses_connections_and_comes_back_at_its_port(service: Service) -> None:
    port = service.server.port
    client = service.client()
    shell = client.open_shell()
    service.call(service.server.close())
    with pytest.raises(requests.exceptions.ConnectionError):
        client.run_command(shell, "echo")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)
    service.call(service.server.open())
    assert service.server.port == port
    assert run_line(client, "echo", "back").stdout == b"back"


def test_a_document_type_is_refused(service: Service) -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'
    answer = _post(service, bomb)
    assert answer.status_code == 400
    assert b"document type" in answer.content


@pytest.mark.parametrize(
    "body", [b"", b"no xml", b"<a/>", b'<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"/>']
)
def test_what_is_no_envelope_is_refused(service: Service, body: bytes) -> None:
    assert _post(service, body).status_code == 400


def test_another_path_is_not_there(service: Service) -> None:
    assert requests.post(service.url + "x", verify=str(service.authority), timeout=10).status_code == 404


def test_every_answer_relates_to_its_request(service: Service) -> None:
    message = f"uuid:{uuid.uuid4()}"
    answer = _post(service, _create(message))
    assert answer.status_code == 200
    assert f"<a:RelatesTo>{message}</a:RelatesTo>".encode() in answer.content


def test_an_action_that_is_not_supported_is_a_fault(service: Service) -> None:
    answer = _post(service, _create("uuid:1", action="http://schemas.xmlsoap.org/ws/2004/09/transfer/Get"))
    assert answer.status_code == 500
    assert b"ActionNotSupported" in answer.content


def test_twenty_clients_at_once_do_not_wait_for_each_other(service: Service) -> None:
    answers: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: answers.append(run_line(service.client(), "sleep", "1").stdout))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert answers == [b"slept"] * 20


@pytest.mark.parametrize(("text", "seconds"), [("PT20S", 20), ("PT1M0.5S", 60.5), ("P1DT1H", 90000), ("soon", 60)])
def test_durations_are_read_as_seconds(text: str, seconds: float) -> None:
    assert soap.seconds(text) == seconds


def _create(message: str, action: str = soap.CREATE) -> bytes:
    return (
        f'<s:Envelope xmlns:s="{soap.SOAP}" xmlns:a="{soap.ADDRESSING}" xmlns:w="{soap.WSMAN}"'
        f' xmlns:rsp="{soap.SHELL}">'
        f"<s:Header><a:Action>{action}</a:Action><a:MessageID>{message}</a:MessageID>"
        f"<w:ResourceURI>{soap.CMD_SHELL}</w:ResourceURI></s:Header><s:Body><rsp:Shell/></s:Body></s:Envelope>"
    ).encode()


def _post(service: Service, body: bytes) -> requests.Response:
    login = base64.b64encode(f"{ACCOUNT.user}:{ACCOUNT.password}".encode()).decode()
    return requests.post(
        service.url, data=body, headers={"Authorization": f"Basic {login}"}, verify=str(service.authority), timeout=10
    )


def _wait_until(condition: object, seconds: float = 5.0) -> None:
    assert callable(condition)
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.02)
