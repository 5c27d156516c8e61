#!/usr/bin/env python3
"""A closed loop of small UDP datagrams: `serve ADDRESS PORT` echoes, `ask ADDRESS PORT SECONDS` prints round trips as JSON.

The next datagram goes out when the answer to the last one is there, so that no processor has time to fall asleep.
"""
import json
import socket
import sys
import time

role, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
family = socket.AF_INET6 if ":" in address else socket.AF_INET
sock = socket.socket(family, socket.SOCK_DGRAM)

if role == "serve":
    sock.bind((address, port))
    print("ready", flush=True)
    while True:
        data, source = sock.recvfrom(2048)
        sock.sendto(data, source)

sock.connect((address, port))
sock.settimeout(0.2)
payload = bytearray(64)
times, lost, number = [], 0, 0
end = time.monotonic() + float(sys.argv[4])
while time.monotonic() < end:
    number += 1
    payload[:8] = number.to_bytes(8, "big")
    start = time.perf_counter_ns()
    sock.send(payload)
    try:
        # An answer that came late must not be taken for the one that is waited for.
        while sock.recv(2048)[:8] != payload[:8]:
            pass
    except OSError:
        lost += 1
        continue
    times.append(time.perf_counter_ns() - start)
times.sort()
at = lambda share: times[min(len(times) - 1, int(share * len(times)))] / 1000 if times else None
print(json.dumps({"median": at(0.5), "p99": at(0.99), "min": at(0), "answered": len(times), "lost": lost}))
