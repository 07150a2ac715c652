"""Simulated reviewers, who use the addresses that the review server's own pages use."""

import json
import urllib.request

from annotate import add_annotator


class Annotator:
    """Someone at a browser: logs in with a password and uses the addresses that Argilla's pages use."""

    def __init__(self, server, username, workspace="safeladder"):
        self.server = server
        password = add_annotator(server, username, workspace=workspace)
        form = f"username={username}&password={password}".encode()
        self.token = json.load(call(server, "/api/v1/token", data=form))["access_token"]

    def call(self, path, body=None, method=None):
        data = None if body is None else json.dumps(body).encode()
        token = f"Bearer {self.token}"
        return json.load(call(self.server, path, data=data, method=method, Authorization=token, json=True))

    def queue(self, dataset):
        pending = {"type": "terms", "scope": {"entity": "response", "property": "status"}, "values": ["pending"]}
        body = {"filters": {"type": "and", "and": [pending]}}
        return [item["record"] for item in self.call(f"/api/v1/me/datasets/{dataset}/records/search", body)["items"]]

    def answer(self, record, status, **values):
        body = {"status": status, "values": {name: {"value": value} for name, value in values.items()}}
        return self.call(f"/api/v1/records/{record['id']}/responses", body)


def call(server, path, *, data=None, method=None, json=False, **headers):
    headers |= {"Content-Type": "application/json"} if json else {}
    request = urllib.request.Request(server.url + path, data=data, headers=headers, method=method)
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30)
