#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Ends of TCP connections that misbehave, by port:

  ends.py serve ADDRESS PORT...        7002 closes with SO_LINGER 0, 7003 without reading, 7004 on "die" as 7002,
                                       7011 greets as a mail server does; others stay
  ends.py connect ADDRESS PORT FIFO    says hello, then a line for each one from FIFO, and how it ends
"""
import errno
import socket
import struct
import sys
import threading
import time


def abort(c):
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    c.close()


def serve_one(c, port):
    if port == 7003:
        time.sleep(0.3)
        c.close()
        return
    if port == 7011:
        c.sendall(b"220 mailgate.example ESMTP ready\r\n")
    while True:
        data = c.recv(4096)
        if not data or port == 7002 or (port == 7004 and b"die" in data):
            abort(c)
            return
        c.sendall(b"ok\n")


def listen(address, port):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind((address, port))
    s.listen()
    while True:
        threading.Thread(target=serve_one, args=(s.accept()[0], port), daemon=True).start()


def serve(address, ports):
    for p in ports:
        threading.Thread(target=listen, args=(address, p), daemon=True).start()
    time.sleep(0.3)
    print("listening", flush=True)
    threading.Event().wait()


def say(c, path):
    with open(path, encoding="ascii") as lines:
        for line in lines:
            try:
                c.sendall(line.encode())
            except OSError:
                return


def connect(address, port, path):
    c = socket.create_connection((address, port))
    c.sendall(b"hello\n")
    print("open", flush=True)
    threading.Thread(target=say, args=(c, path), daemon=True).start()
    try:
        while c.recv(4096):
            pass
        print("ended EOF", flush=True)
    except OSError as e:
        print("ended", errno.errorcode[e.errno], flush=True)


if sys.argv[1] == "serve":
    serve(sys.argv[2], [int(p) for p in sys.argv[3:]])
else:
    connect(sys.argv[2], int(sys.argv[3]), sys.argv[4])
