# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No request makes the simulated Azure fail: a sample for every route. `make bench ARGS=fuzz` sends many more."""

from __future__ import annotations

import pytest
import requests

from tests.support.odd_requests import Odd, odd_requests, routes

from .conftest import Azure

SEED = 20261129
EACH = 3


def test_every_route_answers_odd_requests(azure: Azure) -> None:
    azure.state.give_role("Owner")
    headers = {"Authorization": f"Bearer {azure.state.new_token()}"}
    failed, sent = [], 0
    with requests.Session() as session:
        session.verify, session.trust_env = azure.ca, False
        for odd in odd_requests(azure.server, SEED, EACH):
            answer = session.request(
                odd.method, azure.server.base_url + odd.target, data=odd.body, headers=headers, timeout=10
            )
            sent += 1
            if answer.status_code >= 500 and answer.status_code != 501:
                failed.append(f"{answer.status_code} {odd}")
    assert failed == []
    assert sent == EACH * len(routes(azure.server)) > 300


def test_the_seed_decides_the_requests(azure: Azure) -> None:
    def first(seed: int) -> list[Odd]:
        stream = odd_requests(azure.server, seed, 1)
        return [next(stream) for _number in range(20)]

    assert first(1) == first(1)
    assert first(1) != first(2)


@pytest.mark.parametrize("body", [b"[" * 100_000, b"\xff", b'{"location": "\\ud800"}', b'{"location": Infinity}'])
def test_a_body_that_is_no_document_is_refused(azure: Azure, body: bytes) -> None:
    path = f"/subscriptions/{azure.context.login.subscription_id}/resourceGroups/rg"
    answer = azure.send("PUT", path, "2025-04-01", raw=body)
    assert answer.status_code == 400, answer.text
