# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Send odd requests to every route of the simulated Azure, and print those that make it fail."""

from __future__ import annotations

import warnings
from collections import Counter

import requests

from lab.arm.server import ArmServer
from lab.lab import Lab
from tests.support.odd_requests import odd_requests

SEED, EACH = 1, 60


def fuzz(here: Lab) -> int:
    """Print failures and the number of answers by status. Return the exit status: 1 after a failure."""
    warnings.simplefilter("ignore")
    here.azure.give_role("Owner")
    headers = {"Authorization": f"Bearer {here.azure.new_token()}"}
    statuses: Counter[int] = Counter()
    failed = 0
    with requests.Session() as session:
        session.verify, session.trust_env = str(here.authority_path), False
        for odd in odd_requests(ArmServer(here.azure), SEED, EACH):
            answer = session.request(odd.method, here.arm_url + odd.target, data=odd.body, headers=headers, timeout=30)
            statuses[answer.status_code] += 1
            if answer.status_code >= 500 and answer.status_code != 501:
                failed += 1
                print(f"{answer.status_code} {odd}", flush=True)
    print(", ".join(f"{status}: {count}" for status, count in sorted(statuses.items())))
    print(f"{statuses.total()} odd requests, {failed} failures")
    return int(failed > 0)
