#!/usr/bin/env python3
"""Runs a command under the settings of a unit, where there is no systemd to do it.

    as_unit.py UNIT [--filter CALLS]… [-- COMMAND…]      (as root, with private mounts)

Without a command, it runs the unit's ExecStart. It applies: User, Group, Environment,
EnvironmentFile, StateDirectory, WorkingDirectory, UMask, ProtectSystem, ReadWritePaths,
ProtectHome, PrivateTmp, PrivateDevices, ProtectKernelTunables, ProtectProc, InaccessiblePaths,
CapabilityBoundingSet, NoNewPrivileges, SystemCallFilter with SystemCallErrorNumber,
RestrictAddressFamilies, RestrictNamespaces, RestrictRealtime, RestrictSUIDSGID, LockPersonality and
MemoryDenyWriteExecute. It does not apply what needs control groups (IPAddressDeny, DevicePolicy) or
concerns how a service is restarted.

`--filter` replaces the unit's SystemCallFilter lines, to test what happens under another filter.
Needs systemd-analyze, and Debian's python3-seccomp.
"""

import argparse
import ctypes
import errno
import grp
import os
import pwd
import re
import shlex
import subprocess
import sys
from pathlib import Path

import seccomp

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS = 0x20000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT, MS_BIND, MS_REC = 1, 2, 4, 32, 4096, 16384
PR_SET_NO_NEW_PRIVS, PR_CAPBSET_DROP = 38, 24
NAMESPACES = 0x7E020080  # CLONE_NEW*, all of them
AF = {"AF_UNIX": 1, "AF_INET": 2, "AF_INET6": 10, "AF_NETLINK": 16, "AF_PACKET": 17}


def read_unit(path):
    """The settings of [Service]: a list of values for each key; an empty value resets."""
    found, section = {}, ""
    for line in Path(path).read_text().splitlines():
        if line.startswith("["):
            section = line.strip("[]")
        elif section == "Service" and "=" in line and not line.startswith("#"):
            key, value = line.split("=", 1)
            found.setdefault(key, []).append(value)
    return found


def call_groups():
    """systemd's groups of system calls, by name."""
    text = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager"], check=False,
                          capture_output=True, text=True).stdout
    groups, name = {}, None
    for line in text.splitlines():
        if line.startswith("@"):
            name = line.strip()
            groups[name] = []
        elif name and line.startswith("    ") and not line.strip().startswith("#"):
            groups[name].append(line.strip())
    return groups


def allowed_calls(lines):
    """The calls that `SystemCallFilter` allows, evaluated in order as systemd does."""
    groups = call_groups()
    if "@system-service" not in groups:
        sys.exit("as_unit: systemd-analyze lists no groups of system calls")

    def expand(word):
        if not word.startswith("@"):
            return {word}
        return set().union(*(expand(part) for part in groups[word]))

    allowed = expand("@default")
    for line in lines:
        removes = line.startswith("~")
        for word in line.lstrip("~").split():
            allowed = allowed - expand(word) if removes else allowed | expand(word)
    return allowed


def mount(source, target, kind=None, flags=0, data=None):
    """mount(2); raises with the target's name."""
    encode = lambda text: text.encode() if text else None  # noqa: E731
    if LIBC.mount(encode(source), encode(target), encode(kind), flags, encode(data)) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"mount {target}: {os.strerror(code)}")


def mounts():
    """The mount points of this namespace, the deepest last."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return sorted({line.split()[4] for line in lines}, key=len)


def protect_files(unit, writable):
    """The file system as the unit's processes see it, in mounts of its own."""
    if LIBC.unshare(CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    last = lambda key: unit.get(key, [""])[-1]  # noqa: E731
    for path in writable:
        mount(path, path, None, MS_BIND | MS_REC)
    if last("ProtectSystem") == "strict":
        spared = ("/proc", "/sys", "/dev")
        for path in mounts():
            inside = any(path == top or path.startswith(top + "/") for top in writable)
            if not inside and not any(path == top or path.startswith(top + "/") for top in spared):
                mount(None, path, None, MS_REMOUNT | MS_BIND | MS_RDONLY)
    if last("PrivateTmp") == "yes":
        for path in ("/tmp", "/var/tmp"):
            mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777")
    if last("ProtectHome") == "yes":
        for path in ("/home", "/root"):
            mount("tmpfs", path, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV, "mode=000")
    for path in " ".join(unit.get("InaccessiblePaths", [])).split():
        if Path(path.lstrip("-")).is_dir():
            mount("tmpfs", path.lstrip("-"), "tmpfs", MS_RDONLY, "mode=000")
    if last("PrivateDevices") == "yes":
        names = ("null", "zero", "full", "random", "urandom", "tty")
        mount("tmpfs", "/mnt", "tmpfs", MS_NOSUID, "mode=755")
        for name in names:
            Path("/mnt", name).touch()
            mount(f"/dev/{name}", f"/mnt/{name}", None, MS_BIND)
        mount("/mnt", "/dev", None, MS_BIND | MS_REC)
    if last("ProtectKernelTunables") == "yes":
        mount("/proc/sys", "/proc/sys", None, MS_BIND | MS_REC)
        mount(None, "/proc/sys", None, MS_REMOUNT | MS_BIND | MS_RDONLY)
    if last("ProtectProc") == "invisible":
        mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV, "hidepid=invisible")


def filter_calls(unit, calls):
    """The unit's filters of system calls, in one."""
    number = getattr(errno, unit.get("SystemCallErrorNumber", ["EPERM"])[-1])
    denied = seccomp.ERRNO(number)
    # Filters add up: the strictest counts. The list comes last, as it may forbid to load others.
    rules = seccomp.SyscallFilter(seccomp.ALLOW)
    bits = lambda at, mask, value: seccomp.Arg(at, seccomp.MASKED_EQ, mask, value)  # noqa: E731
    if unit.get("MemoryDenyWriteExecute") == ["yes"]:
        rules.add_rule(denied, "mmap", bits(2, 6, 6))
        rules.add_rule(denied, "mprotect", bits(2, 4, 4))
        rules.add_rule(denied, "pkey_mprotect", bits(2, 4, 4))
        rules.add_rule(denied, "shmat", bits(2, 0o100000, 0o100000))
    if unit.get("RestrictNamespaces") == ["yes"]:
        for bit in (1 << at for at in range(32) if NAMESPACES >> at & 1):
            rules.add_rule(denied, "clone", bits(0, bit, bit))
            rules.add_rule(denied, "unshare", bits(0, bit, bit))
        rules.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")
        rules.add_rule(denied, "setns")
    if unit.get("RestrictSUIDSGID") == ["yes"]:
        for call, at in (("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("mkdirat", 2)):
            for bit in (0o4000, 0o2000):
                rules.add_rule(denied, call, bits(at, bit, bit))
    if unit.get("RestrictRealtime") == ["yes"]:
        for policy in (1, 2, 6):
            rules.add_rule(denied, "sched_setscheduler",
                           seccomp.Arg(1, seccomp.MASKED_EQ, 0xFF, policy))
    if unit.get("LockPersonality") == ["yes"]:
        rules.add_rule(denied, "personality", seccomp.Arg(0, seccomp.NE, 0))
    rules.load()
    if "RestrictAddressFamilies" in unit:
        families = sorted(AF[name] for name in unit["RestrictAddressFamilies"][-1].split())
        rules = seccomp.SyscallFilter(seccomp.ALLOW)
        refused = seccomp.ERRNO(errno.EAFNOSUPPORT)
        for family in set(range(64)) - set(families):
            rules.add_rule(refused, "socket", seccomp.Arg(0, seccomp.EQ, family))
        rules.load()
    rules = seccomp.SyscallFilter(denied)
    for name in sorted(calls):
        try:
            rules.add_rule(seccomp.ALLOW, name)
        except (RuntimeError, ValueError, OSError):
            continue  # A call of another architecture, or one that libseccomp does not know.
    rules.load()


def become(unit):
    """The unit's user, without capabilities."""
    user = pwd.getpwnam(unit["User"][-1])
    group = grp.getgrnam(unit["Group"][-1])
    if unit.get("CapabilityBoundingSet") == [""]:
        for capability in range(64):
            LIBC.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    os.setgroups([])
    os.setgid(group.gr_gid)
    os.setuid(user.pw_uid)
    if unit.get("NoNewPrivileges") == ["yes"]:
        LIBC.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return user


def environment(unit, user):
    """The variables of a service: nothing of this process's."""
    found = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "LANG": "C.UTF-8",
             "USER": user.pw_name, "LOGNAME": user.pw_name, "HOME": user.pw_dir,
             "SHELL": user.pw_shell}
    for line in unit.get("Environment", []):
        found.update(word.split("=", 1) for word in shlex.split(line))
    for name in unit.get("EnvironmentFile", []):
        path = Path(name.lstrip("-"))
        if not path.exists() and name.startswith("-"):
            continue
        for line in path.read_text().splitlines():
            if line and not line.startswith("#"):
                key, value = line.split("=", 1)
                found[key] = "".join(shlex.split(value, posix=True))
    return found


def words(unit, variables):
    """ExecStart, with `$NAME` as systemd expands it: split into words, quotes respected."""
    found = []
    for word in shlex.split(unit["ExecStart"][-1]):
        name = re.fullmatch(r"\$(\w+)", word)
        found += shlex.split(variables.get(name[1], "")) if name else [word]
    return found


def main():
    """Replaces this process by the command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("unit")
    parser.add_argument("--filter", action="append")
    given = sys.argv[1:]
    at = given.index("--") if "--" in given else len(given)
    options, command = parser.parse_args(given[:at]), given[at + 1:]
    unit = read_unit(options.unit)
    user, group = pwd.getpwnam(unit["User"][-1]), grp.getgrnam(unit["Group"][-1])
    state = Path("/var/lib", unit["StateDirectory"][-1])
    state.mkdir(exist_ok=True)
    os.chown(state, user.pw_uid, group.gr_gid)
    state.chmod(int(unit["StateDirectoryMode"][-1], 8))
    variables = environment(unit, user)
    shared = [path.lstrip("-") for path in " ".join(unit.get("ReadWritePaths", [])).split()]
    lines = options.filter or unit["SystemCallFilter"]
    calls = allowed_calls(lines)
    if not calls:
        sys.exit("as_unit: the filter allows nothing")
    protect_files(unit, [str(state), *(path for path in shared if Path(path).exists())])
    os.umask(int(unit["UMask"][-1], 8))
    os.chdir(unit["WorkingDirectory"][-1])
    become(unit)
    command = command or words(unit, variables)
    filter_calls(unit, calls)
    os.execvpe(command[0], command, variables)


if __name__ == "__main__":
    main()
