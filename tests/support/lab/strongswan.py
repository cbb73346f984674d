"""strongSwan as the peer in a gateway's namespace, with everything of its own in a scratch folder.

Its user-space ESP (kernel-libipsec) routes its selectors into ipsec0 whatever `install_routes` says, so it always gets
the exact prefixes of the sites; and it always encapsulates ESP in UDP.
"""
import os
import re
import shutil

from . import suites
from .process import LabError, Process, run, wait_until

_PLUGINS = ("random nonce openssl gcrypt aes md5 sha1 sha2 hmac gmp kdf "
            "kernel-libipsec kernel-netlink socket-default vici")

_DAEMON = """
charon-systemd {{
  load = {plugins}
  install_routes = no
  install_virtual_ip = no
  retransmit_timeout = 1.0
  retransmit_base = 1.4
  retransmit_tries = 8
  half_open_timeout = 20
  accept_unencrypted_mainmode_messages = no
  threads = 32
  filelog {{
    file {{
      path = {folder}/charon.log
      time_format = %H:%M:%S
      default = 1
      ike = {level}
      chd = {level}
      cfg = 2
      flush_line = yes
    }}
  }}
  plugins {{
    vici {{ socket = unix://{folder}/charon.vici }}
    openssl {{ load_legacy = yes }}
  }}
}}
"""

_CONNECTION = """
connections {{
  peer {{
    version = 2
    local_addrs = {local}
    remote_addrs = {remote}
    proposals = {ike}
    rekey_time = 0
    dpd_delay = {dpd}
    unique = {unique}
    mobike = no
    encap = no
    keyingtries = 1
    local {{ auth = psk
             id = {local_id} }}
    remote {{ auth = psk
              id = %any }}
    children {{
      net {{
        local_ts = {local_ts}
        remote_ts = {remote_ts}
        esp_proposals = {esp}
        mode = tunnel
        rekey_time = 0
        rekey_bytes = 0
        rekey_packets = 0
        start_action = none
        dpd_action = clear
        close_action = none
      }}
    }}
  }}
}}
secrets {{ ike-peer {{ secret = "{key}" }} }}
"""


class StrongSwan:
    """One charon-systemd. `start` before anything else; it ends with its namespace at the latest."""

    def __init__(self, lab, site, tag="strongswan", log_level=1, keep=False):
        self.site = site
        self.folder = lab.path(f"{tag}-{site.label}")
        os.makedirs(self.folder, exist_ok=True)
        self._lab, self._keep, self._process = lab, keep, None
        self._uri = f"unix://{self.folder}/charon.vici"
        self._env = {"STRONGSWAN_CONF": f"{self.folder}/strongswan.conf", "SWANCTL_DIR": self.folder}
        with open(self._env["STRONGSWAN_CONF"], "w") as conf:
            conf.write(_DAEMON.format(plugins=_PLUGINS, folder=self.folder, level=log_level))
        # Debian's AppArmor profile knows it by its path and lets it read /etc/swanctl only; the daemon's only complains.
        self.control_program = shutil.copy("/usr/sbin/swanctl", self.folder)

    def start(self):
        socket = f"{self.folder}/charon.vici"
        if os.path.exists(socket):
            os.unlink(socket)
        # A mount namespace of its own: charon-systemd wants /run for itself.
        self._process = Process(["unshare", "--mount", "--", "sh", "-c",
                                 "mount -t tmpfs none /var/run 2>/dev/null || mount -t tmpfs none /run; "
                                 "exec /usr/sbin/charon-systemd"],
                                f"{self.folder}/daemon.log", env=self._env, netns=self.site.gateway.name, keep=self._keep)
        wait_until(lambda: f"charon-systemd: {self._process.tail()}",
                   lambda: os.path.exists(socket) and self.swanctl("--stats", check=False).returncode == 0, 60)
        return self

    def fail_closed(self):
        """strongSwan drops nothing of a tunnel that is down; this route does."""
        for prefix in self._lab.other(self.site).prefixes:
            self.site.gateway.ip("route", "replace", "unreachable", prefix, "metric", "4278198272")

    @property
    def pid(self):
        return self._process.pid

    def stop(self):
        if self._process:
            self._process.stop(5)

    def kill(self):
        self._process.kill()

    def log(self):
        with open(f"{self.folder}/charon.log", errors="replace") as text:
            return text.read()

    def swanctl(self, *args, check=True, timeout=40):
        return run(self.control_program, *args, "--uri", self._uri, check=check, timeout=timeout,
                   env={**os.environ, **self._env})

    def load(self, suite, key, remote=None, local=None, local_id=None, dpd=0, unique="replace"):
        """Makes this the only connection: the exact suite (Azure's names) with the peer at `remote`."""
        other = self._lab.other(self.site)
        with open(f"{self.folder}/swanctl.conf", "w") as conf:
            conf.write(_CONNECTION.format(
                local=local or self.site.outer, remote=remote or other.outer, ike=suites.ike_proposal(suite),
                esp=suites.esp_proposal(suite), key=key, local_id=local_id or self.site.outer, dpd=f"{dpd}s",
                unique=unique, local_ts=",".join(self.site.prefixes), remote_ts=",".join(other.prefixes)))
        self.swanctl("--load-all", "--clear", "--noprompt")

    def initiate(self, timeout=20, check=True):
        return self.swanctl("--initiate", "--child", "net", "--timeout", timeout, check=check, timeout=timeout + 10)

    def rekey_child(self):
        self.swanctl("--rekey", "--child", "net")

    def rekey_ike(self):
        self.swanctl("--rekey", "--ike", "peer")

    def terminate(self, check=True):
        return self.swanctl("--terminate", "--ike", "peer", "--timeout", "5", check=check)

    def sas(self):
        """The IKE SAs as nested dictionaries: vici's fields, `child-sas` within. Established ones only."""
        listing = self.swanctl("--list-sas", "--raw").stdout
        found = []
        for line in listing.splitlines():
            if line.startswith("list-sa event"):
                found += list(parse_raw(line[len("list-sa event"):].strip()).values())
        return [sa for sa in found if sa.get("state") == "ESTABLISHED"]

    def spi(self, kind):
        """The SPI of the one SA of that kind, ike or child; None while there are two."""
        sas = self.sas()
        if len(sas) != 1:
            return None
        if kind == "ike":
            return sas[0]["initiator-spi"]
        children = [c["spi-in"] for c in sas[0].get("child-sas", {}).values() if c["state"] == "INSTALLED"]
        return children[0] if len(children) == 1 else None

    def child_sas(self):
        return [child for sa in self.sas() for child in sa.get("child-sas", {}).values()
                if child.get("state") == "INSTALLED"]

    def wait_established(self, timeout=20):
        return wait_until("strongSwan to have an IKE SA and a Child SA",
                          lambda: self.child_sas() and self.sas(), timeout)

    def wait_gone(self, timeout=10):
        wait_until(lambda: f"strongSwan's SAs to go; it has {self.sas()}", lambda: not self.sas(), timeout)

    def problems_of(self, suite, rekeyed=False):
        """What differs between the SAs it has and `suite`; empty when they are exactly that."""
        sas = self.sas()
        if len(sas) != 1:
            return [f"strongSwan has {len(sas)} IKE SAs"]
        children = [c for c in sas[0].get("child-sas", {}).values() if c["state"] == "INSTALLED"]
        if len(children) != 1:
            return [f"strongSwan has {len(children)} Child SAs"]
        wrong = []
        for what, have, want in (("IKE", sas[0], suites.strongswan_ike(suite)),
                                 ("Child", children[0], suites.strongswan_child(suite, rekeyed))):
            wrong += [f"strongSwan's {what} SA has {name} {have.get(name)}, not {value}"
                      for name, value in want.items() if have.get(name) != value]
        return wrong


_TOKEN = re.compile(r"\s*([{}\[\]=]|[^\s{}\[\]=]+)")


def parse_raw(text):
    """swanctl's --raw form: {name {key=value list=[a b]} …}."""
    tokens = _TOKEN.findall(text)
    position = 0

    def section():
        nonlocal position
        result = {}
        while position < len(tokens) and tokens[position] != "}":
            name = tokens[position]
            position += 1
            mark = tokens[position] if position < len(tokens) else "}"
            if mark == "{":
                position += 1
                result[name] = section()
                position += 1
            elif mark == "=":
                position += 1
                if position < len(tokens) and tokens[position] == "[":
                    end = tokens.index("]", position)
                    result[name] = tokens[position + 1:end]
                    position = end + 1
                else:
                    result[name] = tokens[position]
                    position += 1
        return result

    if not tokens or tokens[0] != "{":
        raise LabError(f"swanctl --raw: {text[:200]!r}")
    position = 1
    return section()


