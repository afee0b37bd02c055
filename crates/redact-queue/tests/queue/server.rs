//! A PostgreSQL server for one test.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use redact_queue::{Access, Client, Database, FolderStore, Job, JobKind, PoolKey, Store};

/// A server that ends with the value.
pub(crate) struct Server {
    folder: tempfile::TempDir,
    programs: PathBuf,
    child: Option<Child>,
    /// Whether everything is on disk before it answers. Without, a killed server loses nothing
    /// either: the system's cache survives it.
    is_durable: bool,
    /// The port on this machine where it is reached over TLS, and nothing but TLS.
    tls_port: Option<u16>,
}

impl Server {
    /// Starts one, as a user without rights, on a Unix socket alone.
    pub(crate) fn start() -> Self {
        Self::with(false, None)
    }

    /// Starts one that is also reached over TLS, with this certificate and its key (PEM); plain
    /// connections from the network are refused.
    pub(crate) fn with_tls(certificate: &str, key: &str) -> Self {
        Self::with(false, Some((certificate, key)))
    }

    /// Starts one that an office could use.
    pub(crate) fn durable() -> Self {
        Self::with(true, None)
    }

    fn with(is_durable: bool, tls: Option<(&str, &str)>) -> Self {
        let folder = tempfile::Builder::new().prefix("rq").tempdir().unwrap();
        let programs = programs();
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(folder.path()));
        }
        let mut server = Self {
            folder,
            programs,
            child: None,
            is_durable,
            tls_port: None,
        };
        let mut initdb = server.command("initdb");
        initdb.args([
            "-A",
            "trust",
            "-U",
            "owner",
            "-E",
            "UTF8",
            "--no-sync",
            "-D",
        ]);
        run(initdb.arg(server.data()).stdout(Stdio::null()));
        if let Some((certificate, key)) = tls {
            server.prepare_tls(certificate, key);
        }
        server.start_again();
        server
    }

    fn prepare_tls(&mut self, certificate: &str, key: &str) {
        let rules = "local all all trust\nhostssl all all 127.0.0.1/32 trust\n";
        for (name, text) in [
            ("server.crt", certificate),
            ("server.key", key),
            ("pg_hba.conf", rules),
        ] {
            let path = self.data().join(name);
            std::fs::write(&path, text).unwrap();
            run(Command::new("chmod").arg("0600").arg(&path));
            if is_root() {
                run(Command::new("chown").arg("postgres").arg(&path));
            }
        }
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        self.tls_port = Some(free.local_addr().unwrap().port());
    }

    /// Starts it after [`Self::kill`], and waits until it answers.
    pub(crate) fn start_again(&mut self) {
        let give_up = Instant::now() + Duration::from_secs(30);
        while Instant::now() < give_up {
            let mut log = std::fs::File::options();
            log.create(true).append(true);
            let log = log.open(self.folder.path().join("log")).unwrap();
            let mut command = self.command("postgres");
            command
                .arg("-D")
                .arg(self.data())
                .arg("-k")
                .arg(self.folder.path())
                .args(self.network())
                .arg("-c")
                .arg(format!(
                    "fsync={}",
                    if self.is_durable { "on" } else { "off" }
                ))
                .stderr(log);
            let mut child = command.spawn().unwrap();
            while child.try_wait().unwrap().is_none() && Instant::now() < give_up {
                let mut ask = Command::new(self.programs.join("pg_isready"));
                ask.arg("-q").arg("-h").arg(self.folder.path());
                if let Some(port) = self.tls_port {
                    ask.arg("-p").arg(port.to_string());
                }
                if ask.status().unwrap().success() {
                    self.child = Some(child);
                    return;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            // Processes of the killed one still end.
            std::thread::sleep(Duration::from_millis(200));
        }
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap();
        panic!("PostgreSQL does not start: {log}");
    }

    /// Settings of the server's network.
    fn network(&self) -> Vec<String> {
        let settings = match self.tls_port {
            None => vec!["listen_addresses=".to_owned()],
            Some(port) => vec![
                "listen_addresses=127.0.0.1".to_owned(),
                format!("port={port}"),
                "ssl=on".to_owned(),
            ],
        };
        let words = settings.into_iter();
        words.flat_map(|word| ["-c".to_owned(), word]).collect()
    }

    /// The port for TLS.
    pub(crate) fn tls_port(&self) -> u16 {
        self.tls_port.unwrap()
    }

    /// Ends it as a power failure would.
    pub(crate) fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Where it is reached, as the owner of the database or as another role.
    pub(crate) fn address(&self, role: &str) -> String {
        format!(
            "postgres:///postgres?host={}&user={role}",
            self.folder.path().display()
        )
    }

    /// A connection of the owner.
    pub(crate) async fn database(&self) -> Database {
        connect(&self.address("owner")).await
    }

    /// For statements of the tests.
    pub(crate) async fn sql(&self, role: &str) -> sqlx::PgPool {
        sqlx::PgPool::connect(&self.address(role)).await.unwrap()
    }

    /// A client of the owner, with a store in the server's folder.
    pub(crate) async fn client(&self) -> Client {
        Client::new(self.database().await, self.store("client"))
    }

    /// The store in the server's folder.
    pub(crate) fn store(&self, writer: &str) -> Store {
        Store::Folder(FolderStore::open(&self.store_folder(), writer).unwrap())
    }

    pub(crate) fn store_folder(&self) -> PathBuf {
        self.folder.path().join("store")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn command(&self, program: &str) -> Command {
        let program = self.programs.join(program);
        if !is_root() {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
        command.arg(program).current_dir("/");
        command
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

/// Connects as a program does.
pub(crate) async fn connect(address: &str) -> Database {
    Database::connect(address, Access::Protected, 8)
        .await
        .unwrap()
}

/// A job of that many chunks. `plan` says what its chunks do: see `processes.rs`.
pub(crate) fn job(kind: JobKind, plan: &str, chunks: u32) -> Job {
    Job {
        kind,
        label: format!("O'Neil \"{plan}\" é.mp4"),
        plan: plan.as_bytes().to_vec(),
        chunks,
        source: None,
        pool: pool(),
    }
}

/// The pool of the tests.
pub(crate) fn pool() -> PoolKey {
    PoolKey {
        version: "redact test".to_owned(),
        models: "none".to_owned(),
        cpu: "any".to_owned(),
    }
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").unwrap().uid() == 0
}

fn run(command: &mut Command) {
    let status = command.status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}

/// The newest server's programs. Debian does not put them on the path.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let version = path.file_name()?.to_str()?.parse().ok()?;
            Some((version, path.join("bin")))
        })
        .filter(|(_, bin)| bin.join("initdb").exists())
        .collect();
    found.sort();
    let newest = found.pop().map(|(_, bin)| bin);
    let on_path = || {
        Path::new("/usr/bin/initdb")
            .exists()
            .then(|| PathBuf::from("/usr/bin"))
    };
    newest
        .or_else(on_path)
        .expect("no PostgreSQL server: scripts/setup installs the package postgresql")
}
