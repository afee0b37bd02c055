"""Computes the expected boxes for tests of the Rust decoders, and their pictures.

    pip install -r requirements.txt
    python make_golden.py ../../../../models ../../../../fixtures/demo.mp4

This is independent of the Rust code: ONNX Runtime runs the same weights on the same samples, and
the decoders below are written in numpy from the models' own sources.

A picture is stored as the samples of its three 8-bit 4:2:0 planes in one gray PNG of width w and
height h * 3 / 2: luma at the top, blue difference (left) and red difference (right) below it. Both
implementations start from these bytes, without an image decoder. All pictures are smaller than the
input, so luma is used unscaled and chroma is enlarged linearly between sample centers. Colors are
BT.601, with the range in PICTURES.
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

# The pinned version has no telemetry; should another one be installed, this switches it off.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import numpy as np
import onnxruntime
from PIL import Image

HERE = Path(__file__).parent


def planes_from_rgb(rgb):
    """Full-range BT.601 planes of an RGB picture with even sides."""
    r, g, b = (rgb[..., i].astype(np.float64) for i in range(3))
    y = 0.299 * r + 0.587 * g + 0.114 * b
    cb = (b - y) / 1.772 + 128.0
    cr = (r - y) / 1.402 + 128.0

    def mean(p):
        return (p[0::2, 0::2] + p[1::2, 0::2] + p[0::2, 1::2] + p[1::2, 1::2]) / 4.0

    return [np.clip(np.rint(p), 0, 255).astype(np.uint8) for p in (y, mean(cb), mean(cr))]


def planes_from_video(path, frame, reduce, crop):
    """Planes of a rectangle (x, y, w, h; all even) of one frame, reduced by a whole number."""
    x, y, w, h = crop
    select = f"select=eq(n\\,{frame}),scale=iw/{reduce}:ih/{reduce},crop={w}:{h}:{x}:{y}"
    command = ["ffmpeg", "-v", "error", "-i", path, "-map", "0:V:0", "-vf", select,
               "-frames:v", "1", "-pix_fmt", "yuv420p", "-f", "rawvideo", "-"]
    raw = np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, np.uint8)
    size, quarter = w * h, w * h // 4
    return [raw[:size].reshape(h, w),
            raw[size:size + quarter].reshape(h // 2, w // 2),
            raw[size + quarter:].reshape(h // 2, w // 2)]


def enlarged(plane):
    """Twice the rows and columns, linear between sample centers, edges repeated."""
    plane = plane.astype(np.float32)
    for axis in (0, 1):
        count = plane.shape[axis]
        at = np.clip((np.arange(2 * count) + 0.5) / 2.0 - 0.5, 0, count - 1)
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, count - 1)
        shape = [1, 1]
        shape[axis] = -1
        part = (at - low).reshape(shape).astype(np.float32)
        plane = plane.take(low, axis) * (1 - part) + plane.take(high, axis) * part
    return plane


def model_input(planes, full_range, order, mean, pad, multiple=32):
    """[1, 3, H, W] as specified by the card; the picture is in the top-left corner."""
    y, cb, cr = planes[0].astype(np.float32), enlarged(planes[1]) - 128, enlarged(planes[2]) - 128
    if not full_range:
        y, cb, cr = (y - 16) * 255 / 219, cb * 255 / 224, cr * 255 / 224
    red = y + 1.402 * cr
    green = y - 0.344136 * cb - 0.714136 * cr
    blue = y + 1.772 * cb
    rgb = {"R": red, "G": green, "B": blue}
    height, width = (-(-side // multiple) * multiple for side in y.shape)
    out = np.full((1, 3, height, width), pad, np.float32)
    for i, name in enumerate(order):
        out[0, i, :y.shape[0], :y.shape[1]] = np.clip(rgb[name], 0, 255)
    return out - np.array(mean, np.float32).reshape(1, 3, 1, 1)


def grid(width, height, stride):
    ys, xs = np.mgrid[0:height // stride, 0:width // stride]
    return np.stack([xs.ravel(), ys.ravel()], 1).astype(np.float32)


def from_center(center, size):
    return np.concatenate([center - size / 2, center + size / 2], 1)


def yunet(out, width, height):
    boxes, scores = [], []
    for stride in (8, 16, 32):
        code = out[f"bbox_{stride}"][0]
        center = (grid(width, height, stride) + code[:, :2]) * stride
        boxes.append(from_center(center, np.exp(code[:, 2:]) * stride))
        scores.append(np.sqrt(out[f"cls_{stride}"][0, :, 0] * out[f"obj_{stride}"][0, :, 0]))
    return np.concatenate(boxes), np.concatenate(scores)


def centerface(out, width, height):
    heat, scale, offset = (out[name][0] for name in ("537", "538", "539"))
    cells = grid(width, height, 4)
    size = np.stack([np.exp(scale[1]).ravel(), np.exp(scale[0]).ravel()], 1) * 4
    shift = np.stack([offset[1].ravel(), offset[0].ravel()], 1)
    return from_center((cells + shift + 0.5) * 4, size), heat.ravel()


def priors(width, height, levels, cells):
    rows = []
    for (stride, sides), (columns, lines) in zip(levels, cells, strict=True):
        for line in range(lines):
            for column in range(columns):
                rows += [((column + 0.5) * stride, (line + 0.5) * stride, s) for s in sides]
    return np.array(rows, np.float32)


def retinaface(out, width, height):
    levels = [(8, (16, 32)), (16, (64, 128)), (32, (256, 512))]
    p = priors(width, height, levels, [(-(-width // s), -(-height // s)) for s, _ in levels])
    loc = out["loc"][0]
    center = p[:, :2] + loc[:, :2] * 0.1 * p[:, 2:]
    return from_center(center, p[:, 2:] * np.exp(loc[:, 2:] * 0.2)), out["conf"][0, :, 1]


def lpd_yunet(out, width, height):
    levels = [(8, (10, 16, 24)), (16, (32, 48)), (32, (64, 96)), (64, (128, 192, 256))]
    first = [int(int((side + 1) / 2) / 2) for side in (width, height)]
    cells = []
    for _ in levels:
        first = [int(side / 2) for side in first]
        cells.append(tuple(first))
    p = priors(width, height, levels, cells)
    loc = out["loc"]
    points = [p[:, :2] + loc[:, i:i + 2] * 0.1 * p[:, 2:] for i in (4, 6, 10, 12)]
    box = from_center(p[:, :2] + loc[:, :2] * 0.1 * p[:, 2:], p[:, 2:] * np.exp(loc[:, 2:4] * 0.2))
    points += [box[:, :2], box[:, 2:]]
    boxes = np.concatenate([np.minimum.reduce(points), np.maximum.reduce(points)], 1)
    conf, iou = np.clip(out["conf"][:, 1], 0, 1), np.clip(out["iou"][:, 0], 0, 1)
    return boxes, np.sqrt(conf * iou)


def boxes_of_rows(rows, width, height):
    cells = np.concatenate([
        np.concatenate([grid(width, height, s), np.full((width // s * (height // s), 1), s)], 1)
        for s in (8, 16, 32)])
    center = (rows[:, :2] + cells[:, :2]) * cells[:, 2:]
    return from_center(center, np.exp(rows[:, 2:4]) * cells[:, 2:])


def one_score(out, width, height):
    """Models of `models/training/derive.py`: the first score is that of a face or of a screen."""
    rows = out["rows"][0]
    return boxes_of_rows(rows, width, height), rows[:, 4]


def yolox(out, width, height):
    rows = out["output"][0]
    # tv, laptop and cell phone of COCO's 80 classes
    scores = rows[:, 4] * rows[:, [5 + 62, 5 + 63, 5 + 67]].max(1)
    return boxes_of_rows(rows, width, height), scores


def plate_screen(out, width, height):
    rows = out["output"][0]
    return boxes_of_rows(rows, width, height), rows[:, 4:6].max(1)


def best_boxes(boxes, scores, threshold, overlap):
    kept = []
    for i in np.argsort(-scores, kind="stable"):
        if scores[i] < threshold:
            break
        a = boxes[i]
        for j in kept:
            b = boxes[j]
            w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
            common = max(w, 0) * max(h, 0)
            areas = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
            if common / (areas - common) > overlap:
                break
        else:
            kept.append(i)
    return kept


# Card: decoder, channel order, mean, padding, threshold, overlap.
MODELS = {
    "yunet-n": (yunet, "BGR", (0, 0, 0), 0, 0.5, 0.45),
    "faces": (one_score, "BGR", (0, 0, 0), 0, 0.5, 0.45),
    "centerface": (centerface, "RGB", (0, 0, 0), 0, 0.5, 0.3),
    "retinaface-mnet025": (retinaface, "BGR", (104, 117, 123), 0, 0.5, 0.45),
    "lpd-yunet": (lpd_yunet, "BGR", (0, 0, 0), 0, 0.5, 0.3),
    "objects": (one_score, "BGR", (0, 0, 0), 114, 0.2, 0.5),
    "yolox-nano": (yolox, "BGR", (0, 0, 0), 114, 0.2, 0.5),
    "plate-screen": (plate_screen, "BGR", (0, 0, 0), 114, 0.3, 0.45),
}
FACES = ("yunet-n", "faces", "centerface", "retinaface-mnet025")

# Name: the picture's source, and the models that run on it. The portrait has full-range planes;
# frames of the demo clip (number, reduction, rectangle) have limited range.
PICTURES = {
    "face": ("portrait", FACES),
    "plate": ((200, 1, (944, 464, 320, 192)), ("lpd-yunet", "plate-screen")),
    "screen": ((0, 2, (40, 60, 320, 256)), ("objects", "yolox-nano", "plate-screen")),
}


def session(path):
    import onnx
    model = onnx.load(path)
    weights = {weight.name for weight in model.graph.initializer}
    inputs = [i for i in model.graph.input if i.name not in weights]
    for value in inputs:
        dims = value.type.tensor_type.shape.dim
        dims[0].dim_value = 1
        dims[2].dim_param, dims[3].dim_param = "height", "width"
    for value in model.graph.output:
        value.type.tensor_type.ClearField("shape")
    del model.graph.value_info[:]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    return onnxruntime.InferenceSession(model.SerializeToString(),
                                        providers=["CPUExecutionProvider"])


def detect(path, planes, full_range, name):
    decode, order, mean, pad, threshold, overlap = MODELS[name]
    run = session(path)
    tensor = model_input(planes, full_range, order, mean, pad)
    values = run.run(None, {run.get_inputs()[0].name: tensor})
    out = dict(zip((o.name for o in run.get_outputs()), values, strict=True))
    height, width = tensor.shape[2:]
    boxes, scores = decode(out, width, height)
    kept = best_boxes(boxes, scores, threshold, overlap)
    return [{"box": [round(float(v), 2) for v in boxes[i]], "score": round(float(scores[i]), 4)}
            for i in kept]


def speech(path, clip):
    """Spans with speech in three seconds of the demo clip's sound, stored as speech.wav.

    A span opens at a step of 0.5 or more and lasts to the last step of 0.35 or more that no pause
    above 300 ms comes before; spans of 96 ms or more count, with 200 ms added at both ends.
    """
    command = ["ffmpeg", "-v", "error", "-y", "-ss", "1", "-t", "3", "-i", clip, "-map", "0:a:0",
               "-ar", "16000", "-ac", "1", "-bitexact", "-map_metadata", "-1",
               "-c:a", "pcm_s16le", str(HERE / "speech.wav")]
    subprocess.run(command, check=True)
    raw = (HERE / "speech.wav").read_bytes()[44:]
    sound = np.frombuffer(raw, "<i2").astype(np.float32) / 32768
    run = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    steps = -(-len(sound) // 512)
    sound = np.concatenate([np.zeros(64, np.float32), sound,
                            np.zeros(steps * 512 - len(sound), np.float32)])
    state, probabilities = np.zeros((2, 1, 128), np.float32), []
    for step in range(steps):
        window = sound[None, step * 512:step * 512 + 576]
        value, state = run.run(None, {"input": window, "state": state,
                                      "sr": np.array(16000, np.int64)})
        probabilities.append(float(value[0, 0]))
    spans, start, end = [], None, None
    for step, value in enumerate(probabilities + [0.0] * 20):
        if start is None:
            if value >= 0.5:
                start, end = step, step + 1
        elif value >= 0.35:
            end = step + 1
        elif (step + 1 - end) * 32 > 300:
            if (end - start) * 32 >= 96:
                spans.append([start * 32 - 200, end * 32 + 200])
            start = None
    joined = []
    for span in spans:
        if joined and span[0] <= joined[-1][1]:
            joined[-1][1] = span[1]
        else:
            joined.append(span)
    return {"spans_millis": joined}


def main(models, clip):
    import tomllib
    from skimage import data
    golden = []
    for picture, (origin, names) in PICTURES.items():
        full_range = origin == "portrait"
        if full_range:
            planes = planes_from_rgb(data.astronaut()[0:224, 128:352])
        else:
            planes = planes_from_video(clip, *origin)
        packed = np.concatenate([planes[0], np.concatenate([planes[1], planes[2]], 1)], 0)
        Image.fromarray(packed).save(HERE / f"{picture}.png", optimize=True)
        for name in names:
            # The sources of derived models have their cards and weights in models/training.
            folder = next(folder for folder in (Path(models), Path(models) / "training")
                          if (folder / f"{name}.toml").exists())
            card = tomllib.loads((folder / f"{name}.toml").read_text())
            golden.append({
                "picture": picture,
                "sha256": hashlib.sha256(packed.tobytes()).hexdigest(),
                "full_range": full_range,
                "model": name,
                "threshold": MODELS[name][4],
                "detections": detect(folder / card["file"], planes, full_range, name),
            })
    card = tomllib.loads((Path(models) / "silero-vad.toml").read_text())
    heard = speech(Path(models) / card["file"], clip)
    (HERE / "speech.json").write_text(json.dumps(heard) + "\n")
    (HERE / "golden.json").write_text(json.dumps(golden, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
