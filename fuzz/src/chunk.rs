//! Chunk plans and the outputs of tasks, which come from other machines.

use redact_record::findings;
use redact_release::chunks::{ChunkContent, ChunkOutput, ChunkPlan, ChunkWork};

use crate::ignore;

/// Tasks of a plan that are looked up, at most.
const TASKS: u32 = 1000;

/// A chunk plan, or the output of a task: a byte that chooses, the file.
///
/// # Panics
/// Where a plan that was read is another one after it was written, or does not have the tasks that
/// it counts.
pub fn chunks(data: &[u8]) {
    let Some((choice, file)) = data.split_first() else {
        return;
    };
    if choice & 1 == 0 {
        plan(file);
    } else if let Ok(output) = ChunkOutput::from_bytes(file) {
        match output.content {
            ChunkContent::Whole { findings } | ChunkContent::Sound { findings } => {
                ignore(findings::from_bytes(findings.as_bytes()));
            }
            ChunkContent::Pictures(pictures) => {
                for place in 0..pictures.frames.len() {
                    ignore(pictures.frame(u32::MAX - 1, place));
                    ignore(pictures.frame(0, place));
                }
            }
        }
    }
}

fn plan(file: &[u8]) {
    let Ok(plan) = ChunkPlan::from_bytes(file) else {
        return;
    };
    let bytes = plan.to_bytes().expect("a plan that was read is written");
    let again = ChunkPlan::from_bytes(&bytes).expect("a plan that was written is read");
    assert_eq!(plan, again);
    let tasks = plan.tasks();
    let has = |task: u32| match &plan.work {
        ChunkWork::Scan(scan) => scan.task(task).is_some(),
        ChunkWork::Render(division) => division.runs(task).is_some(),
    };
    assert!((0..tasks.min(TASKS)).all(has));
    assert!(!has(tasks));
}
