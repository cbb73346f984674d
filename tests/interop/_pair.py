"""Two Hawsers, one at each site, for the tests that need no foreign peer."""
from lab import manifests, suites
from lab.hawser import Gateway
from lab.process import wait_until


class HawserPair:
    """Both gateways with the walkthrough's objects but the Connection, which comes with `connect`."""

    def __init__(self, lab, export_keys=False, key=manifests.KEY):
        self.lab = lab
        self.left, self.right = (Gateway(lab, site, export_keys=export_keys) for site in (lab.left, lab.right))
        self.both = (self.left, self.right)
        for gateway in self.both:
            objects = manifests.sample(gateway.site, gateway.other, key=key)
            del objects["connection"]
            gateway.apply(objects)

    def start(self):
        for gateway in self.both:
            gateway.start()
        return self

    def connect(self, suite=suites.SAMPLE, left="Default", right="Default", wait=True, **fields):
        for gateway, mode in ((self.right, right), (self.left, left)):
            gateway.apply({"policy": manifests.policy(suite),
                           "connection": manifests.connection(connectionMode=mode, **fields)})
        if wait:
            self.wait_connected(suite)

    def wait_connected(self, suite=suites.SAMPLE):
        for gateway in self.both:
            gateway.wait_suite(suite, 40)
        self.wait_settled(20)

    def wait_settled(self, timeout):
        """Until one and the same tunnel is left: where both sides start at once there are two for a while."""
        wait_until(lambda: f"one and the same tunnel: {[g.conditions().get('Established') for g in self.both]}, "
                           f"{[g.spis() for g in self.both]}, SAs {self.sas()}\n{self.logs()}",
                   lambda: all(g.is_connected() for g in self.both) and self.agree() and self.sas() == self.SINGLE,
                   timeout, 0.2)

    SINGLE = ((1, 1), (1, 1))

    def sas(self):
        """((IKE SAs, Child SAs) of the left, of the right) from the metrics."""
        return tuple((g.metric("hawser_ike_sas"), g.metric("hawser_child_sas")) for g in self.both)

    def agree(self):
        """Both sides name the same IKE SA and the mirrored Child SA."""
        (left_ike, left_child), (right_ike, right_child) = (gateway.spis() for gateway in self.both)
        return left_ike[0] and left_ike == right_ike and left_child == right_child[::-1]

    def disconnect(self):
        for gateway in self.both:
            if gateway.read_or_none("connection"):
                gateway.delete("connection")
        wait_until("both Connections' status to go", lambda: not any(g.status() for g in self.both), 15)

    def stop(self):
        for gateway in self.both:
            gateway.stop()

    def drops(self):
        """The counters of dropped packets that are not 0."""
        return "\n".join(f"{g.site.label}: {line}" for g in self.both for line in g.metrics_text().splitlines()
                         if line.startswith("hawser_dropped_packets_total") and not line.endswith(" 0"))

    def logs(self, lines=25):
        return "\n".join(gateway.logs(lines) for gateway in self.both)
