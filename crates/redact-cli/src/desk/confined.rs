//! The desk's tasks that only read a recording or its proxy: each in a confined process.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use redact_desk::recording_files::{FINDINGS, MEDIA, MOMENTS, PROXY, THUMBNAILS, TIMELINE};
use redact_desk::{PicturesTask, Task, TaskError, TaskOutcome, Watch};
use redact_release::files::check_recording;
use redact_release::names::folder_of;
use redact_release::ports::{Access, Listener};

use super::remedy::remedy;
use super::spec::{CLIP, PICTURE, Spec};
use crate::args::GlobalArgs;
use crate::jail::{Process, WorkKind, staging};
use crate::{failure, limits};

/// Does one task; gives what the page receives of it.
///
/// # Errors
/// What the task reported, or that it is another kind of task.
pub(super) fn run(
    task: &Task,
    global: &GlobalArgs,
    watch: &dyn Watch,
) -> Result<TaskOutcome, TaskError> {
    attempt(task, global, watch).map_err(|error| TaskError {
        message: format!("{error:#}"),
        hint: failure::hint(&error),
        remedy: failure::remedy(&error).map(remedy),
    })
}

/// Passes progress on to the desk.
struct DeskListener<'a> {
    watch: &'a dyn Watch,
    /// Where a run of pictures is written, and where each belongs once it is complete.
    pictures: Option<(PathBuf, PathBuf)>,
}

impl Listener for DeskListener<'_> {
    fn progress(&self, phase: &str, done: u64, total: Option<u64>) -> ControlFlow<()> {
        if let Some((made, wanted)) = &self.pictures
            && phase == PicturesTask::PHASE
            && let Ok(frame) = u32::try_from(done)
        {
            // What is not there is not shown.
            let place = |folder: &Path| PicturesTask::path(folder, frame);
            put(&place(made), &place(wanted)).ok();
        }
        self.watch.advance(phase, done, total)
    }
}

fn attempt(task: &Task, global: &GlobalArgs, watch: &dyn Watch) -> Result<TaskOutcome> {
    let threads = limits::threads(global.threads);
    let proxy = |folder: &Path| vec![folder.join(PROXY), folder.join(TIMELINE)];
    let (read, beside) = match task {
        Task::Prepare { clip, folder, .. } => {
            check_recording(clip)?;
            (vec![clip.clone()], Some(folder.clone()))
        }
        Task::Thumbnails { folder } => {
            let mut read = proxy(folder);
            read.push(folder.join(FINDINGS));
            (read, Some(folder.clone()))
        }
        Task::Follow(task) => (proxy(&task.folder), None),
        Task::Picture {
            folder, picture, ..
        } => (proxy(folder), Some(folder_of(picture))),
        Task::Pictures(task) => (proxy(&task.folder), Some(task.pictures.clone())),
        Task::Preview(task) => (proxy(&task.folder), Some(folder_of(&task.clip))),
        _ => anyhow::bail!("this program does not know the task"),
    };
    let own = beside.map(|folder| staging(&folder)).transpose()?;
    let output = own.as_ref().map(|folder| folder.path().to_owned());
    let spec = spec(task, output.clone().unwrap_or_default(), threads)?;
    let access = Access {
        read,
        folders: output.iter().cloned().collect(),
        ..Access::default()
    };
    let worker = Process::of_server(global);
    let listener = DeskListener {
        watch,
        pictures: match task {
            Task::Pictures(task) => output.clone().zip(Some(task.pictures.clone())),
            _ => None,
        },
    };
    let (value, _) = worker.run_work(WorkKind::Desk, &spec, &access, &listener)?;
    if let Some(output) = output {
        take_over(task, &output)?;
    }
    Ok(match task {
        Task::Follow(_) => {
            let followed = serde_json::from_value(value);
            TaskOutcome::Followed(followed.context("the job gave an unreadable result")?)
        }
        _ => TaskOutcome::Done,
    })
}

/// The task for the confined process.
fn spec(task: &Task, output: PathBuf, threads: usize) -> Result<Spec> {
    Ok(match task {
        Task::Prepare { clip, options, .. } => Spec::Prepare {
            clip: clip.clone(),
            options: *options,
            output,
            threads,
        },
        Task::Thumbnails { folder } => Spec::Thumbnails {
            folder: folder.clone(),
            output,
            threads,
        },
        Task::Follow(task) => Spec::Follow {
            folder: task.folder.clone(),
            frame: task.frame,
            rect: task.rect.sides(),
            back: task.back,
            forward: task.forward,
            frames_max: task.frames_max,
            threads,
        },
        Task::Picture {
            folder,
            frame,
            width,
            redactions,
            ..
        } => Spec::Picture {
            folder: folder.clone(),
            frame: *frame,
            width: *width,
            redactions: redactions.into(),
            output,
        },
        Task::Pictures(task) => Spec::Pictures {
            folder: task.folder.clone(),
            first: task.first,
            frames: task.frames.clone(),
            width: task.width,
            redactions: (&task.redactions).into(),
            output,
        },
        Task::Preview(task) => Spec::Preview {
            folder: task.folder.clone(),
            start: task.start,
            end: task.end,
            redactions: (&task.redactions).into(),
            output,
            threads,
        },
        _ => anyhow::bail!("this program does not know the task"),
    })
}

/// Moves what a process wrote to its place.
fn take_over(task: &Task, output: &Path) -> Result<()> {
    match task {
        Task::Prepare { folder, .. } => {
            let waveforms = names(output)?;
            let waveforms = waveforms
                .iter()
                .filter(|name| name.starts_with("waveform-"));
            for name in [PROXY, TIMELINE]
                .into_iter()
                .chain(waveforms.map(String::as_str))
            {
                put(&output.join(name), &folder.join(name))?;
            }
            // The desk takes its presence for all of them.
            put(&output.join(MEDIA), &folder.join(MEDIA))
        }
        Task::Thumbnails { folder } => {
            let pictures = folder.join(THUMBNAILS);
            std::fs::create_dir_all(&pictures).context("cannot make a folder")?;
            let drawn = output.join(THUMBNAILS);
            for name in names(&drawn)? {
                put(&drawn.join(&name), &pictures.join(&name))?;
            }
            put(&output.join(MOMENTS), &folder.join(MOMENTS))
        }
        Task::Picture { picture, .. } => put(&output.join(PICTURE), picture),
        Task::Preview(task) => put(&output.join(CLIP), &task.clip),
        _ => Ok(()),
    }
}

fn names(folder: &Path) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(folder).context("cannot read what the job wrote")?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    Ok(names.collect())
}

/// Moves a plain file; anything else is not what a job writes.
fn put(from: &Path, to: &Path) -> Result<()> {
    let what = || {
        let name = to.file_name().unwrap_or_default().to_string_lossy();
        format!("cannot take over {name}")
    };
    let kind = std::fs::symlink_metadata(from).with_context(what)?;
    if !kind.is_file() {
        anyhow::bail!("{}: not a plain file", what());
    }
    std::fs::rename(from, to).with_context(what)
}
