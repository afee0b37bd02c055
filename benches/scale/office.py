"""A small office for measurements: a database, a store, workers, and clips that are divided.

Everything is in one temporary folder, and ends with the program.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
REDACT = Path(os.environ.get("REDACT", TARGET / "release" / "redact"))


def postgres_folder():
    """Where the server's programs are; Debian does not put them on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        raise SystemExit("no PostgreSQL server: install the package postgresql")
    return found[-1].parent


class Database:
    """A server on a Unix socket, as a user without rights."""

    def __init__(self, folder):
        self.folder, self.programs, self.process = folder, postgres_folder(), None
        folder.mkdir()
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
        data = str(folder / "data")
        words = ["initdb", "-A", "trust", "-U", "owner", "-E", "UTF8", "-D", data]
        subprocess.run(self.command(words), check=True, stdout=subprocess.DEVNULL, cwd="/")
        self.start()

    def command(self, words):
        """The words of a server's program, without root's rights."""
        words = [str(self.programs / words[0]), *words[1:]]
        if os.geteuid() == 0:
            return ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", *words]
        return words

    def start(self):
        """Starts it and waits until it answers; processes of a killed one may still end."""
        words = ["postgres", "-D", str(self.folder / "data"), "-k", str(self.folder)]
        words += ["-c", "listen_addresses=", "-c", "max_connections=200"]
        for _ in range(100):
            with (self.folder.parent / "database.log").open("a") as log:
                self.process = subprocess.Popen(self.command(words), stderr=log, cwd="/")
            while self.process.poll() is None:
                ready = [str(self.programs / "pg_isready"), "-q", "-h", str(self.folder)]
                if subprocess.run(ready, check=False).returncode == 0:
                    return
                time.sleep(0.05)
            time.sleep(0.3)
        raise SystemExit("PostgreSQL does not start")

    def kill(self):
        """Ends it as a power failure would."""
        self.process.kill()
        self.process.wait()

    def address(self):
        """For --queue."""
        return f"postgres:///postgres?host={self.folder}&user=owner"

    def rows(self, sql):
        """Lists of texts."""
        words = ["psql", "-h", str(self.folder), "-U", "owner", "postgres", "-AtF", "\t", "-c", sql]
        words[0] = str(self.programs / "psql")
        done = subprocess.run(words, check=True, capture_output=True, text=True)
        return [line.split("\t") for line in done.stdout.splitlines()]


class Worker:
    """A `redact worker` in a process group of its own."""

    def __init__(self, office, name, scratch=None, before=(), home=None):
        self.log = office.folder / f"{name}.log"
        words = ["worker", "--json", "--name", name, "--lease", str(office.lease)]
        words += ["--scratch", str(scratch or office.folder / "scratch")]
        env = office.environment()
        if home is not None:
            env["REDACT_HOME"] = str(home)
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                [*before, REDACT, *words], stdout=log, stderr=log, env=env,
                start_new_session=True, cwd=office.folder,
            )

    def signal(self, number):
        """To the worker alone, as the system's killer of processes would send it."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.process.pid, number)

    def end(self):
        """Ends it and waits."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def reports(self):
        """What it said about its attempts."""
        return list(json_lines(self.log))


def json_lines(path):
    """Documents of a log that has other lines, too."""
    for line in path.read_text(errors="replace").splitlines():
        if line.startswith("{"):
            with contextlib.suppress(ValueError):
                yield json.loads(line)


class Office:
    """All of it; ends with `with`."""

    def __init__(self, lease=10, models=None):
        self.lease, self.models = lease, models
        self.temporary = tempfile.TemporaryDirectory(prefix="redact-office-")
        self.folder = Path(self.temporary.name)
        self.folder.chmod(0o755)
        self.database = Database(self.folder / "database")
        self.workers, self.logs = [], 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for worker in self.workers:
            worker.end()
        self.database.kill()
        self.temporary.cleanup()

    def environment(self):
        """For every `redact` here."""
        env = dict(os.environ)
        env.update({
            "REDACT_HOME": str(self.folder / "home"),
            "REDACT_QUEUE": self.database.address(),
            "REDACT_STORE": str(self.folder / "store"),
            "ORT_DISABLE_TELEMETRY": "1",
        })
        env.setdefault("ORT_DYLIB_PATH", str(ROOT / ".deps/onnxruntime/libonnxruntime.so"))
        env.setdefault("REDACT_MODELS", str(self.models or ROOT / "models"))
        return env

    def redact(self, *words):
        """Runs one command to its end."""
        words = [str(word) for word in words]
        done = subprocess.run(
            [REDACT, *words], env=self.environment(), capture_output=True, text=True, check=False,
        )
        if done.returncode:
            raise SystemExit(f"redact {' '.join(words)}: {done.stdout}{done.stderr}")
        return done.stdout

    def begin(self, *words):
        """Starts one command."""
        with (self.folder / "submit.log").open("a") as log:
            return subprocess.Popen(
                [REDACT, *map(str, words)], env=self.environment(), stdout=log, stderr=log,
            )

    def hire(self, **options):
        """One more worker, with a name of its own."""
        self.logs += 1
        worker = Worker(self, f"worker-{self.logs}", **options)
        self.workers.append(worker)
        return worker

    def clip(self, number, seconds, rate=10):
        """A clip whose every second can be a chunk, unlike every other."""
        path = self.folder / f"clip {number}.mp4"
        pattern = f"testsrc2=size=320x180:rate={rate}:duration={seconds}"
        words = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", pattern]
        words += ["-vf", f"hue=h={number * 7}", "-c:v", "libx264", "-preset", "ultrafast"]
        words += ["-g", str(rate), "-keyint_min", str(rate), "-sc_threshold", "0", "-bf", "0"]
        words += ["-pix_fmt", "yuv420p", "-flags", "+cgop", str(path)]
        subprocess.run(words, check=True)
        return path

    def divide(self, clip, chunk_seconds, *words):
        """The folder with a scan's chunk plan, and its number of tasks."""
        folder = clip.with_suffix("")
        said = self.redact(
            "chunks", "scan", clip, "--out-dir", folder, "--chunk-seconds", chunk_seconds,
            "--json", "--no-transcript", *words,
        )
        return folder, json.loads(said.splitlines()[-1])["tasks"]
