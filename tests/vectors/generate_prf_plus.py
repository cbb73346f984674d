#!/usr/bin/python3
"""prf and prf+ of RFC 7296 2.13 by Python's hmac, for every hash of the catalogue."""
import hashlib
import hmac

from vector_text import write


def octets(label, size):
    return hashlib.shake_256(label.encode()).digest(size)


def prf_plus(name, key, seed, length):
    out, block, number = b"", b"", 1
    while len(out) < length:
        block = hmac.new(key, block + seed + bytes([number]), name).digest()
        out, number = out + block, number + 1
    return out[:length]


records = []
for row, name in (("MD5", "md5"), ("SHA1", "sha1"), ("SHA256", "sha256"), ("SHA384", "sha384")):
    for case, (nonce, length) in enumerate(((16, 1), (32, 100), (256, 400))):
        ni, nr, secret = (octets(f"{row}{case}{part}", size) for part, size in (("ni", nonce), ("nr", nonce), ("g", 128)))
        spii, spir = octets(f"{row}{case}spii", 8), octets(f"{row}{case}spir", 8)
        skeyseed = hmac.new(ni + nr, secret, name).digest()
        base = {"row": row, "ni": ni, "nr": nr}
        records.append({"kind": "skeyseed", **base, "secret": secret, "output": skeyseed})
        records.append({"kind": "ike_keys", **base, "spii": spii, "spir": spir, "key": skeyseed,
                        "output": prf_plus(name, skeyseed, ni + nr + spii + spir, length)})
        records.append({"kind": "child_keys", **base, "key": skeyseed, "secret": secret,
                        "output": prf_plus(name, skeyseed, secret + ni + nr, length)})
write("prf/prf_plus.txt", "Python hmac and hashlib, by generate_prf_plus.py", records)
