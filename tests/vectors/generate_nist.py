#!/usr/bin/python3
"""generate_nist.py DIRECTORY: the folder cryptography_vectors of the Python package of that name, version 38.0.4."""
import pathlib
import re
import sys

from vector_text import write

ROOT = pathlib.Path(sys.argv[1])


def records(name):
    """NIST's .rsp: sections in brackets, then blocks of NAME = VALUE."""
    section, block = {}, {}
    for line in (ROOT / name).read_text().splitlines() + [""]:
        line = line.strip()
        if match := re.fullmatch(r"\[(.+?)(?: = (.+))?\]", line):
            section[match[1]] = match[2]
            if match[1] in ("ENCRYPT", "DECRYPT"):
                section["direction"] = match[1]
        elif match := re.fullmatch(r"(\w+) = ?(.*)", line):
            block[match[1]] = match[2]
        elif not line and block:
            yield {**section, **block}
            block = {}


def cbc(row, name, key_of):
    for r in records(name):
        if r.get("direction") == "ENCRYPT":
            yield {"row": row, "key": key_of(r), "iv": r["IV"], "plaintext": r["PLAINTEXT"], "ciphertext": r["CIPHERTEXT"]}


aes = lambda r: r["KEY"]
three = lambda r: r["KEY1"] + r["KEY2"] + r["KEY3"]
out = []
for bits in (128, 192, 256):
    out += cbc(f"AES{bits}", f"ciphers/AES/CBC/CBCMMT{bits}.rsp", aes)
out += cbc("DES3", "ciphers/3DES/CBC/TCBCMMT3.rsp", three)
# Keying option 3: with three equal keys triple DES is DES.
for r in records("ciphers/3DES/CBC/TCBCMMT1.rsp"):
    assert r["KEY1"] == r["KEY2"] == r["KEY3"]
out += cbc("DES", "ciphers/3DES/CBC/TCBCMMT1.rsp", lambda r: r["KEY1"])
out += list(cbc("DES", "ciphers/3DES/CBC/TCBCvarkey.rsp", lambda r: r["KEYs"]))[::8]
write("cipher/nist_cbc.txt", "NIST CAVP, AESVS and TDES multi block message tests and TDES variable key (CAVS 11.1)", out)

out = []
for bits in (128, 192, 256):
    seen = {}
    for r in records(f"ciphers/AES/GCM/gcmEncryptExtIV{bits}.rsp"):
        shape = (r["PTlen"], r["AADlen"])
        seen[shape] = seen.get(shape, 0) + 1
        if r["IVlen"] == "96" and r["Taglen"] == "128" and seen[shape] <= 2:
            out.append({"row": f"GCMAES{bits}", "key": r["Key"], "nonce": r["IV"], "aad": r["AAD"],
                        "plaintext": r["PT"], "ciphertext": r["CT"], "tag": r["Tag"], "result": "valid"})
write("cipher/nist_gcm.txt", "NIST CAVP, gcmEncryptExtIV (96-bit IV, 128-bit tag)", out)

out = []
for row, name in (("MD5", "rfc-2202-md5"), ("SHA1", "rfc-2202-sha1"), ("SHA256", "rfc-4231-sha256"), ("SHA384", "rfc-4231-sha384")):
    for r in records(f"HMAC/{name}.txt"):
        out.append({"row": row, "key": r["Key"], "message": r["Msg"][:int(r["Len"]) // 4], "digest": r["MD"]})
write("mac/rfc.txt", "RFC 2202 and RFC 4231, HMAC test cases", out)
