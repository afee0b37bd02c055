"""Makes the corpus of the fuzz targets, and the records of `slice`, beside this file.

    python3 fuzz/make_corpus.py

Media are made by FFmpeg, records are those of `fixtures/v0.1.0`, stamps are made by OpenSSL. Run it
again when a format changes; inputs that once failed (`failed-…`) are left where they are.
"""

import hashlib
import io
import json
import shutil
import struct
import subprocess
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
OLD = HERE.parent / "fixtures/v0.1.0"
CLIPS = {
    "baseline": "-profile:v baseline -bf 0",
    "main": "-profile:v main -bf 2",
    "high": "-profile:v high -bf 2 -x264-params 8x8dct=1",
    "cropped": "-profile:v high -vf crop=62:46",
    "slices": "-profile:v high -x264-params slices=2",
    "intra": "-profile:v high -g 1 -qp 4",
}


def put(target, name, content):
    """Writes one input."""
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)


def package_manifest():
    """A manifest of a package with the old release, and its files."""
    path = OLD / "clip.redacted.manifest.json"
    public = json.loads(path.read_text("utf-8"))
    digest = "0123456789abcdef" * 4
    names = {"exhibit-01.manifest.json": "manifest",
             "exhibit-01.manifest.json.minisig": "signature",
             "exhibit-01.mp4": "release"}
    files = [{"path": f"exhibits/{name}", "role": role, "exhibit": 1, "bytes": 5, "sha256": digest}
             for name, role in names.items()]
    files.append({"path": "index.html", "role": "index", "bytes": 5, "sha256": digest})
    withheld = {"reason": "privacy-face", "statute": "5 U.S.C. 552(b)(7)(C)", "text": "A face.",
                "masks": 1, "picture_seconds": 0.5, "mutes": 0, "sound_seconds": 0}
    exhibit = {"number": 1, "source_name": "clip.mp4", "manifest_id": public["manifest_id"],
               "manifest_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
               "release_sha256": public["release"]["sha256"],
               "release_bytes": public["release"]["bytes"], "created": public["created"],
               "supersedes": None, "jurisdiction": public["terms"]["jurisdiction"],
               "frames": public["totals"]["frames"], "seconds": public["totals"]["seconds"],
               "parts": [], "withheld": [withheld], "removed": len(public["removed"])}
    request = {"agency": "Example Police Department", "number": "17", "case_number": None,
               "requester": None}
    return json.dumps({"schema": "redact-package", "schema_version": "1.0",
                       "created": public["created"], "program": "redact 0.1.0",
                       "profile": {"name": "public", "sha256": digest}, "request": request,
                       "exhibits": [exhibit], "files": files}, indent=1)


def packages():
    """Files of packages, each behind the byte that chooses its parser."""
    put("package", "manifest", b"\0" + package_manifest().encode())
    digest = "0123456789abcdef" * 4
    put("package", "sums", f"\1{digest}  exhibits/exhibit-01.mp4\n{digest}  index.html\n".encode())
    for profile in sorted((HERE.parent / "transmittals").glob("*.toml")):
        put("package", profile.name, b"\2" + profile.read_bytes())
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as package:
        for name in ("exhibits/exhibit-01.mp4", "package.json"):
            package.writestr(zipfile.ZipInfo(name), name * 3)
    put("package", "archive", b"\3" + archive.getvalue())


def run(*words, **more):
    """Runs a command; gives what it prints."""
    return subprocess.run(words, check=True, capture_output=True, **more).stdout


def packets(clip, stream):
    """The packets of one stream, as they lie in the file."""
    shown = json.loads(run("ffprobe", "-v", "error", "-select_streams", stream, "-show_packets",
                           "-show_entries", "packet=pos,size", "-of", "json", str(clip)))
    data = clip.read_bytes()
    places = ((int(p["pos"]), int(p["size"])) for p in shown["packets"])
    return [data[start:start + size] for start, size in places]


def inside(data, kind):
    """The content of the first box of a kind."""
    at = data.index(kind)
    length = struct.unpack(">I", data[at - 4:at])[0]
    return data[at + 4:at - 4 + length]


def media(work):
    """Clips of six pictures, their records, slices, byte streams and packets of sound."""
    (HERE / "records").mkdir(exist_ok=True)
    for number, (name, options) in enumerate(CLIPS.items()):
        clip = work / f"{name}.mp4"
        run("ffmpeg", "-v", "error", "-bitexact", "-f", "lavfi", "-i",
            "testsrc2=size=64x48:rate=25:duration=0.24", "-f", "lavfi", "-i",
            "sine=frequency=500:sample_rate=48000:duration=0.24", "-pix_fmt", "yuv420p",
            "-c:v", "libx264", "-threads", "1", "-g", "4", *options.split(),
            "-c:a", "aac", "-b:a", "32k", "-ac", str(1 + number % 2), str(clip))
        data = clip.read_bytes()
        put("leak", f"{name}.mp4", data)
        record = inside(data, b"avcC")
        samples = packets(clip, "v:0")
        put("avcc", name, struct.pack(">H", len(record)) + record + samples[0])
        put("avcc", f"{name}-next", struct.pack(">H", len(record)) + record + samples[1])
        stream = run("ffmpeg", "-v", "error", "-i", str(clip), "-c:v", "copy", "-bsf:v",
                     "h264_mp4toannexb,h264_metadata=aud=insert", "-f", "h264", "-")
        pictures = access_units(stream)
        sets = pictures[0][:pictures[0].index(b"\0\0\1\x06")]
        for index, picture in enumerate(pictures[:2]):
            put("avcc", f"{name}-stream-{index}", struct.pack(">H", len(sets)) + sets + picture)
        for place, known in enumerate(("baseline", "main", "high")):
            if known == name:
                (HERE / "records" / f"{name}.avcc").write_bytes(record)
                for index, sample in enumerate(samples[:4]):
                    put("slice", f"{name}-{index}", bytes([place]) + last_unit(sample))
        put("annex_b", name, run("ffmpeg", "-v", "error", "-i", str(clip), "-c:v", "copy",
                                 "-f", "h264", "-"))
        esds = inside(data, b"esds")
        # The tag of the decoder's own configuration, and its length of two bytes.
        config = esds[esds.index(b"\x05\x80\x80\x80") + 5:][:2]
        for index, packet in enumerate(packets(clip, "a:0")[:3]):
            put("aac", f"{name}-{index}", config + bytes([index == 0]) + packet)
        headed = run("ffmpeg", "-v", "error", "-i", str(clip), "-c:a", "copy", "-f", "adts", "-")
        put("adts", name, headed[:(headed[3] & 3) << 11 | headed[4] << 3 | headed[5] >> 5])


def access_units(stream):
    """The pictures of a byte stream, each with the delimiter before it."""
    delimiter = b"\0\0\0\1\x09"
    return [delimiter + picture for picture in stream.split(delimiter)[1:]]


def last_unit(sample):
    """The last NAL unit of a sample: its slice."""
    unit = b""
    while len(sample) > 4:
        length = struct.unpack(">I", sample[:4])[0]
        unit, sample = sample[4:4 + length], sample[4 + length:]
    return unit


def records():
    """Records that version 0.1.0 wrote."""
    put("plan", "plan.json", (OLD / "clip.plan.json").read_bytes())
    put("findings", "findings.json", (OLD / "clip.findings.json").read_bytes())
    public = (OLD / "clip.redacted.manifest.json").read_bytes()
    put("manifests", "public", b"\0" + public)
    put("manifests", "sealed", b"\1" + (OLD / "clip.redacted.sealed.json").read_bytes())
    put("events", "events.jsonl", (OLD / "home/events.jsonl").read_bytes())
    packages()
    put("policy", "fixture.toml", (OLD / "policy.toml").read_bytes())
    put("policy", "court.toml", (HERE.parent / "policies/court.toml").read_bytes())
    put("policy", "oregon.toml", (HERE.parent / "reasons/oregon.toml").read_bytes())
    key = next((OLD / "home/trusted").glob("*.pub")).read_text().splitlines()[1]
    put("keys", "public", b"\0" + key.encode())
    put("keys", "secret", b"\1" + (OLD / "home/segment.key").read_bytes())
    put("keys", "signature",
        b"\2" + (OLD / "clip.redacted.manifest.json.minisig").read_bytes())
    approver = next((OLD / "home/trusted/approvers").glob("*.json"))
    put("keys", "approver", b"\3" + approver.read_bytes())
    put("keys", "rotation", b"\4" + next(OLD.glob("*.rotation.json")).read_bytes())


def ranges():
    """Headers of browsers, and odd ones."""
    for number, header in enumerate(("bytes=0-9", "bytes=90-", "bytes=-10", "bytes=0-1,3-4",
                                     "bytes=18446744073709551615-", "items=0-1")):
        put("range", f"{number}", struct.pack(">Q", 100) + header.encode())


def stamps(work):
    """An authority of our own, and its answer about a digest of zeros."""
    settings = work / "tsa.cnf"
    settings.write_text(
        "[req]\ndistinguished_name = name\n[name]\n[ext]\nbasicConstraints = critical,CA:false\n"
        "keyUsage = critical,digitalSignature\nextendedKeyUsage = critical,timeStamping\n"
        f"[tsa]\nserial = {work}/serial\ndefault_policy = 1.2.3.4\ndigests = sha256\n"
        "signer_digest = sha256\nordering = yes\ntsa_name = yes\ness_cert_id_chain = no\n"
    )
    (work / "serial").write_text("01\n")
    key, certificate, query = work / "tsa.key", work / "tsa.pem", work / "query.tsq"
    run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-keyout", str(key), "-out", str(certificate), "-days", "3650", "-subj", "/CN=fuzz",
        "-config", str(settings), "-extensions", "ext")
    run("openssl", "ts", "-query", "-digest", "0" * 64, "-sha256", "-cert", "-out", str(query))
    answer = run("openssl", "ts", "-reply", "-queryfile", str(query), "-config", str(settings),
                 "-section", "tsa", "-signer", str(certificate), "-inkey", str(key))
    put("timestamp", "answer", b"\0" + answer)
    put("timestamp", "certificate.pem", b"\1" + certificate.read_bytes())
    der = run("openssl", "x509", "-in", str(certificate), "-outform", "DER")
    put("timestamp", "certificate.der", b"\1" + der)


def captions():
    """Captions of a release: none, words, marks."""
    header = (
        "WEBVTT\n\nNOTE\nCaptions of a redacted recording, made by Redact.\n"
        "[redacted] stands for sound that was withheld.\n"
        "[inaudible] stands for speech that was not understood.\nSpeakers are not named.\n"
    )
    words = (
        "Language: en\n\n00:00:00.499 --> 00:00:03.201\n"
        "<00:00:00.500>My <00:00:00.800>name <00:00:01.100>is<00:00:01.250> [redacted]\n"
        "<00:00:02.400>I <00:00:02.600>live <00:00:03.000>here.<00:00:03.200>\n\n"
        "00:00:08.999 --> 00:00:10.000\n<00:00:09.000>Thank <00:00:09.400>you.<00:00:09.700>\n"
    )
    marks = (
        "Language: pt-BR\n\n00:00:00.100 --> 00:00:07.100\n[redacted] [inaudible]\n\n"
        "01:02:03.004 --> 01:02:05.000\n"
        "[inaudible] <01:02:03.100>A&amp;B <01:02:03.500>&lt;x&gt;<01:02:03.900> [redacted]\n"
    )
    for name, text in [("empty", ""), ("words", words), ("marks", marks)]:
        put("captions", f"{name}.vtt", (header + text).encode())


def chunks():
    """Chunk plans, whole and divided, and an output of each kind of task."""
    digest = "0123456789abcdef" * 4
    program = "redact 0.1.0"
    settings = {"video_stream": None, "turn_degrees": 0, "frame_rate": None}
    plan = {"format": "redact-chunks/1", "program": program,
            "source": {"path": "/evidence/clip.mp4", "sha256": digest, "bytes": 1000},
            "input": {"damaged": "stop", "accept_lost_sound": False, "settings": settings}}
    detectors = [{"name": name, "sha256": digest} for name in ("faces", "silero-vad")]
    scan = {"profile": "standard", "models": {"detectors": detectors, "recognizer": None},
            "transcript": {"language": "en"}}
    runs = [{"every_nanos": 0, "at_nanos": 960000000}, {"every_nanos": 9, "at_nanos": 960000000}]
    parts = {"frames": 50, "pictures": [
        {"start": 0, "end": 25, "decode_from": {"frame": 0, "ticks": 0}, "last_runs": []},
        {"start": 25, "end": 50, "decode_from": {"frame": 0, "ticks": 0}, "last_runs": runs}]}
    divisions = {"whole": {"reason": "too short"}, "parts": parts}
    for name, division in divisions.items():
        work = {"scan": {**scan, "division": {name: division}}}
        put("chunks", f"plan-{name}", b"\0" + json.dumps({**plan, "work": work}).encode())
    confined = {"landlock_abi": 5, "landlock_capped": False, "seccomp": True}
    output = {"format": "redact-chunk/1", "program": program, "plan": digest, "task": 1,
              "machine": {"processor": ["x86_64", "avx2"], "libraries": ["libavcodec 61.3.100"]},
              "confined": confined}
    bits = [struct.unpack("<I", struct.pack("<f", value))[0] for value in (0.1, 0.2, 0.3, 0.4, 1.0)]
    video = {"stream": 0, "width": 64, "height": 48, "seconds_per_tick": [1, 12800],
             "first_tick": 0}
    face = ["face", bits[4], bits[:4], 1, 0]
    frames = [[0, 512, "unknown", [face]], [512, 512, {"affine": [bits[4]] * 6}, None],
              [1024, 512, "cut", []]]
    pictures = {"video": video, "conversions": [], "runs": [[[0, None]], [[0, 80000000]]],
                "frames": frames}
    findings = (OLD / "clip.findings.json").read_text("utf-8")
    contents = {"pictures": pictures, "sound": {"findings": findings},
                "whole": {"findings": findings}}
    for name, content in contents.items():
        document = json.dumps({**output, "content": {name: content}})
        put("chunks", f"output-{name}", b"\1" + document.encode())


def main():
    """Removes what it made before, and makes all of it again."""
    for folder in (HERE / "corpus").glob("*"):
        for path in folder.iterdir():
            if not path.name.startswith("failed-"):
                path.unlink()
    shutil.rmtree(HERE / "records", ignore_errors=True)
    with tempfile.TemporaryDirectory() as work:
        media(Path(work))
        stamps(Path(work))
    records()
    ranges()
    captions()
    chunks()


if __name__ == "__main__":
    main()
