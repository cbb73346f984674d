"""What the API server's audit log says of the requests that were made of it."""
import datetime
import json
import os

WRITES = ("create", "update", "patch", "delete", "deletecollection")


def audit_time():
    """Now, as the log writes it; times compare as text."""
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Request:
    """One answered request."""

    def __init__(self, event):
        self.received, self.answered = event["requestReceivedTimestamp"], event["stageTimestamp"]
        self.verb, self.uri, self.stage = event["verb"], event["requestURI"], event["stage"]
        self.agent, self.code = event.get("userAgent", ""), event.get("responseStatus", {}).get("code", 0)
        # Who was not known (401) has no name.
        self.user = event["user"].get("username", "")
        self.tokens = set(event["user"].get("extra", {}).get("authentication.kubernetes.io/credential-id", []))
        target = event.get("objectRef", {})
        self.resource, self.subresource = target.get("resource", ""), target.get("subresource", "")
        self.namespace, self.name = target.get("namespace", ""), target.get("name", "")

    @property
    def writes(self):
        """Whether it changed something."""
        return self.verb in WRITES and 200 <= self.code < 300

    def __repr__(self):
        return f"{self.received} {self.verb} {self.uri}: {self.code}"


class AuditLog:
    """The log from one place on: from its begin, or from where it ended when this was made with `from_now`."""

    def __init__(self, path, from_now=False):
        self._path, self._offset = path, 0
        if from_now:
            self._offset = os.path.getsize(path)

    def requests(self, received_after=""):
        """In the order of the log. A watch stands there twice, when it begins and when it ends. The last line may be still
        being written, and the death of a server tears one: such are passed over."""
        found = []
        with open(self._path, "rb") as log:
            log.seek(self._offset)
            for line in log:
                try:
                    request = Request(json.loads(line))
                except ValueError:
                    continue
                if request.received > received_after:
                    found.append(request)
        return found
