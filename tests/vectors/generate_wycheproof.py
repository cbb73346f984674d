#!/usr/bin/python3
"""generate_wycheproof.py DIRECTORY: the Go module github.com/c2sp/wycheproof (Apache-2.0), with testvectors_v1."""
import json
import pathlib
import sys

from vector_text import write

ROOT = pathlib.Path(sys.argv[1]) / "testvectors_v1"
SOURCE = "Project Wycheproof (github.com/c2sp/wycheproof, Apache-2.0), "


def few_of_each(records, kind, limit):
    seen = {}
    for record in records:
        seen[kind(record)] = seen.get(kind(record), 0) + 1
        if seen[kind(record)] <= limit:
            yield record


def gcm():
    for group in json.loads((ROOT / "aes_gcm_test.json").read_text())["testGroups"]:
        if group["ivSize"] != 96 or group["tagSize"] != 128:
            continue
        for t in group["tests"]:
            yield {"row": f"GCMAES{group['keySize']}", "key": t["key"], "nonce": t["iv"], "aad": t["aad"], "plaintext": t["msg"],
                   "ciphertext": t["ct"], "tag": t["tag"], "result": t["result"]}


def ecdh(row, name, size):
    """Only what a KE payload can express: x and y without the 04; `flags` for the choice, not for the file."""
    for group in json.loads((ROOT / name).read_text())["testGroups"]:
        for t in group["tests"]:
            if t["public"].startswith("04") and len(t["public"]) == 2 + 4 * size and t["result"] != "acceptable":
                private = t["private"].zfill(2 * size)[-2 * size:]
                yield t["flags"], {"row": row, "private": private, "peer": t["public"][2:], "secret": t["shared"],
                                   "result": t["result"]}


write("cipher/wycheproof_gcm.txt", SOURCE + "aes_gcm_test.json",
      list(few_of_each(gcm(), lambda r: (r["row"], r["result"], len(r["plaintext"]) > 32), 12)))
points = []
for row, name, size in (("ECP256", "ecdh_secp256r1_ecpoint_test.json", 32), ("ECP384", "ecdh_secp384r1_ecpoint_test.json", 48)):
    points += [r for _, r in few_of_each(ecdh(row, name, size), lambda r: (tuple(r[0]), r[1]["result"]), 12)]
write("key_exchange/wycheproof.txt", SOURCE + "ecdh_secp256r1_ecpoint_test.json, ecdh_secp384r1_ecpoint_test.json", points)
