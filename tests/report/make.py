#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Events of a day for the report: make.py SEED [hostile]

They hold to the schema, except with "hostile": then every text is one that would do harm in a page, or on a terminal.
"""
import json
import random
import sys
from datetime import datetime, timedelta, timezone

HOSTILE = [
    "<script>document.title='owned'</script>",
    "</script><script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "'\"><svg onload=document.title='owned'>",
    "</script x",
    "<!--<script x",
    "]]><!--<script>document.title='owned'//",
    "\u001b[2J\u001b]0;owned\u0007\u009b31m\u202eevil\u0000\r\n\u2028",
    "javascript:document.title='owned'",
    "&lt;script&gt;document.title='owned'&lt;/script&gt;",
    "\\u003cscript>document.title='owned'</script>",
    "${document.title='owned'}{{constructor.constructor('document.title=1')()}}",
]
DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
RULES = [
    ("social", "reset", "social", 443, ["www.social.example", "cdn.social.example", "chat.social.example"]),
    ("smtp-out", "reset", "", 25, []),
    ("listed", "reset", "listed", 443, []),
    ("quic", "reject", "", 443, ["www.video.example"]),
    ("trial", "reset", "social", 80, ["tracker.example"]),
]
TEXTS = [
    ("policy", "text", "R=social E=0a1b2c3d no social media in office hours"),
    ("abort", "text", "tcp_close, unread data"),
    ("timeout", "text", "BIG-IP: [0x11c5672:3045] {peer} Flow expired (sweeper)"),
]


def word(r, hostile, otherwise):
    return r.choice(HOSTILE) if hostile else otherwise


def flow(r, time, kind, reverse=False):
    client = f"10.8.0.{r.choice([5, 5, 5, 12, 17, 23, 40])}"
    server = f"198.51.100.{r.randrange(1, 40)}"
    ports = (r.randrange(32768, 60999), 443)
    return {
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.%f+00:00"),
        "event_type": kind,
        "flow_id": r.getrandbits(50),
        "src_ip": server if reverse else client,
        "src_port": ports[reverse],
        "dest_ip": client if reverse else server,
        "dest_port": ports[not reverse],
        "proto": "TCP",
    }


def block(r, time, hostile):
    rule, action, reason, port, hosts = r.choices(RULES, [50, 8, 20, 12, 10])[0]
    event = flow(r, time, "block")
    event["dest_port"] = port
    identity = "".join(r.choice(DIGITS) for _ in range(8))
    body = {"id": identity, "rule": word(r, hostile, rule), "action": action}
    if reason:
        body["reason"] = reason
    body["text"] = word(r, hostile, f"R={rule} E={identity} ask the help desk")
    if hosts or hostile:
        body["host"] = word(r, hostile, r.choice(hosts or [""]))
    if rule == "trial":
        body["would"] = True
    else:
        body["sent"] = {"source": True, "destination": action == "reset" and r.random() < 0.8}
    body["count"] = r.choice([1, 1, 1, 1, 3])
    event["block"] = body
    return event


def reset(r, time, hostile):
    event = flow(r, time, "reset", reverse=True)
    body = {"direction": "to-source", "stage": "established", "kind": "abort", "seq": r.getrandbits(32)}
    body |= {"ack": r.getrandbits(32), "seq_zero": False, "flags": "RA", "window": 0, "ttl": 57, "ours": False}
    body |= {"class": "none", "payload_len": 0}
    chance = r.random()
    if chance < 0.4:
        body |= {"stage": "syn", "kind": "refused", "seq": 0, "seq_zero": True, "pattern": "syn>rst+ack"}
    elif chance < 0.5:
        body |= {"kind": "forged?", "signs": ["ttl-jump", "seq-unexpected"], "pattern": "psh>rst+ack;rst+ack"}
    elif chance < 0.7 or hostile:
        kind, sort, text = r.choice(TEXTS)
        text = word(r, hostile, text)
        body |= {"kind": kind, "class": sort, "format": "plain", "text": text, "text_truncated": False}
        body |= {"authenticated": False, "payload_len": len(text), "payload_hex": text.encode()[:64].hex()}
    event["reset"] = body
    return event


rand = random.Random(sys.argv[1])
bad = "hostile" in sys.argv
clock = datetime(2026, 11, 24, 6, 0, tzinfo=timezone.utc)
for _ in range(600):
    hour = clock.hour + clock.minute / 60
    clock += timedelta(seconds=rand.expovariate(1 / (40 if 8 <= hour < 17 else 160)))
    print(json.dumps((block if rand.random() < 0.7 else reset)(rand, clock, bad)))
