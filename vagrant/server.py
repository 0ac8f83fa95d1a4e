#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the lab's client talks to. Port 7777 refuses connections with a reset that says why, as a device with
firmware that follows RFC 1122 4.2.2.12 may."""

import http.server
import socket
import socketserver
import ssl
import struct
import subprocess
import threading

FOLDER = "/opt/epitaph-lab"
SAYS_NO, TEXT = 7777, b"closed for maintenance until 18:00"


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = b"hello from the server\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        pass


def serve_http(port, context=None):
    server = http.server.ThreadingHTTPServer(("", port), Page)
    if context:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, daemon=True).start()


class Mail(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"220 server ESMTP\r\n")
        self.request.recv(1024)


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data if len(data) % 2 == 0 else data[:-1]))
    if len(data) % 2:
        total += data[-1] << 8
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def say_no():
    """Answer SYNs to SAYS_NO by RST|ACK with TEXT (RFC 9293 3.10.7.1); the kernel's own is held back."""
    subprocess.run(["nft", "-f", "-"], check=True, text=True, input="""
        table inet epitaph-lab
        delete table inet epitaph-lab
        table inet epitaph-lab { chain out { type filter hook output priority 0;
            tcp sport %d tcp flags & rst == rst meta length 40 drop; }; }""" % SAYS_NO)
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
    while True:
        packet = raw.recv(65535)
        ip_len = (packet[0] & 15) * 4
        tcp = packet[ip_len:]
        sport, dport, seq = struct.unpack("!HHI", tcp[:8])
        if dport != SAYS_NO or tcp[13] & 0x12 != 0x02:
            continue
        head = struct.pack("!HHIIBBHHH", dport, sport, 0, (seq + 1) & 0xFFFFFFFF, 0x50, 0x14, 0, 0, 0)
        pseudo = packet[16:20] + packet[12:16] + struct.pack("!HH", 6, len(head) + len(TEXT))
        head = head[:16] + struct.pack("!H", checksum(pseudo + head + TEXT)) + head[18:]
        raw.sendto(head + TEXT, (socket.inet_ntoa(packet[12:16]), 0))


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(FOLDER + "/cert.pem", FOLDER + "/key.pem")
serve_http(80)
serve_http(8080)
serve_http(443, context)
socketserver.ThreadingTCPServer.allow_reuse_address = True
threading.Thread(target=socketserver.ThreadingTCPServer(("", 25), Mail).serve_forever, daemon=True).start()
say_no()
