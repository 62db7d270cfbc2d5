# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Private: the document of a run for other programs: JSON, JUnit XML for pipelines, and the findings as CSV."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from typing import Any, Final
from xml.etree import ElementTree as ET

# Characters that XML 1.0 does not allow.
_NO_XML: Final = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: A spreadsheet takes a cell that begins so for a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS: Final = ("status", "step", "check", "machine", "message", "fix", "source")


def as_json(document: Mapping[str, Any]) -> str:
    """Return the document as JSON."""
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def as_csv(document: Mapping[str, Any]) -> str:
    """Return one row for each finding of each machine."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for row in document["findings"]:
        for case in row["cases"]:
            for machine in case["machines"]:
                cells = (row["status"], row["step"], row["id"], machine, case["message"], row["fix"], row["source"])
                writer.writerow(map(_cell, cells))
    return text.getvalue()


def _cell(text: str) -> str:
    """Return a text that a spreadsheet shows as it is."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def as_junit(document: Mapping[str, Any]) -> str:
    """Return a test suite for each machine, with a test for each check. Only an error fails a test.

    A check that could not be evaluated is skipped. A machine without checks has one test, which fails unless the
    machine is good.
    """
    root = ET.Element("testsuites", name=document["collection"]["name"])
    for machine in document["machines"]:
        suite = ET.SubElement(root, "testsuite", name=_xml(machine["name"]), timestamp=document["generated"])
        for check in machine["checks"]:
            case = ET.SubElement(suite, "testcase", classname=_xml(machine["name"]), name=_xml(_name(check)))
            _add_result(case, check)
        if machine["failure"] or not machine["checks"]:
            case = ET.SubElement(suite, "testcase", classname=_xml(machine["name"]), name="run")
            if machine["state"] != "good":
                ET.SubElement(case, "failure", message=_xml(machine["failure"] or machine["state"]))
        suite.set("tests", str(len(suite)))
        suite.set("failures", str(len(suite.findall("testcase/failure"))))
        suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=False) + "\n"


def _name(check: Mapping[str, Any]) -> str:
    return f"{check['step']} {check['id']}"


def _add_result(case: ET.Element, check: Mapping[str, Any]) -> None:
    text = _xml("; ".join(filter(None, (check["message"], check["fix"]))))
    if check["status"] == "error":
        ET.SubElement(case, "failure", message=text)
    elif not check["known"]:
        ET.SubElement(case, "skipped", message=text)
    elif check["status"] == "warning":
        ET.SubElement(case, "system-out").text = text


def _xml(text: str) -> str:
    return _NO_XML.sub("", text)
