"""Sends datagrams in the name of others: `FILE HOST PORT SOURCES PER_SECOND SECONDS`; prints how many.

FILE has them one behind the other, each behind its length (16 bits, big-endian). Sources are 10.98.N.1 to 10.98.N.4.
"""

import socket
import struct
import sys
import time

HOSTS_PER_NETWORK = 4
STEP_SECONDS = 0.002
UDP = 17


def main(file, host, port, sources, per_second, seconds):
    datagrams = read(file)
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 << 20)
    target = socket.inet_aton(host)
    # Every datagram from every source would be much memory: as many packets as there are sources, then another round.
    rounds = [packets(datagrams, first, target, port, sources) for first in range(0, len(datagrams), sources)]
    ready = [packet for packets_of_round in rounds for packet in packets_of_round]
    started = time.monotonic()
    sent = lost = 0
    while True:
        elapsed = time.monotonic() - started
        if elapsed >= seconds:
            break
        due = int(elapsed * per_second)
        while sent < due:
            try:
                raw.sendto(ready[sent % len(ready)], (host, 0))
            except BlockingIOError:
                lost += 1
            sent += 1
        time.sleep(STEP_SECONDS)
    print(sent - lost)


def packets(datagrams, first, target, port, sources):
    return [
        packet(number, target, port, datagrams[(first + number) % len(datagrams)])
        for number in range(sources)
    ]


def packet(number, target, port, payload):
    network, host = divmod(number, HOSTS_PER_NETWORK)
    source = bytes([10, 98, network, 1 + host])
    udp = struct.pack("!HHHH", 20_000 + number, port, 8 + len(payload), 0) + payload
    # The kernel fills in length, identification and checksum.
    return struct.pack("!BBHHHBBH4s4s", 0x45, 0, 0, 0, 0, 64, UDP, 0, source, target) + udp


def read(file):
    with open(file, "rb") as opened:
        content = opened.read()
    datagrams, at = [], 0
    while at < len(content):
        (length,) = struct.unpack_from("!H", content, at)
        datagrams.append(content[at + 2 : at + 2 + length])
        at += 2 + length
    return datagrams


main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
