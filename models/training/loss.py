"""Which cell answers for which box, and how wrong it is.

Each box is given to the few cells near its middle whose answer fits best (score times overlap, as
in task-aligned assignment), with a prior for cells near the middle on the level that suits the
box's size, which decides while the net knows nothing yet. The score that a cell learns is the
overlap of its box: a well-placed box wins over its neighbours.
"""

import torch
from torch.nn import functional

import net as detector

# Cells per box.
TOP = 9
# How much more a cell counts where the first net is sure of a screen.
KEPT = 10.0
# A box of this many strides across suits a level.
SUITED = 4.0


def overlap(a, b):
    """Intersection over union and the CIoU penalty of boxes that broadcast, each [..]."""
    low = torch.maximum(a[..., :2], b[..., :2])
    high = torch.minimum(a[..., 2:], b[..., 2:])
    inner = (high - low).clamp(min=0).prod(-1)
    size_a, size_b = a[..., 2:] - a[..., :2], b[..., 2:] - b[..., :2]
    iou = inner / (size_a.prod(-1) + size_b.prod(-1) - inner + 1e-6)
    hull = torch.maximum(a[..., 2:], b[..., 2:]) - torch.minimum(a[..., :2], b[..., :2])
    apart = (a[..., :2] + a[..., 2:] - b[..., :2] - b[..., 2:]).pow(2).sum(-1) / 4
    angle = torch.atan(size_a[..., 0] / size_a[..., 1].clamp(min=1e-3)) - torch.atan(
        size_b[..., 0] / size_b[..., 1].clamp(min=1e-3)
    )
    shape = 0.405 * angle.pow(2)
    weight = (shape / (1 - iou + shape + 1e-6)).detach()
    return iou, apart / (hull.pow(2).sum(-1) + 1e-6) + weight * shape


@torch.no_grad()
def assign(boxes, scores, truth, classes, middles, strides):
    """Gives boxes to cells.

    boxes [B, N, 4] and scores [B, N, C] of the net; truth [B, G, 4], classes [B, G] (0.. a class,
    -1 nothing, -2 leave alone). Returns for each cell the box [B, N, 4], the class scores to learn
    [B, N, C], and whether it counts [B, N].
    """
    real = classes >= 0
    size = truth[..., 2:] - truth[..., :2]
    center = (truth[..., 2:] + truth[..., :2]) / 2
    reach = torch.maximum(size[:, :, None] / 2, 0.75 * strides)
    offset = (middles - center[:, :, None]).abs()
    near = (offset < reach).all(-1) & real[..., None]
    iou = overlap(boxes[:, None], truth[:, :, None])[0]
    of_class = scores.transpose(1, 2).gather(
        1, classes.clamp(min=0)[..., None].expand(-1, -1, scores.shape[1])
    )
    level = torch.log2(size.prod(-1).clamp(min=1).sqrt()[..., None] / (SUITED * strides[:, 0]))
    prior = torch.exp(-(offset / (reach + strides)).pow(2).sum(-1) - 0.35 * level.pow(2))
    fit = of_class.sqrt() * (iou.pow(3) + 1e-3) * prior * near
    best, cells = fit.topk(TOP, 2)
    chosen = torch.zeros_like(fit).scatter_(2, cells, (best > 0).float())
    fit = fit * chosen
    # A cell that several boxes want goes to the one it overlaps most.
    owner = (iou * chosen).masked_fill(chosen == 0, -1).argmax(1)
    mine = functional.one_hot(owner, truth.shape[1]).transpose(1, 2) * chosen
    fit, iou = fit * mine, iou * mine
    learned = fit / (fit.amax(2, keepdim=True) + 1e-9) * iou.amax(2, keepdim=True).clamp(min=0.1)
    value = learned.amax(1)
    taken = mine.sum(1) > 0
    box = truth.gather(1, owner[..., None].expand(-1, -1, 4))
    kind = classes.gather(1, owner).clamp(min=0)
    target = functional.one_hot(kind, scores.shape[2]) * (value * taken)[..., None]
    inside = ((middles >= truth[:, :, None, :2]) & (middles <= truth[:, :, None, 2:])).all(-1)
    alone = (inside & (classes == -2)[..., None]).any(1) & ~taken
    return box, target, ~alone


def loss(output, taught, truth, classes, side):
    """The loss of `output` [B, N, 6] on square inputs of `side` pixels.

    `taught` [B, N, 6] is what the net that training began with says of the same pictures, before
    they were spoiled. It knows real screens, of which none is marked: its screens are to be kept,
    except where a plate claims a cell.
    """
    corners, strides = detector.grid(side, side, output.device)
    output, taught = output.float(), taught.float()
    boxes = detector.decode(output[..., :4], corners, strides)
    logits = output[..., 4:]
    scores = logits.detach().sigmoid()
    middles = corners + strides / 2
    box, target, counts = assign(boxes, scores, truth, classes, middles, strides)
    claimed = target.amax(-1) > 0
    known = taught[..., 5].sigmoid() * ~claimed
    total = target.sum().clamp(min=8.0)
    wrong = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")[..., 0]
    # Easy emptiness is nearly everything there is: it counts less.
    ease = torch.where(target[..., 0] > 0, 1.0, scores[..., 0].pow(1.5))
    score = (wrong * ease * counts).sum() / total
    # Of screens nothing is easy: the net begins with the answers that it is to keep. They are few,
    # so that they need a weight of their own.
    shown = known.sum().clamp(min=4.0)
    screen = functional.binary_cross_entropy_with_logits(logits[..., 1], known, reduction="none")
    score = score + (screen * (1 + KEPT * known) * counts).sum() / shown
    weight = target.amax(-1) * claimed
    where = weight > 0
    iou, penalty = overlap(boxes[where], box[where])
    place = ((1 - iou + penalty) * weight[where]).sum() / total
    step = strides.expand_as(weight[..., None])[where]
    size = (box[..., 2:] - box[..., :2])[where]
    code = torch.cat([
        ((box[..., 2:] + box[..., :2])[where] / 2 - corners.expand_as(box[..., :2])[where]) / step,
        (size / step).clamp(min=1e-2).log(),
    ], -1)
    exact = functional.smooth_l1_loss(output[..., :4][where], code, reduction="none", beta=0.2)
    exact = (exact.sum(-1) * weight[where]).sum() / total
    alike = functional.smooth_l1_loss(output[..., :4], taught[..., :4], reduction="none", beta=0.2)
    alike = (alike.sum(-1) * known * (known > 0.1)).sum() / shown
    return 1.5 * score + 2.5 * place + 0.5 * (exact + alike)
