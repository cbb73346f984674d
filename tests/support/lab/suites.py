"""Azure's names of algorithms in strongSwan's keywords and in Hawser's negotiated words."""

IKE_ENCRYPTION = {"AES256": "aes256", "AES192": "aes192", "AES128": "aes128", "DES3": "3des", "DES": "des"}
IKE_INTEGRITY = {"SHA384": "sha384", "SHA256": "sha256", "SHA1": "sha1", "MD5": "md5"}
GROUPS = {"ECP384": "ecp384", "ECP256": "ecp256", "DHGroup24": "modp2048s256", "DHGroup14": "modp2048",
          "DHGroup2": "modp1024", "DHGroup1": "modp768"}
PFS_GROUPS = {"PFS24": "modp2048s256", "ECP384": "ecp384", "ECP256": "ecp256", "PFS2048": "modp2048",
              "PFS2": "modp1024", "PFS1": "modp768", "None": None}
GCM = {"GCMAES256": "aes256gcm16", "GCMAES192": "aes192gcm16", "GCMAES128": "aes128gcm16"}
ESP_ENCRYPTION = {"AES256": "aes256", "AES192": "aes192", "AES128": "aes128", "DES3": "3des", "DES": "des",
                  "None": "null"}
ESP_INTEGRITY = {"SHA256": "sha256", "SHA1": "sha1", "MD5": "md5"}

ALGORITHM_FIELDS = ("ikeEncryption", "ikeIntegrity", "dhGroup", "ipsecEncryption", "ipsecIntegrity", "pfsGroup")

# The sample policy of the walkthrough, and the default of each profile (contracts, section 2).
SAMPLE = dict(zip(ALGORITHM_FIELDS, ("AES128", "SHA1", "DHGroup14", "AES256", "SHA256", "None")))
PROFILE_1910 = dict(zip(ALGORITHM_FIELDS, ("AES256", "SHA384", "ECP384", "GCMAES256", "GCMAES256", "ECP384")))
PROFILE_1811 = dict(zip(ALGORITHM_FIELDS, ("AES256", "SHA256", "DHGroup2", "GCMAES256", "GCMAES256", "None")))


def policy(**changes):
    """The sample policy with some fields changed."""
    unknown = set(changes) - set(ALGORITHM_FIELDS)
    assert not unknown, unknown
    return {**SAMPLE, **changes}


def ike_proposal(suite):
    integrity = IKE_INTEGRITY[suite["ikeIntegrity"]]
    return f"{IKE_ENCRYPTION[suite['ikeEncryption']]}-{integrity}-prf{integrity}-{GROUPS[suite['dhGroup']]}"


def esp_proposal(suite):
    encryption = suite["ipsecEncryption"]
    words = [GCM[encryption]] if encryption in GCM else [ESP_ENCRYPTION[encryption],
                                                        ESP_INTEGRITY[suite["ipsecIntegrity"]]]
    group = PFS_GROUPS[suite["pfsGroup"]]
    return "-".join(words + ([group] if group else []))


def esp_suites():
    """All 21 pairs of ESP encryption and integrity."""
    pairs = [(e, i) for e in ESP_ENCRYPTION for i in ESP_INTEGRITY]
    return pairs + [(g, g) for g in GCM]


# strongSwan's words in `swanctl --list-sas --raw`.
_SWAN_ENCRYPTION = {"AES256": ("AES_CBC", "256"), "AES192": ("AES_CBC", "192"), "AES128": ("AES_CBC", "128"),
                    "DES3": ("3DES_CBC", None), "DES": ("DES_CBC", None), "None": ("NULL", None),
                    "GCMAES256": ("AES_GCM_16", "256"), "GCMAES192": ("AES_GCM_16", "192"),
                    "GCMAES128": ("AES_GCM_16", "128")}
_SWAN_INTEGRITY = {"SHA384": "HMAC_SHA2_384_192", "SHA256": "HMAC_SHA2_256_128", "SHA1": "HMAC_SHA1_96",
                   "MD5": "HMAC_MD5_96"}
_SWAN_PRF = {"SHA384": "PRF_HMAC_SHA2_384", "SHA256": "PRF_HMAC_SHA2_256", "SHA1": "PRF_HMAC_SHA1",
             "MD5": "PRF_HMAC_MD5"}
_SWAN_GROUP = {"ecp384": "ECP_384", "ecp256": "ECP_256", "modp2048s256": "MODP_2048_256", "modp2048": "MODP_2048",
               "modp1024": "MODP_1024", "modp768": "MODP_768"}


def strongswan_ike(suite):
    """What `list-sas` must say of an IKE SA of this suite."""
    algorithm, size = _SWAN_ENCRYPTION[suite["ikeEncryption"]]
    return {"encr-alg": algorithm, "encr-keysize": size, "integ-alg": _SWAN_INTEGRITY[suite["ikeIntegrity"]],
            "prf-alg": _SWAN_PRF[suite["ikeIntegrity"]], "dh-group": _SWAN_GROUP[GROUPS[suite["dhGroup"]]]}


def strongswan_child(suite, rekeyed=False):
    """What it must say of a Child SA; its group shows only once CREATE_CHILD_SA has made it."""
    algorithm, size = _SWAN_ENCRYPTION[suite["ipsecEncryption"]]
    integrity = None if suite["ipsecEncryption"] in GCM else _SWAN_INTEGRITY[suite["ipsecIntegrity"]]
    group = PFS_GROUPS[suite["pfsGroup"]] if rekeyed else None
    return {"encr-alg": algorithm, "encr-keysize": size, "integ-alg": integrity,
            "dh-group": _SWAN_GROUP[group] if group else None}
