#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures of random TCP segments in every link layer that is read: make.py FOLDER SEED

Addresses, ports, flags, options, extension headers, tags and payloads vary; about half are resets. One capture
was cut by a snap length. Writes FOLDER/LINK.pcap for each link layer.
"""
import random
import struct
import sys

TAGS = (0x8100, 0x88A8, 0x9100)


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def payload(r):
    return r.choice(
        [
            b"",
            b"R=social no social media",
            bytes(r.randrange(256) for _ in range(r.randrange(1, 300))),
            struct.pack("!HHI", 0x33AA, r.randrange(20), 0),
            b"\xf3\x17free text",
            bytes(1000),
            b"\x1b[31mred\r\n",
            bytes(r.randrange(32, 127) for _ in range(r.randrange(1, 256))),
        ]
    )


def tcp(r, source, destination):
    options = r.choice([b"", b"\1\1\x08\x0a" + r.randbytes(8), b"\2\4\5\xb4", b"\x13\x12" + r.randbytes(16) + b"\1\1"])
    flags = r.choice([0x04, 0x14, 0x14, 0x04, 0x1C, 0x10, 0x18, 0x02, 0x12, 0x11, 0x15, 0x06])
    body = payload(r)
    sequence = r.choice([0, 1, 0xFFFFFFFF, r.getrandbits(32)])
    ports = r.choice([(443, 40000 + r.randrange(1000)), (r.randrange(1024, 65536), r.randrange(1024, 65536))])
    head = struct.pack(
        "!HHIIBBHHH", *ports, sequence, r.getrandbits(32), (20 + len(options)) // 4 << 4, flags, r.randrange(65536), 0, 0
    )
    segment = head + options + body
    pseudo = source + destination + struct.pack("!II", len(segment), 6)
    return segment[:16] + struct.pack("!H", checksum(pseudo + segment)) + segment[18:]


def ipv4(r):
    source, destination = r.randbytes(4), bytes([198, 51, 100, r.randrange(1, 255)])
    source = bytes([10]) + source[1:]
    options = r.choice([b"", b"", b"\1\1\1\0", b"\x94\4\0\0"])
    segment = tcp(r, source, destination)
    length = 20 + len(options) + len(segment)
    head = struct.pack("!BBHHHBB", 0x45 + len(options) // 4, 0, length, r.randrange(65536), 0x4000, 64, 6)
    head += b"\0\0" + source + destination + options
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return head + segment


def ipv6(r):
    source = b"\x20\x01\x0d\xb8" + r.randbytes(12)
    destination = b"\x20\x01\x0d\xb8" + r.randbytes(12)
    segment = tcp(r, source, destination)
    following, chain = 6, b""
    for kind in r.choice([(), (), (60,), (0, 60), (0,)])[::-1]:
        chain = bytes([following, 0, 1, 4, 0, 0, 0, 0]) + chain
        following = kind
    return struct.pack("!IHBB", 6 << 28, len(chain) + len(segment), following, 60) + source + destination + chain + segment


def ethertype(ip):
    return 0x0800 if ip[0] >> 4 == 4 else 0x86DD


def tagged(r, ip):
    """The type field and all behind it."""
    out = struct.pack("!H", ethertype(ip)) + ip
    if r.randrange(6) == 0:
        ppp = struct.pack("!H", 0x0021 if ip[0] >> 4 == 4 else 0x0057)
        out = struct.pack("!HBBHH", 0x8864, 0x11, 0, 7, 2 + len(ip)) + ppp + ip
    for tag in r.choice([(), (), (0x8100,), (0x88A8, 0x8100)])[::-1]:
        out = struct.pack("!HH", tag, r.randrange(1, 4095)) + out
    return out


def frame(r, link):
    ip = ipv4(r) if r.randrange(2) else ipv6(r)
    if link == "ethernet":
        return b"\2\0\0\0\0\1\2\0\0\0\0\2" + tagged(r, ip)
    if link == "raw":
        return ip
    if link == "null":
        return struct.pack("<I", 2 if ip[0] >> 4 == 4 else 24) + ip
    if link == "sll":
        return struct.pack("!HHH8s", r.choice((0, 4)), 1, 6, b"\2\0\0\0\0\1") + struct.pack("!H", ethertype(ip)) + ip
    return struct.pack("!HHIHBB8s", ethertype(ip), 0, 2, 1, r.choice((0, 4)), 6, b"\2\0\0\0\0\1") + ip


LINKS = {"ethernet": 1, "raw": 101, "null": 0, "sll": 113, "sll2": 276}


def write(path, link, r, snap):
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, snap, LINKS[link]))
        for i in range(400):
            data = frame(r, link)
            out.write(struct.pack("<IIII", 1763999000 + i, r.randrange(1000000), min(len(data), snap), len(data)))
            out.write(data[:snap])


if __name__ == "__main__":
    rand = random.Random(sys.argv[2])
    for name in LINKS:
        write(f"{sys.argv[1]}/{name}.pcap", name, rand, 65535)
    write(f"{sys.argv[1]}/snapped.pcap", "ethernet", rand, 160)
