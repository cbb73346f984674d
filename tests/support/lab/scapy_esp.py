"""Opens captured ESP packets with scapy's implementation of ESP."""
import logging
from dataclasses import dataclass, field

logging.getLogger("scapy.runtime").setLevel(logging.ERROR)
from scapy.layers.inet import IP, UDP  # noqa: E402
from scapy.layers.ipsec import ESP, SecurityAssociation  # noqa: E402
from scapy.utils import PcapReader  # noqa: E402

# Wireshark's names, as exported, to scapy's.
_ENCRYPTION = {"NULL": "NULL", "AES-CBC": "AES-CBC", "TripleDES-CBC": "3DES", "DES-CBC": "DES", "AES-GCM": "AES-GCM"}
_AUTHENTICATION = {"NULL": "NULL", "HMAC-SHA-1-96": "HMAC-SHA1-96", "HMAC-MD5-96": "HMAC-MD5-96",
                   "HMAC-SHA-256-128": "SHA2-256-128"}


@dataclass
class Opened:
    opened: int = 0
    encapsulated: int = 0                       # came in UDP
    inner: set = field(default_factory=set)     # (source, destination)


def _scapy_name(table, exported):
    return table[exported.split(" ")[0].split("[")[0]]


def _security_association(row):
    authentication = row["authentication"]
    gcm = row["encryption"].startswith("AES-GCM")
    return SecurityAssociation(
        ESP, spi=int(row["spi"], 0), crypt_algo=_scapy_name(_ENCRYPTION, row["encryption"]), crypt_key=_octets(row["key"]),
        auth_algo="NULL" if gcm else _scapy_name(_AUTHENTICATION, authentication),
        auth_key=b"" if gcm else _octets(row["auth_key"]), tunnel_header=IP())


def _octets(text):
    return bytes.fromhex(text.removeprefix("0x"))


def open_packets(path, rows):
    """Opens every ESP packet; scapy raises when an ICV is wrong, and KeyError tells an SPI whose key is not known."""
    sas = {int(row["spi"], 0): _security_association(row) for row in rows}
    result = Opened()
    with PcapReader(path) as packets:
        for packet in packets:
            if ESP not in packet:
                continue
            result.encapsulated += UDP in packet
            outer = packet[IP]
            inner = sas[packet[ESP].spi].decrypt(outer)
            result.opened += 1
            result.inner.add((inner.src, inner.dst))
    return result
