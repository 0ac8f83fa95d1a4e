#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Write the datagrams that come, a line each: receive.py SOCKET|ADDRESS:PORT FILE [stall]

With "stall" nothing is read.
"""
import socket
import sys
import threading

where, out = sys.argv[1], sys.argv[2]
if where.startswith("/"):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    s.bind(where)
else:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((where.rsplit(":", 1)[0], int(where.rsplit(":", 1)[1])))
print("listening", flush=True)
if "stall" in sys.argv:
    threading.Event().wait()
with open(out, "wb", buffering=0) as f:
    while True:
        f.write(s.recv(65536) + b"\n")
