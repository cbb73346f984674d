#!/usr/bin/python3
"""ESP packets in tunnel mode, sealed and opened again by scapy 2.5 (python3-scapy), for every ESP suite of the catalogue."""
import hashlib

from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.ipsec import ESP, SecurityAssociation
from scapy.packet import Raw

from vector_text import write

CBC = {"AES256": ("AES-CBC", 32, 16), "AES192": ("AES-CBC", 24, 16), "AES128": ("AES-CBC", 16, 16),
       "DES3": ("3DES", 24, 8), "DES": ("DES", 8, 8), "None": ("NULL", 0, 0)}
GCM = {"GCMAES256": 32, "GCMAES192": 24, "GCMAES128": 16}
HMAC = {"SHA256": ("SHA2-256-128", 32), "SHA1": ("HMAC-SHA1-96", 20), "MD5": ("HMAC-MD5-96", 16)}
OUTER = IP(src="192.0.2.1", dst="198.51.100.2")
SPI = 0xC0FFEE01


def octets(label, size):
    return hashlib.shake_256(label.encode()).digest(size)


def inner_packets():
    for size in (0, 1, 2, 13, 1200):
        yield IP(src="10.61.0.1", dst="10.62.0.2", id=7) / UDP(sport=1000, dport=2000) / Raw(octets(f"v4 {size}", size))
        yield IPv6(src="2001:db8:1::1", dst="2001:db8:2::2") / UDP(sport=1000, dport=2000) / Raw(octets(f"v6 {size}", size))


def record(suite, integrity, crypt, auth, iv_size):
    name, key = crypt
    keys = dict(crypt_algo=name, crypt_key=key) if key else dict(crypt_algo="NULL")
    if auth:
        keys.update(auth_algo=auth[0], auth_key=auth[1])
    for number, inner in enumerate(inner_packets()):
        sequence = (1, 2, 3, 1000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF, 100, 101)[number]
        # An AEAD's IV is the sequence number in our packets; CBC's is given to both sides.
        iv = sequence.to_bytes(8, "big") if name == "AES-GCM" else octets(f"{suite} iv {number}", iv_size)
        sa = SecurityAssociation(ESP, spi=SPI, tunnel_header=OUTER, **keys)
        inner = inner.__class__(bytes(inner))
        sealed = sa.encrypt(inner, seq_num=sequence, **({"iv": iv} if iv_size else {}))
        opened = SecurityAssociation(ESP, spi=SPI, tunnel_header=OUTER, **keys).decrypt(IP(bytes(sealed)))
        assert bytes(opened) == bytes(inner)
        out = {"suite": suite, "integrity": integrity or "-", "encryption_key": key, "integrity_key": auth[1] if auth else b"",
               "spi": SPI.to_bytes(4, "big"), "sequence": sequence.to_bytes(4, "big"), "iv": iv, "inner": bytes(inner),
               "packet": bytes(sealed[ESP])}
        yield out


records = []
for suite, (name, key_size, iv_size) in CBC.items():
    for integrity, (auth, auth_size) in HMAC.items():
        records += record(suite, integrity, (name, octets(suite + integrity, key_size)), (auth, octets(integrity + suite, auth_size)), iv_size)
for suite, key_size in GCM.items():
    records += record(suite, None, ("AES-GCM", octets(suite, key_size + 4)), None, 8)
write("esp/scapy.txt", "scapy 2.5.0 (scapy.layers.ipsec) on Python cryptography 38.0.4, by generate_esp.py", records)
