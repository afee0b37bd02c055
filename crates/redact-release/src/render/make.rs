//! The caller's side of a render: it digests, signs, records and names.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use redact_core::{Digest, Progress};
use redact_jail::JailLevel;
use redact_record::events::{Act, EventDraft};
use redact_record::manifest::{Hex, Manifests};
use redact_record::sign::Signed;
use redact_record::{FileBinding, ReleasePaths, plan, release_paths};

use super::excerpt::ExcerptRequest;
use super::job::{MadeRelease, ReleaseJob};
use super::manifests::ManifestFacts;
use super::result::RenderResult;
use super::work::RenderWork;
use crate::chunks::render::AcceptedSegments;
use crate::error::{Context as _, ReleaseError, Result};
use crate::events::describe_jail;
use crate::files::{bind, both, digest, read_beside};
use crate::outputs::{Outputs, Partial};
use crate::ports::{
    Access, CacheRequest, Events, JobKind, Listener, Ports, ProgressListener, job as job_text,
};
use crate::segment_cache::{exchange_in, write_segment};
use crate::transcript::TranscriptForm;

/// Lets a confined worker render and check, then signs and gives the release its name.
///
/// The event log has the render before the manifest is made, so that the manifest can name that
/// entry, and the export before anything has its final name.
///
/// # Errors
/// The first cause; nothing then has the release's name once `outputs` are dropped.
pub fn make_release(
    job: &ReleaseJob<'_>,
    ports: &Ports<'_>,
    events: &mut dyn Events,
    outputs: &mut Outputs,
) -> Result<MadeRelease> {
    let partial = outputs.partial(job.release)?;
    let supplied = job.supplied.map(|supplied| supplied.accept(job.settings()));
    let supplied = supplied.transpose()?;
    let rendered = render(job, &partial, supplied.as_ref(), ports);
    let blame = |error| match &supplied {
        Some(supplied) => supplied.blame(job.release, error),
        None => error,
    };
    let (before, (rendered, level)) = rendered.map_err(blame)?;
    let segments = supplied.as_ref().map(AcceptedSegments::used);
    if let Some(check) = rendered.first_failure() {
        return Err(ReleaseError::AuditFailed { check }).in_file(job.release);
    }
    // Nothing writes to it any more: what is digested here is what is signed.
    let (after, binding) = both(
        || digest(job.clip, ports.progress),
        || bind(partial.path(), ports.progress),
    );
    let ((after, _), binding) = (after?, binding.in_file(job.release)?);
    let coding = rendered.coding().in_file(job.release)?;
    let release = binding.sha256;
    events.begin(event(job, Act::Render, release));
    describe_jail(events.draft(), level);
    let events_head = events.succeeded()?;
    events.begin(event(job, Act::Export, release));
    let facts = ManifestFacts {
        events_head,
        before,
        after,
        binding,
        clock: rendered.clock(),
        rendered: &rendered,
        level,
        coding: &coding,
        segments: segments.as_ref(),
    };
    let manifests = facts
        .manifests(job, ports.clock.now())
        .in_file(job.release)?;
    let paths = release_paths(job.release);
    let mut files = write_records(job, &manifests, &paths, outputs, ports).in_file(job.release)?;
    describe_export(events.draft(), &manifests);
    events.succeeded()?;
    if manifests.captions.is_none() {
        outputs.remove(&paths.captions).in_file(job.release)?;
    }
    // Transcripts of a release that is replaced may have words that are muted now.
    for form in TranscriptForm::ALL {
        let transcript = form.beside(job.release);
        outputs.remove(&transcript).in_file(job.release)?;
    }
    files.push((partial, job.release, release));
    outputs.place(files).in_file(job.release)?;
    Ok(MadeRelease {
        paths,
        render: rendered,
        coding,
        manifest: manifests.public,
        key: job.key.public().id(),
        segments,
        covered: plan::covered_tracks(job.plan.plan()),
    })
}

/// The recording's digests, and what the worker reports of the file that it wrote.
fn render(
    job: &ReleaseJob<'_>,
    partial: &Partial,
    supplied: Option<&AcceptedSegments<'_>>,
    ports: &Ports<'_>,
) -> Result<(FileBinding, (RenderResult, JailLevel))> {
    // Segments are cached for whole recordings, whose frames have other numbers.
    let cache = job.cache.filter(|_| job.excerpt.is_none());
    let exchange = match (cache, supplied) {
        (Some(cache), _) => Some(cache.exchange()?),
        (None, Some(supplied)) => Some(exchange_in(supplied.folder())?),
        (None, None) => None,
    };
    let segments = exchange.as_ref().map(|folder| folder.path().to_owned());
    let work = RenderWork {
        clip: job.clip.to_owned(),
        partial: partial.path().to_owned(),
        release: job.release.to_owned(),
        plan: String::from_utf8_lossy(&plan::to_bytes(job.plan.plan())).into_owned(),
        source: Hex(job.plan.plan().source.digest),
        preset: job.encoding.preset,
        crf: job.crf(),
        spans: job.excerpt.map(spans).unwrap_or_default(),
        reencode: job.encoding.reencode,
        threads: ports.threads,
        second_look: job.second_look.cloned(),
        accept_detected: job.accept_detected,
        segments: segments.clone(),
    };
    let access = Access {
        read: vec![job.clip.to_owned()],
        write: vec![partial.path().to_owned()],
        folders: segments.iter().cloned().collect(),
        models: job.second_look.cloned(),
    };
    let listener = RenderListener {
        job,
        supplied,
        progress: ports.progress,
        exchange: segments,
    };
    let text = job_text(JobKind::Render, &work)?;
    let bound = job.bound.clone();
    let bind = |advance: redact_record::Advance<'_>| match bound {
        Some(bound) => Ok(bound),
        None => FileBinding::of_file(job.clip, advance).in_file(job.clip),
    };
    read_beside(ports.progress, bind, || {
        let (rendered, level) = ports.worker.run(text, &access, &listener)?;
        Ok((serde_json::from_value(rendered)?, level))
    })
}

/// The spans of an excerpt, nanoseconds.
fn spans(excerpt: &ExcerptRequest) -> Vec<(i64, i64)> {
    let spans = excerpt.spans.iter();
    spans.map(|s| (s.start_nanos(), s.end_nanos())).collect()
}

/// What is done to which files, for the event log.
fn event(job: &ReleaseJob<'_>, what: Act, release: Digest) -> EventDraft {
    let plan = job.plan.plan();
    let mut event = EventDraft::new(what);
    event.subject("source", plan.source.digest);
    event.subject("findings", plan.findings);
    event.subject("plan", plan::content(plan));
    event.subject("release", release);
    if let Some(excerpt) = job.excerpt {
        event.count("excerpt-spans", excerpt.spans.len());
    }
    if let Some(why) = job.without_findings {
        event.label("findings", "not-compared");
        event.subject("reason", redact_record::digest_bytes(why.as_bytes()));
    }
    event
}

fn describe_export(event: &mut EventDraft, manifests: &Manifests) {
    let digest = |bytes: &[u8]| redact_record::digest_bytes(bytes);
    event.subject("manifest", digest(&manifests.public_bytes));
    event.subject("sealed-manifest", digest(&manifests.sealed_bytes));
    if let Some(captions) = &manifests.captions {
        event.subject("captions", digest(captions.as_bytes()));
    }
    if let Some(replaced) = &manifests.public.supersedes {
        event.subject("replaced-manifest", replaced.0.sha256.0);
    }
}

/// Writes the records under partial names; gives each with its name and SHA-256.
fn write_records<'p>(
    job: &ReleaseJob<'_>,
    manifests: &Manifests,
    paths: &'p ReleasePaths,
    outputs: &Outputs,
    ports: &Ports<'_>,
) -> Result<Vec<(Partial, &'p Path, Digest)>> {
    let now = ports.clock.now();
    let sign = |bytes: &[u8], kind| job.key.sign_bytes(bytes, kind, now);
    let public_signature = sign(&manifests.public_bytes, Signed::PublicManifest)?;
    let sealed_signature = sign(&manifests.sealed_bytes, Signed::SealedManifest)?;
    let digest = redact_record::digest_bytes(&manifests.public_bytes);
    let public = &manifests.public;
    let log = redact_record::log::html(public, digest)?;
    let log_csv = redact_record::log::csv(public)?;
    let log_pdf = redact_record::log::pdf(public, digest)?;
    let captions = manifests.captions.as_ref();
    let captions = captions.map(|text| (&paths.captions, text.as_bytes()));
    let files: [(&PathBuf, &[u8]); 7] = [
        (&paths.sealed, &manifests.sealed_bytes),
        (&paths.sealed_signature, sealed_signature.as_bytes()),
        (&paths.log, log.as_bytes()),
        (&paths.log_csv, &log_csv),
        (&paths.log_pdf, &log_pdf),
        (&paths.manifest, &manifests.public_bytes),
        (&paths.manifest_signature, public_signature.as_bytes()),
    ];
    let mut written = Vec::with_capacity(files.len() + 2);
    for (path, bytes) in captions.into_iter().chain(files) {
        let mut record = outputs.partial(path)?;
        if *path == paths.sealed {
            record = record.for_owner()?;
        }
        record.fill(bytes).in_file(path)?;
        written.push((record, path.as_path(), redact_record::digest_bytes(bytes)));
    }
    Ok(written)
}

/// Passes a render's progress on, and serves it from the segment cache.
struct RenderListener<'a> {
    job: &'a ReleaseJob<'a>,
    supplied: Option<&'a AcceptedSegments<'a>>,
    progress: &'a dyn Progress,
    exchange: Option<PathBuf>,
}

impl Listener for RenderListener<'_> {
    fn progress(&self, phase: &str, done: u64, total: Option<u64>) -> ControlFlow<()> {
        ProgressListener(self.progress).progress(phase, done, total)
    }

    fn cache_request(&self, request: CacheRequest) -> bool {
        if let (Some(supplied), Some(exchange)) = (self.supplied, &self.exchange) {
            match request {
                CacheRequest::Has(segment) if supplied.has(segment) => return true,
                CacheRequest::Load(segment) if supplied.has(segment) => {
                    let pictures = supplied.load(segment);
                    return pictures.is_some_and(|bytes| write_segment(exchange, &bytes));
                }
                _ => {}
            }
        }
        match (self.job.cache, &self.exchange) {
            (Some(cache), Some(exchange)) => cache.answer(self.job.settings(), exchange, request),
            _ => false,
        }
    }
}
