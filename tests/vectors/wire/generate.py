#!/usr/bin/python3
"""Writes the *.hex files beside it with scapy's IKEv2 encoder (Debian: python3-scapy). Run by hand; the result is kept."""
import pathlib

from scapy.contrib.ikev2 import (
    IKEv2, IKEv2_payload, IKEv2_payload_AUTH, IKEv2_payload_Encrypted, IKEv2_payload_IDi, IKEv2_payload_IDr,
    IKEv2_payload_KE, IKEv2_payload_Nonce, IKEv2_payload_Notify, IKEv2_payload_Proposal, IKEv2_payload_SA,
    IKEv2_payload_Transform, IKEv2_payload_TSi, IKEv2_payload_TSr, IKEv2_payload_VendorID, IPv4TrafficSelector,
    IPv6TrafficSelector)
from scapy.config import conf

HERE = pathlib.Path(__file__).parent
I, R = b"\x11\x22\x33\x44\x55\x66\x77\x88", b"\x99\xaa\xbb\xcc\xdd\xee\xff\x01"
ZERO = bytes(8)


def transforms(*rows):
    out = None
    for i, (kind, number, *bits) in enumerate(rows):
        fields = dict(transform_type=kind, transform_id=number, next_payload=0 if i + 1 == len(rows) else 3)
        if bits:
            fields.update(key_length=bits[0], length=12)
        one = IKEv2_payload_Transform(**fields)
        out = one if out is None else out / one
    return out


def proposal(number, protocol, spi, rows, last):
    return IKEv2_payload_Proposal(next_payload=0 if last else 2, proposal=number, proto=protocol, SPI=spi, SPIsize=len(spi),
                                  trans_nb=len(rows), trans=transforms(*rows))


def header(exchange, flags, number, responder=R):
    return IKEv2(init_SPI=I, resp_SPI=responder, exch_type=exchange, flags=flags, id=number)


def seq(start, count):
    return bytes((start + i) % 256 for i in range(count))


def any_v4():
    return IPv4TrafficSelector(IP_protocol_ID=0, starting_address_v4="0.0.0.0", ending_address_v4="255.255.255.255")


def net_v6():
    return IPv6TrafficSelector(IP_protocol_ID=0, length=40, starting_address_v6="2001:db8::",
                               ending_address_v6="2001:db8::ffff")


def tcp_v4():
    return IPv4TrafficSelector(IP_protocol_ID=6, start_port=80, end_port=443, starting_address_v4="10.61.0.0",
                               ending_address_v4="10.61.255.255")


CBC = [(1, 12, 256), (2, 5), (3, 12), (4, 14)]
LEGACY = [(1, 3), (2, 2), (3, 2), (4, 2)]
MESSAGES = {
    "ike_sa_init_request": header(34, "Initiator", 0, ZERO)
    / IKEv2_payload_SA(prop=proposal(1, 1, b"", CBC, False) / proposal(2, 1, b"", LEGACY, True))
    / IKEv2_payload_KE(group=14, load=seq(1, 256)) / IKEv2_payload_Nonce(load=seq(7, 32))
    / IKEv2_payload_Notify(type=16388, load=seq(0x20, 20)) / IKEv2_payload_Notify(type=16389, load=seq(0x40, 20))
    / IKEv2_payload_VendorID(vendorID=b"vendor of a test"),
    "cookie_response": header(34, "Response", 0, ZERO) / IKEv2_payload_Notify(type=16390, load=seq(0xc0, 24)),
    "invalid_ke_response": header(34, "Response", 0, ZERO) / IKEv2_payload_Notify(type=17, load=b"\x00\x14"),
    # What lies inside SK, in a clear message: the layouts are the same.
    "ike_auth_inner": header(35, "Initiator", 1)
    / IKEv2_payload_IDi(IDtype=1, ID="192.0.2.1", length=12) / IKEv2_payload_IDr(IDtype=2, ID=b"gw.example", length=18)
    / IKEv2_payload_AUTH(auth_type=2, load=seq(0x80, 32)) / IKEv2_payload_Notify(type=16384)
    / IKEv2_payload_SA(prop=proposal(1, 3, b"\xc0\xff\xee\x01", [(1, 20, 256), (5, 0)], True))
    / IKEv2_payload_TSi(traffic_selector=[any_v4(), net_v6()]) / IKEv2_payload_TSr(traffic_selector=[tcp_v4()]),
    "rekey_child_inner": header(36, "Initiator", 7)
    / IKEv2_payload_Notify(proto=3, type=16393, length=12, SPI=b"\xc0\xff\xee\x01")
    / IKEv2_payload_SA(prop=proposal(1, 3, b"\xc0\xff\xee\x02", [(1, 12, 128), (3, 2), (4, 19), (5, 0)], True))
    / IKEv2_payload_Nonce(load=seq(3, 16)) / IKEv2_payload_KE(group=19, load=seq(9, 64))
    / IKEv2_payload_TSi(traffic_selector=[any_v4()]) / IKEv2_payload_TSr(traffic_selector=[any_v4()]),
    "rekey_ike_inner": header(36, "Initiator", 9)
    / IKEv2_payload_SA(prop=proposal(1, 1, seq(0xa1, 8), [(1, 12, 192), (2, 6), (3, 13), (4, 20)], True))
    / IKEv2_payload_Nonce(load=seq(1, 48)) / IKEv2_payload_KE(group=20, load=seq(2, 96)),
    # scapy has no Delete of its own layout: body given as octets, chain and header by scapy (the one class outside TYPES).
    "delete_inner": header(37, "Response", 3)
    / IKEv2_payload(next_payload=0, load=b"\x03\x04\x00\x02\xc0\xff\xee\x01\xc0\xff\xee\x02"),
    "sk_message": header(37, "Initiator", 4) / IKEv2_payload_Encrypted(next_payload=42, load=seq(0, 48)),
}


TYPES = {"SA": 33, "KE": 34, "IDi": 35, "IDr": 36, "AUTH": 39, "Nonce": 40, "Notify": 41, "VendorID": 43, "TSi": 44,
         "TSr": 45, "Encrypted": 46}


def main():
    conf.logLevel = 40
    for name, packet in MESSAGES.items():
        # scapy fills "next payload" only where it overloads the field, so it is set here.
        layer = packet
        while layer.payload and not isinstance(layer, IKEv2_payload_Encrypted):
            kind = type(layer.payload).__name__.removeprefix("IKEv2_payload_")
            layer.next_payload = TYPES.get(kind, 42)
            layer = layer.payload
        text = bytes(packet).hex()
        lines = "\n".join(text[i:i + 96] for i in range(0, len(text), 96))
        (HERE / f"{name}.hex").write_text(f"# scapy 2.5.0 (Debian 12), scapy.contrib.ikev2, by generate.py\n{lines}\n")


main()
