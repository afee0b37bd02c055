//! `redact queue`: lists and manages the queue; and how other verbs reach it.

mod place;
mod submit;
mod table;

use std::path::Path;

use anyhow::{Context as _, Result};
use redact_queue::{
    Client, Database, JobId, JobKind, SCHEMA_VERSION, SourceFile, grant_sql, grant_worker,
};
use redact_release::chunks::ChunkPlan;
use redact_release::names::folder_of;

use crate::args::{GlobalArgs, QueueArgs, QueueCommand, QueuePlaceArgs};
use crate::outcome::Outcome;
use crate::terminal::say;

use place::access;
pub(crate) use place::{block_on, database, interrupted, own_pool, store};
pub(crate) use submit::{ChunkJob, Submitter};

/// Lists, shows, cancels, retries, migrates, grants.
///
/// # Errors
/// When the queue cannot be reached, or has no such job.
pub(crate) fn queue(args: &QueueArgs, global: &GlobalArgs) -> Result<Outcome> {
    if let Some(QueueCommand::Submit {
        plan,
        store,
        models,
    }) = &args.command
    {
        let place = QueuePlaceArgs {
            address: args.address.clone(),
            store: store.clone(),
        };
        return submit_plan(
            plan,
            &Submitter::new(&place, models.as_deref(), global.quiet),
            global,
        );
    }
    block_on(run(args, global))??;
    Ok(Outcome::Done)
}

/// Has the tasks of a plan done, beside the plan.
fn submit_plan(path: &Path, submitter: &Submitter<'_>, global: &GlobalArgs) -> Result<Outcome> {
    let (plan, _) = ChunkPlan::read(path)?;
    let kind = match plan.work.name() {
        "scan" => JobKind::Scan,
        _ => JobKind::Render,
    };
    let job = ChunkJob {
        kind,
        plan: &std::fs::read(path).with_context(|| path.display().to_string())?,
        tasks: plan.tasks(),
        source: SourceFile {
            path: plan.source.path.clone(),
            sha256: plan.source.sha256.0,
            bytes: plan.source.bytes,
        },
    };
    let id = submitter.do_job(&job, &folder_of(path))?;
    done(global, id.0, &format!("{} tasks done", job.tasks));
    Ok(Outcome::Done)
}

async fn run(args: &QueueArgs, global: &GlobalArgs) -> Result<()> {
    match &args.command {
        Some(QueueCommand::Migrate) => return migrate(args, global).await,
        Some(QueueCommand::Grant { role, print: true }) => {
            for statement in grant_sql(role)? {
                say(&format!("{statement};"));
            }
            return Ok(());
        }
        _ => {}
    }
    let database = database(&args.address, 2).await?;
    match &args.command {
        None => list(&database, args.all, global).await,
        Some(QueueCommand::Show { job }) => show(&database, JobId(*job), global).await,
        Some(QueueCommand::Cancel { job }) => {
            database.cancel(JobId(*job)).await?;
            done(global, *job, "cancelled");
            Ok(())
        }
        Some(QueueCommand::Retry { job }) => {
            let chunks = database.retry_job(JobId(*job)).await?;
            done(global, *job, &format!("{chunks} chunks queued again"));
            Ok(())
        }
        Some(QueueCommand::Grant { role, .. }) => {
            grant_worker(&database, role).await?;
            match global.json {
                true => say(&serde_json::json!({ "role": role }).to_string()),
                false => say(&format!("{role} now has the rights of a worker")),
            }
            Ok(())
        }
        Some(QueueCommand::Clean { days, store: place }) => {
            let place = QueuePlaceArgs {
                address: args.address.clone(),
                store: place.clone(),
            };
            let cleaned = Client::new(database, store(&place)?).clean(*days).await?;
            match global.json {
                true => say(&serde_json::to_string(&cleaned)?),
                false => say(&format!(
                    "removed: {} jobs and {} files",
                    cleaned.jobs, cleaned.files
                )),
            }
            Ok(())
        }
        // Done above: before the schema is checked, or with a store.
        Some(QueueCommand::Migrate | QueueCommand::Submit { .. }) => Ok(()),
    }
}

fn done(global: &GlobalArgs, job: i64, what: &str) {
    match global.json {
        true => say(&serde_json::json!({ "job": job, "done": what }).to_string()),
        false => say(&format!("job {job}: {what}")),
    }
}

async fn migrate(args: &QueueArgs, global: &GlobalArgs) -> Result<()> {
    let address = crate::paths::queue_address(args.address.queue.as_deref())?;
    let (database, from) = Database::migrate(&address, access(&args.address)).await?;
    let place = database.place();
    match global.json {
        true => {
            let document = serde_json::json!({
                "queue": place, "from": from, "schema": SCHEMA_VERSION,
            });
            say(&document.to_string());
        }
        false if from == SCHEMA_VERSION => {
            say(&format!(
                "{place}: schema version {SCHEMA_VERSION} is current"
            ));
        }
        false => say(&format!(
            "{place}: schema migrated from version {from} to {SCHEMA_VERSION}"
        )),
    }
    Ok(())
}

async fn list(database: &Database, all: bool, global: &GlobalArgs) -> Result<()> {
    let jobs = database.jobs(all).await?;
    let workers = database.workers(all).await?;
    if global.json {
        let document = serde_json::json!({ "jobs": jobs, "workers": workers });
        say(&document.to_string());
        return Ok(());
    }
    table::jobs(&jobs);
    table::workers(&workers);
    Ok(())
}

async fn show(database: &Database, id: JobId, global: &GlobalArgs) -> Result<()> {
    let job = database.job(id).await?;
    let chunks = database.chunks(id).await?;
    let alarms = database.alarms(id).await?;
    if global.json {
        let document = serde_json::json!({ "job": job, "chunks": chunks, "alarms": alarms });
        say(&document.to_string());
        return Ok(());
    }
    table::jobs(std::slice::from_ref(&job));
    table::chunks(&chunks);
    table::alarms(&alarms);
    Ok(())
}
