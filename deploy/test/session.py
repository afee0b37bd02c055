#!/usr/bin/env python3
"""A session of three people at the release desk, over HTTP and with the standard library alone.

    session.py STATE release LINK RECORDING OUT   first sign-in to verified release, saved in OUT
    session.py STATE again OUT                    the same people and the same release are there

STATE is a file that the first call writes and the second reads: accounts, identifiers, digests.
`LINK` is the address that a desk prints at its first start. Exit code 0: everything held; 1: not.
"""

import base64
import hashlib
import hmac
import http.client
import json
import struct
import sys
import time
from pathlib import Path
from urllib.parse import quote, urlsplit

PASSWORD = "seven grey herons wade"
NUMBER = "PR-2026-0141"
WAIT_SECONDS = 900
FILES = ("release", "manifest", "manifest_signature")


def code(secret, skip=0):
    """The six digits that an authenticator shows now (TOTP, SHA-1, 30 s)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30 + skip), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


class Person:
    """One browser of one person."""

    def __init__(self, host, account=None):
        self.host = host
        self.cookies = {}
        self.account = account or {}

    def page(self):
        """The page itself, as a browser gets it first."""
        connection = http.client.HTTPConnection(self.host, timeout=120)
        connection.request("GET", "/")
        response = connection.getresponse()
        return response.status, response.read().decode()

    def send(self, method, path, body=None, kind="application/json"):
        """Status and bytes of one response; cookies are stored as a browser does."""
        connection = http.client.HTTPConnection(self.host, timeout=120)
        headers = {"Origin": f"http://{self.host}", "Sec-Fetch-Site": "same-origin"}
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{k}={v}" for k, v in self.cookies.items())
        if body is not None:
            headers["Content-Type"] = kind
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        connection.request(method, f"/api{path}", body, headers)
        response = connection.getresponse()
        for name, value in response.getheaders():
            if name.lower() == "set-cookie":
                key, cookie = value.split(";")[0].split("=", 1)
                self.cookies[key] = cookie
        return response.status, response.read()

    def ask(self, method, path, body=None, kind="application/json"):
        """The document of a response that says it was done."""
        status, answer = self.send(method, path, body, kind)
        if not 200 <= status < 300:
            raise SystemExit(f"session: {method} {path}: {status} {answer.decode()[:400]}")
        return json.loads(answer) if answer else None

    def enroll(self, token, **who):
        """Follows a one-time link: password, second factor, signed in."""
        enrolled = self.ask("POST", f"/invites/{token}", {**who, "password": PASSWORD})
        self.account["secret"] = enrolled["secret"]
        me = self.ask("POST", f"/invites/{token}/confirm", {"code": code(enrolled["secret"])})
        self.account["login"] = me["login"]
        return self

    def sign_in(self):
        """Signs in again; a code is accepted once, so the next one may be needed."""
        for _ in range(4):
            body = {"login": self.account["login"], "password": PASSWORD,
                    "code": code(self.account["secret"])}
            status, answer = self.send("POST", "/session", body)
            if status == 200:
                return self
            time.sleep(16)
        raise SystemExit(f"session: {self.account['login']} cannot sign in: {answer.decode()}")

    def until(self, path, ready, failed):
        """Asks until `ready` holds of the document."""
        end = time.monotonic() + WAIT_SECONDS
        while time.monotonic() < end:
            document = self.ask("GET", path)
            if ready(document):
                return document
            if failed(document):
                raise SystemExit(f"session: {path} failed: {json.dumps(document)[:800]}")
            time.sleep(0.5)
        raise SystemExit(f"session: {path}: not ready after {WAIT_SECONDS} s")


def upload(person, recording, request):
    """A recording, piece by piece."""
    data = recording.read_bytes()
    body = {"name": recording.name, "bytes": len(data), "purpose": "recording", "request": request}
    sent = person.ask("POST", "/uploads", body)
    while sent["offset"] < len(data):
        piece = data[sent["offset"]:sent["offset"] + sent["piece_bytes_max"]]
        sent = person.ask("PUT", f"/uploads/{sent['id']}?offset={sent['offset']}", piece,
                          "application/octet-stream")
    return person.ask("POST", f"/uploads/{sent['id']}/finish", {})


def reviewed(operator, recording):
    """A review that is decided by the policy, whatever was not looked for accepted."""
    heads = operator.ask("GET", "/policies")
    policy = next(head for head in heads if head["name"] == "public-release")
    body = {"policy": policy["digest"], "title": "Release", "decisions": "policy"}
    review = operator.ask("POST", f"/recordings/{recording}/reviews", body)
    summary = operator.ask("GET", f"/reviews/{review['id']}/summary")
    if summary["problems"]:
        raise SystemExit(f"session: not ready for approval: {json.dumps(summary['problems'])}")
    hidden = sum(entry["hidden"] for entry in summary["classes"])
    print(f"  review: {hidden} tracks hidden, {summary['mutes']} mutes, no problem left")
    return review


def release(state_file, link, recording, out):
    """From the first start of an empty desk to the files of a verified release."""
    address = urlsplit(link)
    host, token = address.netloc, address.fragment.rsplit("/", 1)[1]
    status, page = Person(host).page()
    assert status == 200 and "<script" in page, f"the page of the desk: {status} {page[:200]}"
    admin = Person(host).enroll(token, login="carla", name="Carla Reyes")
    print("  first sign-in: the link of the first start made the administrator")
    people = {"admin": admin}
    for login, name, role in (("ada", "Ada Okafor", "operator"), ("ben", "Ben Holm", "approver")):
        made = admin.ask("POST", "/users", {"login": login, "name": name, "role": role})
        people[role] = Person(host).enroll(made["link"].rsplit("/", 1)[1])
    operator, approver = people["operator"], people["approver"]
    request = operator.ask("POST", "/requests", {
        "number": NUMBER, "requester_kind": "press", "requester": "Herald Tribune",
        "jurisdiction": operator.ask("GET", "/clocks")[0]["key"], "received_on": "2026-11-02"})
    made = upload(operator, Path(recording), request["id"])
    began = time.monotonic()
    operator.until(f"/recordings/{made['id']}", lambda r: r["state"] == "ready",
                   lambda r: r["state"] == "failed")
    print(f"  uploaded, prepared and scanned in {time.monotonic() - began:.0f} s")
    review = reviewed(operator, made["id"])
    approved = approver.ask("POST", f"/reviews/{review['id']}/approve",
                            {"revision": review["revision"], "password": PASSWORD})
    assert approved["state"] == "approved", approved["state"]
    began = time.monotonic()
    made = approver.ask("POST", f"/reviews/{review['id']}/releases", {})
    made = approver.until(f"/releases/{made['id']}", lambda r: r["state"] == "ready",
                          lambda r: r["state"] in ("wrong", "failed"))
    print(f"  rendered and verified in {time.monotonic() - began:.0f} s: "
          f"{len(made['verdict']['checks'])} checks, verdict {made['verdict']['ok']}")
    state = {"host": host, "request": request["id"], "release": made["id"],
             "files": download(approver, made, Path(out)),
             "accounts": {role: person.account for role, person in people.items()}}
    Path(state_file).write_text(json.dumps(state))


def download(person, made, out):
    """Saves the files for a requester; gives the SHA-256 of each."""
    out.mkdir(parents=True, exist_ok=True)
    digests = {}
    for file in made["files"]:
        if file["kind"] in FILES:
            status, data = person.send("GET", f"/releases/{made['id']}/files/{quote(file['kind'])}")
            assert status == 200, status
            (out / file["name"]).write_bytes(data)
            digests[file["name"]] = hashlib.sha256(data).hexdigest()
    assert len(digests) == len(FILES), digests
    return digests


def again(state_file, out):
    """Accounts, requests and releases are as they were, and the release still verifies."""
    state = json.loads(Path(state_file).read_text())
    stranger = Person(state["host"])
    about = stranger.ask("GET", "/state")
    assert not about["needs_setup"], "the desk has lost its accounts"
    refused, _ = stranger.send("GET", "/requests")
    assert refused == 401, f"a stranger is answered {refused}"
    approver = Person(state["host"], state["accounts"]["approver"]).sign_in()
    requests = approver.ask("GET", "/requests")
    assert [entry["number"] for entry in requests] == [NUMBER], requests
    made = approver.ask("GET", f"/releases/{state['release']}")
    assert made["state"] == "ready" and made["approvals"][0]["by"] == "Ben Holm", made["state"]
    assert download(approver, made, Path(out)) == state["files"], "the release has changed"
    job = approver.ask("POST", f"/releases/{made['id']}/verify")
    approver.until(f"/jobs/{job['id']}", lambda job: job["state"] == "done",
                   lambda job: job["state"] in ("failed", "cancelled"))
    made = approver.ask("GET", f"/releases/{state['release']}")
    assert made["verdict"]["ok"], made["verdict"]
    print(f"  desk {about['version']}: accounts, request and release are there; the files are the "
          "same and verify")


def main():
    """See the head of this file."""
    state, verb, *words = sys.argv[1:]
    {"release": release, "again": again}[verb](state, *words)


if __name__ == "__main__":
    main()
