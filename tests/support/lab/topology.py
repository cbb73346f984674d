"""Two sites and what lies between them.

    host ── gateway ── router (the wide-area link) ── gateway ── host
    10.11.0.10  192.0.2.1              198.51.100.1  10.61.0.10

Both gateways have their default route over the wide-area link, and the router delivers packets of the inner networks
as well: what leaves a gateway in clear arrives, so a leak shows.
"""
import contextlib
import os
import shutil
import tempfile

from .netns import Namespace, link
from .owner import own_name


class Site:
    """A gateway and a host behind it."""

    def __init__(self, label, outer, router_address, prefixes, owner=None):
        self.label = label
        self.outer = outer                          # address of the gateway on the wide-area link
        self.router_address = router_address
        self.prefixes = prefixes
        # One subnet of each prefix; strongSwan wants an address of its own in each.
        self.subnets = [prefix.split("/")[0].removesuffix(".0") for prefix in prefixes]
        self.host_address = f"{self.subnets[0]}.10"
        self.gateway = Namespace(f"{label}-gateway", owner)
        self.host = Namespace(f"{label}-host", owner)
        link(self.gateway, "lan", self.host, "eth0")
        for subnet in self.subnets:
            self.gateway.ip("addr", "add", f"{subnet}.1/24", "dev", "lan")
            self.host.ip("addr", "add", f"{subnet}.10/24", "dev", "eth0")
        self.host.ip("route", "add", "default", "via", f"{self.subnets[0]}.1", "src", self.host_address)
        self.gateway.sysctl("net.ipv4.ip_forward", 1)

    def attach(self, router, router_interface):
        link(self.gateway, "wan", router, router_interface)
        self.gateway.ip("addr", "add", f"{self.outer}/24", "dev", "wan")
        router.ip("addr", "add", f"{self.router_address}/24", "dev", router_interface)
        self.gateway.ip("route", "add", "default", "via", self.router_address)


class TwoSites:
    """The whole topology, with a scratch folder that goes with it."""

    left_prefixes = ("10.11.0.0/16", "10.12.0.0/16")
    right_prefixes = ("10.61.0.0/16", "10.62.0.0/16")

    def __init__(self, tag="", owner=None):
        self.kept = False
        self.folder = tempfile.mkdtemp(prefix=own_name(f"{tag or 'lab'}-", owner))
        tag = f"{tag}-" if tag else ""
        self.router = Namespace(f"{tag}router", owner)
        self.router.sysctl("net.ipv4.ip_forward", 1)
        self.left = Site(f"{tag}left", "192.0.2.1", "192.0.2.254", self.left_prefixes, owner)
        self.right = Site(f"{tag}right", "198.51.100.1", "198.51.100.254", self.right_prefixes, owner)
        for site, interface in ((self.left, "left"), (self.right, "right")):
            site.attach(self.router, interface)
            for prefix in site.prefixes:
                self.router.ip("route", "add", prefix, "via", site.outer)
        self.inner_prefixes = self.left_prefixes + self.right_prefixes
        self.offload(False)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def other(self, site):
        return self.right if site is self.left else self.left

    def put_behind_nat(self, site):
        """Hides a gateway behind the router's other address, on other ports: a real NAT (RFC 7296 2.23)."""
        out = "right" if site is self.left else "left"
        self.remove_nat()
        self.router.nft(f"""table ip nat {{
            chain postrouting {{
                type nat hook postrouting priority srcnat;
                oifname "{out}" ip saddr {site.outer} meta l4proto udp masquerade to :20000-30000
                oifname "{out}" ip saddr {site.outer} masquerade
            }}
        }}""")
        return self.other(site).router_address

    def remove_nat(self):
        self.router.exec("nft", "delete", "table", "ip", "nat", check=False)

    def offload(self, allowed):
        """Whether runs of packets may cross the link as one, as between two cards that segment in hardware.

        Off from the start, so that a capture shows the packets that a cable would carry; on for throughput.
        """
        for site in (self.left, self.right):
            site.gateway.ip("link", "set", "wan", "gso_max_segs", "65535" if allowed else "1")

    def remove(self):
        with contextlib.ExitStack() as ending:  # each is done although one fails; from the last to the first
            ending.callback(shutil.rmtree, self.folder, ignore_errors=True)
            for namespace in (self.router, self.right.gateway, self.left.gateway, self.right.host, self.left.host):
                ending.callback(namespace.remove)

    def keep(self):
        """Leaves it all up when this process ends."""
        self.kept = True
        for namespace in (self.left.host, self.right.host, self.left.gateway, self.right.gateway, self.router):
            namespace.keep()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()
