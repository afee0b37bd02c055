//! Following what a person pointed at through the proxy, both ways.

use std::path::Path;

use anyhow::Result;
use redact_core::NormRect;
use redact_engine::{Follower, Step};
use serde_json::{Value, json};

use super::proxy::{KEY_FRAMES, Proxy};
use crate::progress;

/// Toward where, and how far.
pub(super) struct Ways {
    pub(super) back: bool,
    pub(super) forward: bool,
    pub(super) frames_max: u32,
}

/// A row of a path: frame and sides.
type KeyRow = (u32, f32, f32, f32, f32);

fn row(frame: u32, rect: NormRect) -> KeyRow {
    let [x_min, y_min, x_max, y_max] = rect.sides();
    (frame, x_min, y_min, x_max, y_max)
}

/// Follows what is in `rect` at `frame`; gives where it is in every frame that was reached.
///
/// # Errors
/// When the proxy cannot be read.
pub(super) fn follow(
    folder: &Path,
    frame: u32,
    rect: NormRect,
    ways: Ways,
    threads: usize,
) -> Result<Value> {
    let mut proxy = Proxy::open(folder, false, threads)?;
    let frames = proxy.frames();
    let start = proxy.frame(frame)?;
    let mut path = vec![row(frame, rect)];
    let total = u64::from(ways.frames_max) * (u64::from(ways.back) + u64::from(ways.forward));
    let mut forward = None;
    if ways.forward {
        let mut follower = Follower::new(&start.picture, rect);
        let end = frames.min(frame.saturating_add(ways.frames_max + 1));
        let mut stop = if end == frames { "end" } else { "limit" };
        for next in frame + 1..end {
            check(path.len(), total)?;
            match follower.step(&proxy.frame(next)?.picture) {
                Step::At(rect) => path.push(row(next, rect)),
                Step::Lost => {
                    stop = "lost";
                    break;
                }
                Step::Cut => {
                    stop = "cut";
                    break;
                }
            }
        }
        forward = Some(stop);
    }
    let mut back = None;
    if ways.back {
        let follower = Follower::new(&start.picture, rect);
        let first = frame.saturating_sub(ways.frames_max);
        let (found, stop) = backward(&mut proxy, follower, first, frame, path.len(), total)?;
        path.splice(0..0, found.into_iter().rev());
        back = Some(stop);
    }
    let (first, last) = (path[0].0, path[path.len() - 1].0);
    Ok(json!({
        "start": first, "end": last + 1, "path": path,
        "stopped": { "back": back, "forward": forward },
    }))
}

/// Frames come forwards alone: they are read a few at a time and taken from the last.
fn backward(
    proxy: &mut Proxy,
    mut follower: Follower,
    first: u32,
    frame: u32,
    done: usize,
    total: u64,
) -> Result<(Vec<KeyRow>, &'static str)> {
    let mut path = Vec::new();
    let mut end = frame;
    while end > first {
        let start = ((end - 1) / KEY_FRAMES * KEY_FRAMES).max(first);
        let group = (start..end).map(|at| proxy.frame(at));
        let group = group.collect::<Result<Vec<_>>>()?;
        for shown in group.iter().rev() {
            check(done + path.len(), total)?;
            match follower.step(&shown.picture) {
                Step::At(rect) => path.push(row(shown.index.get(), rect)),
                Step::Lost => return Ok((path, "lost")),
                Step::Cut => return Ok((path, "cut")),
            }
        }
        end = start;
    }
    Ok((path, if first == 0 { "end" } else { "limit" }))
}

fn check(done: usize, total: u64) -> Result<()> {
    progress::check_interrupted()?;
    if done.is_multiple_of(16) {
        progress::report("follow", done as u64, Some(total));
    }
    Ok(())
}
