#!/usr/bin/python3
"""MODP key pairs and secrets by Python's integers, and a proof of the primes.

The primes of groups 1, 2 and 14 are recomputed from their definition, 2^n - 2^(n-64) - 1 + 2^64 * (floor(2^(n-130) pi) + k)
(RFC 2409 6.1 and 6.2, RFC 3526 3), those of group 24 come from RFC 5114 2.3. All are checked to be prime, the first three to
be safe primes, and the generator of group 24 to have the order q."""
import hashlib

from vector_text import write


def floor_pi(shift):
    """floor(2^shift * pi) by Machin's formula."""
    guard = 64
    one = 1 << (shift + guard)

    def arctan_inverse(x):
        total, power, n, sign = 0, one // x, 1, 1
        while power:
            total += sign * (power // n)
            power, n, sign = power // (x * x), n + 2, -sign
        return total

    return (16 * arctan_inverse(5) - 4 * arctan_inverse(239)) >> guard


def oakley(bits, k):
    return 2**bits - 2 ** (bits - 64) - 1 + 2**64 * (floor_pi(bits - 130) + k)


def probably_prime(n, rounds=24):
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89)[:rounds]:
        x = pow(base, odd, n)
        if x in (1, n - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % n
            if x == n - 1:
                break
        else:
            return False
    return True


P24 = int("87A8E61DB4B6663CFFBBD19C651959998CEEF608660DD0F25D2CEED4435E3B00E00DF8F1D61957D4FAF7DF4561B2AA3016C3D91134096FAA3BF4296D"
          "830E9A7C209E0C6497517ABD5A8A9D306BCF67ED91F9E6725B4758C022E0B1EF4275BF7B6C5BFC11D45F9088B941F54EB1E59BB8BC39A0BF12307F5C"
          "4FDB70C581B23F76B63ACAE1CAA6B7902D52526735488A0EF13C6D9A51BFA4AB3AD8347796524D8EF6A167B5A41825D967E144E5140564251CCACB83"
          "E6B486F6B3CA3F7971506026C0B857F689962856DED4010ABD0BE621C3A3960A54E710C375F26375D7014103A4B54330C198AF126116D2276E11715F"
          "693877FAD7EF09CADB094AE91E1A1597", 16)
G24 = int("3FB32C9B73134D0B2E77506660EDBD484CA7B18F21EF205407F4793A1A0BA12510DBC15077BE463FFF4FED4AAC0BB555BE3A6C1B0C6B47B1BC3773BF"
          "7E8C6F62901228F8C28CBB18A55AE31341000A650196F931C77A57F2DDF463E5E9EC144B777DE62AAAB8A8628AC376D282D6ED3864E67982428EBC83"
          "1D14348F6F2F9193B5045AF2767164E1DFC967C1FB3F2E55A4BD1BFFE83B9C80D052B985D182EA0ADB2A3B7313D3FE14C8484B1E052588B9B7D2BBD2"
          "DF016199ECD06E1557CD0915B3353BBB64E0EC377FD028370DF92B52C7891428CDC67EB6184B523D1DB246C32F63078490F00EF8D647D148D4795451"
          "5E2327CFEF98C582664B4C0F6CC41659", 16)
Q24 = int("8CF83642A709A097B447997640129DA299B1A47D1EB3750BA308B0FE64F5FBD3", 16)
GROUPS = {"DHGroup1": (oakley(768, 149686), 2), "DHGroup2": (oakley(1024, 129093), 2),
          "DHGroup14": (oakley(2048, 124476), 2), "DHGroup24": (P24, G24)}

for row, (p, g) in GROUPS.items():
    assert probably_prime(p), row
    if row != "DHGroup24":
        assert probably_prime((p - 1) // 2), row
assert probably_prime(Q24) and (P24 - 1) % Q24 == 0 and pow(G24, Q24, P24) == 1 and G24 != 1


def exponent(label, order):
    return 2 + int.from_bytes(hashlib.shake_256(label.encode()).digest(32), "big") % (order - 3)


records = []
for row, (p, g) in GROUPS.items():
    size = (p.bit_length() + 7) // 8
    octets = lambda number: number.to_bytes(size, "big")
    order = Q24 if row == "DHGroup24" else (p - 1) // 2
    a = exponent(row + "a", order)
    b, plain, leading_zero = 0, 0, 0
    # Two ordinary secrets, and two that begin with a zero octet: one in 256 does.
    while leading_zero < 2:
        b += 1
        private = exponent(f"{row}b{b}", order)
        secret = pow(pow(g, private, p), a, p)
        zero = octets(secret)[0] == 0
        if not zero and plain >= 2:
            continue
        plain, leading_zero = plain + (not zero), leading_zero + zero
        records.append({"row": row, "modulus": octets(p), "private": a.to_bytes(32, "big"), "public": octets(pow(g, a, p)),
                        "peer_private": private.to_bytes(32, "big"), "peer": octets(pow(g, private, p)),
                        "secret": octets(secret), "result": "valid"})
    # Public value with a leading zero: the KE payload keeps its length.
    while True:
        b += 1
        private = exponent(f"{row}b{b}", order)
        if octets(pow(g, private, p))[0] == 0:
            break
    records.append({"row": row, "modulus": octets(p), "private": a.to_bytes(32, "big"), "public": octets(pow(g, a, p)),
                    "peer_private": private.to_bytes(32, "big"), "peer": octets(pow(g, private, p)),
                    "secret": octets(pow(pow(g, private, p), a, p)), "result": "valid"})
    for peer in (0, 1, p - 1, p, p + 1):
        records.append({"row": row, "modulus": octets(p), "private": a.to_bytes(32, "big"), "peer": octets(peer), "result": "invalid"})
write("key_exchange/modp.txt", "Python integers, by generate_modp.py; constants of RFC 2409, RFC 3526 and RFC 5114", records)
