"""Many objects for the operator: networks, gateways, sites, policies and connections that obey every rule."""
import http.client
import ipaddress
import json
import os
import queue
import ssl
import subprocess
import sys
import threading

API = "hawser.dev/v1alpha1"
PLURALS = {"VirtualNetwork": "virtualnetworks", "VirtualNetworkGateway": "virtualnetworkgateways",
           "LocalNetworkGateway": "localnetworkgateways", "IpsecPolicy": "ipsecpolicies", "Connection": "connections"}
_POLICIES = [("AES256", "SHA384", "ECP384", "GCMAES256", "GCMAES256", "ECP384"),
             ("AES128", "SHA256", "ECP256", "AES256", "SHA256", "ECP256"),
             ("AES256", "SHA256", "DHGroup14", "AES128", "SHA256", "PFS2048"),
             ("AES192", "SHA384", "DHGroup24", "GCMAES128", "GCMAES128", "None")]


def make(kind, name, spec, namespace="default"):
    return {"apiVersion": API, "kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}


def secret(name, key, namespace="default"):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace},
            "stringData": {"psk": key}}


def policy(name, choice, seconds=27000):
    names = ("ikeEncryption", "ikeIntegrity", "dhGroup", "ipsecEncryption", "ipsecIntegrity", "pfsGroup")
    return make("IpsecPolicy", name, {**dict(zip(names, _POLICIES[choice % len(_POLICIES)])), "saLifeTimeSeconds": seconds})


def fleet(gateways, policies, connections):
    """Gateway g has connections // gateways sites; prefixes and addresses are all different."""
    objects = [secret("shared-key", "Scale-test-key-0001")]
    objects += [policy(f"policy-{p}", p) for p in range(policies)]
    for g in range(gateways):
        base = ipaddress.ip_network((int(ipaddress.ip_address("10.0.0.0")) + g * 256, 24))
        objects.append(make("VirtualNetwork", f"network-{g}", {
            "addressPrefixes": [str(base)],
            "subnets": [{"name": "GatewaySubnet", "addressPrefix": str(list(base.subnets(new_prefix=27))[7])}]}))
        objects.append(make("VirtualNetworkGateway", f"gateway-{g}", {
            "virtualNetworkRef": {"name": f"network-{g}"}, "sku": "HighPerformance"}))
    for c in range(connections):
        prefix = ipaddress.ip_network((int(ipaddress.ip_address("172.16.0.0")) + c * 16, 28))
        objects.append(make("LocalNetworkGateway", f"site-{c}", {
            "gatewayIpAddress": str(ipaddress.ip_address("198.18.0.0") + c + 1), "addressPrefixes": [str(prefix)]}))
        objects.append(connection(c, gateways, policies))
    return objects


def connection(c, gateways, policies, dpd=45):
    return make("Connection", f"connection-{c}", {
        "virtualNetworkGatewayRef": {"name": f"gateway-{c % gateways}"}, "localNetworkGatewayRef": {"name": f"site-{c}"},
        "sharedKeySecretRef": {"name": "shared-key"}, "ipsecPolicyRef": {"name": f"policy-{c % policies}"},
        "dpdTimeoutSeconds": dpd})


def path_of(item, named=True):
    meta = item["metadata"]
    group = "/api/v1" if item["apiVersion"] == "v1" else f"/apis/{item['apiVersion']}"
    plural = PLURALS.get(item["kind"], item["kind"].lower() + "s")
    return f"{group}/namespaces/{meta['namespace']}/{plural}" + (f"/{meta['name']}" if named else "")


class Requests:
    """Requests to an API server from inside its namespace, over a few connections that stay open.

    A child process does the talking, because a thread cannot be in another namespace alone.
    """

    def __init__(self, server, threads=8):
        script = os.path.abspath(__file__)
        certificate, key = server.pki.issue("loader", "test-loader", "system:masters")
        self._child = subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{server.netns}", "--", "/usr/bin/python3", script, server.address, server.pki.ca,
             certificate, key, str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def send(self, requests):
        """requests: (method, path, body or None, content type). Returns [(status, text)] in their order."""
        requests = list(requests)
        self._child.stdin.write(json.dumps(requests) + "\n")
        self._child.stdin.flush()
        return [tuple(answer) for answer in json.loads(self._child.stdout.readline())]

    def create(self, objects):
        answers = self.send(("POST", path_of(item, named=False), item, "application/json") for item in objects)
        wrong = [answer for answer in answers if answer[0] not in (200, 201)]
        if wrong:
            raise RuntimeError(f"{len(wrong)} objects were refused, the first: {wrong[0]}")

    def merge(self, item, patch):
        status, text = self.send([("PATCH", path_of(item), patch, "application/merge-patch+json")])[0]
        if status != 200:
            raise RuntimeError(f"{path_of(item)}: {status} {text}")

    def get(self, path):
        status, text = self.send([("GET", path, None, "")])[0]
        if status != 200:
            raise RuntimeError(f"{path}: {status} {text}")
        return json.loads(text)

    def close(self):
        self._child.stdin.close()
        self._child.wait(10)


def _serve(address, ca, certificate, key, threads):
    context = ssl.create_default_context(cafile=ca)
    context.load_cert_chain(certificate, key)
    work, answers = queue.Queue(), {}

    def worker():
        link = None
        while True:
            number, (method, path, body, content_type) = work.get()
            for attempt in range(3):
                try:
                    link = link or http.client.HTTPSConnection(address, 6443, context=context, timeout=60)
                    text = None if body is None else body if isinstance(body, str) else json.dumps(body)
                    link.request(method, path, text, {"Content-Type": content_type} if text is not None else {})
                    answer = link.getresponse()
                    answers[number] = (answer.status, answer.read().decode())
                    break
                except (OSError, http.client.HTTPException) as reason:
                    link = None
                    answers[number] = (0, repr(reason))
            work.task_done()

    for _ in range(threads):
        threading.Thread(target=worker, daemon=True).start()
    for line in iter(lambda: sys.stdin.readline(), ""):
        requests = json.loads(line)
        answers.clear()
        for number, request in enumerate(requests):
            work.put((number, request))
        work.join()
        print(json.dumps([answers[i] for i in range(len(requests))]), flush=True)


if __name__ == "__main__":
    _serve(*sys.argv[1:5], threads=int(sys.argv[5]))
