//! Worker processes: this test's own program, started again.

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use redact_queue::{
    Cancel, ChunkOutcome, ChunkReport, ChunkRunner, ChunkTask, FolderStore, RunFailure, RunOutput,
    Store, WorkerOptions, digest_bytes, run_worker,
};

use crate::server::{Server, connect, pool};

const ADDRESS: &str = "REDACT_QUEUE_TEST_ADDRESS";
const STORE: &str = "REDACT_QUEUE_TEST_STORE";
const NAME: &str = "REDACT_QUEUE_TEST_NAME";

/// How long a chunk of these workers survives its worker.
pub(crate) const LEASE: Duration = Duration::from_secs(2);

/// Not a test, but the worker process of the others; without their variables it does nothing.
#[test]
#[ignore = "the worker process of other tests"]
fn worker_process() {
    let (Ok(address), Ok(store), Ok(name)) = (
        std::env::var(ADDRESS),
        std::env::var(STORE),
        std::env::var(NAME),
    ) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    runtime.unwrap().block_on(async {
        let database = connect(&address).await;
        let store_of_worker = Store::Folder(FolderStore::open(Path::new(&store), &name).unwrap());
        let log = PathBuf::from(format!("{store}/{name}.log"));
        let scratch = tempfile::tempdir().unwrap();
        let mut options = options(&name, scratch.path());
        options.on_report = Arc::new(move |report| write_report(&log, &report));
        let ended = run_worker(
            database,
            store_of_worker,
            FakeRunner,
            options,
            std::future::pending(),
        );
        ended.await.unwrap();
    });
}

/// A worker's options for tests.
pub(crate) fn options(name: &str, scratch: &Path) -> WorkerOptions {
    WorkerOptions {
        name: name.to_owned(),
        host: "here".to_owned(),
        pool: pool(),
        segment_key: None,
        slots: 2,
        lease: LEASE,
        grace: Duration::ZERO,
        pause: Duration::from_millis(100),
        scratch: scratch.to_owned(),
        on_report: Arc::new(|_| {}),
    }
}

fn write_report(log: &Path, report: &ChunkReport) {
    use std::io::Write as _;
    let outcome = match &report.outcome {
        ChunkOutcome::Committed { sha256 } => format!("committed {sha256}"),
        other => format!("{other:?}"),
    };
    let file = std::fs::File::options().create(true).append(true).open(log);
    let line = format!("{} {} {outcome}\n", report.job, report.index);
    file.unwrap().write_all(line.as_bytes()).unwrap();
}

/// Does chunks as their plan says, a list of words: `ms=N` sleeps, `kill=N` ends the whole worker
/// at chunk N, `fail=N` fails at chunk N, `full=N` reports a full disk there.
pub(crate) struct FakeRunner;

impl ChunkRunner for FakeRunner {
    async fn run(&self, task: ChunkTask, mut cancel: Cancel) -> Result<RunOutput, RunFailure> {
        let plan = std::fs::read_to_string(&task.plan).unwrap();
        let word = |name: &str| {
            let mut words = plan.split_whitespace();
            words.find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
        };
        let is_at = |name: &str| word(name) == Some(&task.index.to_string());
        if is_at("kill") {
            std::process::abort();
        }
        let failure = |message: &str, is_full: bool| RunFailure {
            message: message.to_owned(),
            is_full,
        };
        if is_at("fail") {
            return Err(failure("the decoder failed", false));
        }
        if is_at("full") {
            return Err(failure("No space left on device", true));
        }
        let pause: u64 = word("ms").map_or(0, |ms| ms.parse().unwrap());
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(pause)) => {}
            () = cancel.cancelled() => return Err(failure("cancelled", false)),
        }
        let bytes = expected_output(&plan, task.index);
        let file = task.folder.join("output");
        std::fs::write(&file, &bytes).unwrap();
        Ok(RunOutput {
            file,
            sha256: digest_bytes(&bytes),
            bytes: bytes.len() as u64,
        })
    }
}

/// What a chunk gives.
pub(crate) fn expected_output(plan: &str, index: u32) -> Vec<u8> {
    format!("{plan}/{index}").into_bytes()
}

/// A worker in a process of its own; killed with the value.
pub(crate) struct WorkerProcess(Child);

impl WorkerProcess {
    /// Starts one.
    pub(crate) fn start(server: &Server, name: &str) -> Self {
        let program = std::env::current_exe().unwrap();
        let mut command = Command::new(program);
        command
            .args([
                "--exact",
                "processes::worker_process",
                "--ignored",
                "--nocapture",
            ])
            .env(ADDRESS, server.address("owner"))
            .env(STORE, server.store_folder())
            .env(NAME, name)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.0.id().to_string();
        let status = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(status.unwrap().success(), "kill -s {name} {pid}");
    }

    /// Whether it was ended by a signal by now.
    pub(crate) fn is_killed(&mut self) -> bool {
        let ended = self.0.try_wait().unwrap();
        ended.is_some_and(|status| status.signal().is_some())
    }
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// What workers reported as committed: job, chunk, digest.
pub(crate) fn committed(server: &Server) -> Vec<(i64, u32, String)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(server.store_folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "log") {
            continue;
        }
        for line in std::fs::read_to_string(path).unwrap().lines() {
            let words: Vec<&str> = line.split(' ').collect();
            if let [job, index, "committed", digest] = words[..] {
                all.push((
                    job.parse().unwrap(),
                    index.parse().unwrap(),
                    digest.to_owned(),
                ));
            }
        }
    }
    all
}
