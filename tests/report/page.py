#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Whether pages are what they should be: page.py (PAGE EVENTS)...

Parsed as a browser does, a page has the elements of ours and no others, one script, no attribute that runs one, no
address that is fetched, and no octet that is not printable; all blocks are in its data, and the lists count right.
"""
import base64
import hashlib
import json
import re
import sys
from collections import Counter
from html.parser import HTMLParser

ELEMENTS = set(
    "html head meta title style body h1 h2 p div b section span i svg line text rect title table tr td th thead tbody "
    "input noscript script".split()
)


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.scripts, self.inside, self.policy = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        assert tag in ELEMENTS, f"element {tag}"
        for name, value in attrs:
            assert not name.startswith("on"), f"attribute {name}"
            assert name not in ("src", "href", "action", "xlink:href"), f"attribute {name}"
            if tag == "meta" and value and value.startswith("default-src"):
                self.policy = value
        if tag not in ("meta", "input", "line", "rect"):
            self.inside.append(tag)
        if tag == "script":
            self.scripts.append((dict(attrs), ""))

    def handle_endtag(self, tag):
        if tag in self.inside:
            while self.inside.pop() != tag:
                pass

    def handle_data(self, data):
        if self.inside and self.inside[-1] == "script":
            attrs, text = self.scripts[-1]
            self.scripts[-1] = (attrs, text + data)


def check(page_path, events_path):
    raw = open(page_path, "rb").read()
    assert all(c in b"\n\t" or 0x20 <= c <= 0x7E for c in raw), "an octet that is not printable"
    page = Page(raw.decode("ascii"))
    assert len(page.scripts) == 2, f"{len(page.scripts)} scripts"
    (data_attrs, data), (_, script) = page.scripts
    assert data_attrs == {"type": "application/json", "id": "data"}, data_attrs
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in page.policy, "the policy does not name the script"
    assert "default-src 'none'" in page.policy
    assert "<" not in data and "&" not in data, "an octet in the data that a parser of HTML may stop at"
    rows = json.loads(data)
    events = [json.loads(line) for line in open(events_path, encoding="utf-8")]
    blocks = [e for e in events if "block" in e]
    assert [r[1] for r in rows] == [b["block"]["id"] for b in blocks], "blocks are missing"
    assert [r[9] for r in rows] == [b["block"]["count"] for b in blocks]
    for row in rows:
        assert all(isinstance(c, int) or re.fullmatch("[ -~]*", c) for c in row), row
    clients = Counter()
    for b in blocks:
        if not b["block"].get("would"):
            clients[b["src_ip"]] += b["block"]["count"]
    top, count = clients.most_common(1)[0]
    found = raw.decode().split("Blocks by client</h2>")[1].split("</tr>")[0]
    assert f">{count}<" in found and f">{top}<" in found, found
    total = sum(clients.values())
    assert f"<b>{total}</b>blocked" in raw.decode(), f"not {total} blocked"


for i in range(1, len(sys.argv), 2):
    check(sys.argv[i], sys.argv[i + 1])
