//! The surroundings of one probe: things to steal, to break and to talk to.

use std::fs::File;
use std::io::Write as _;
use std::net::{TcpListener, UdpSocket};
use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr as UnixAddress, UnixDatagram, UnixListener};
use std::process::{Child, Command, Stdio};

use serde::{Deserialize, Serialize};

use crate::{call, text, zeros};

/// Where everything is.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Paths {
    pub(crate) root: String,
    pub(crate) key: String,
    pub(crate) log: String,
    pub(crate) evidence: String,
    pub(crate) partial: String,
    pub(crate) other: String,
    pub(crate) cases: String,
    pub(crate) own: String,
    pub(crate) models: String,
    pub(crate) model: String,
    pub(crate) program: String,
    pub(crate) unix: String,
    pub(crate) unix_name: String,
    pub(crate) tcp: u16,
    pub(crate) udp: u16,
    pub(crate) sleeper: u32,
    pub(crate) starter: u32,
    pub(crate) inherited: i32,
}

pub(crate) struct World {
    pub(crate) paths: Paths,
    terminal: Option<OwnedFd>,
    sleeper: Child,
    _open: (
        tempfile::TempDir,
        TcpListener,
        UdpSocket,
        UnixListener,
        UnixDatagram,
    ),
    _inherited: OwnedFd,
    _master: Option<OwnedFd>,
}

impl World {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).display().to_string();
        for folder in ["home", "in", "cases/own", "models"] {
            std::fs::create_dir_all(at(folder)).unwrap();
        }
        for file in [
            "home/redact.key",
            "home/events.jsonl",
            "in/evidence.mp4",
            "cases/.release.partial",
            "cases/other.mp4",
            "models/face.onnx",
        ] {
            let mut file = File::create(at(file)).unwrap();
            file.write_all(&[b'x'; 4096]).unwrap();
        }
        let program = at("cases/own/program");
        std::fs::copy("/bin/true", &program).unwrap();
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let unix = UnixListener::bind(at("home/socket")).unwrap();
        let unix_name = format!("redact-jail-{}", std::process::id());
        let name = UnixAddress::from_abstract_name(unix_name.as_bytes());
        let datagrams = UnixDatagram::bind_addr(&name.unwrap()).unwrap();
        let sleeper = Command::new("sleep")
            .arg("60")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // Without the flag that would close it.
        let secret = File::open(at("home/redact.key")).unwrap();
        let number = call(libc::SYS_dup, &[secret.as_raw_fd() as usize]).unwrap() as i32;
        // SAFETY: it was just made, for this alone.
        let inherited = unsafe { OwnedFd::from_raw_fd(number) };
        let (master, terminal) = terminal().unzip();
        let paths = Paths {
            root: dir.path().display().to_string(),
            key: at("home/redact.key"),
            log: at("home/events.jsonl"),
            evidence: at("in/evidence.mp4"),
            partial: at("cases/.release.partial"),
            other: at("cases/other.mp4"),
            cases: at("cases"),
            own: at("cases/own"),
            models: at("models"),
            model: at("models/face.onnx"),
            program,
            unix: at("home/socket"),
            unix_name,
            tcp: tcp.local_addr().unwrap().port(),
            udp: udp.local_addr().unwrap().port(),
            sleeper: sleeper.id(),
            starter: std::process::id(),
            inherited: number,
        };
        Self {
            paths,
            terminal,
            sleeper,
            _open: (dir, tcp, udp, unix, datagrams),
            _inherited: inherited,
            _master: master,
        }
    }

    /// A terminal for the probe, where the system has one.
    pub(crate) fn terminal(&self) -> Stdio {
        let copy = self.terminal.as_ref().map(|fd| fd.try_clone().unwrap());
        copy.map_or_else(crate::nowhere, Stdio::from)
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = self.sleeper.kill();
        let _ = self.sleeper.wait();
    }
}

/// Both ends of a new terminal.
fn terminal() -> Option<(OwnedFd, OwnedFd)> {
    const TIOCSPTLCK: usize = 0x4004_5431;
    const TIOCGPTPEER: usize = 0x5441;
    let flags = (libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC) as usize;
    let master = call(libc::SYS_openat, &[crate::HERE, text("/dev/ptmx"), flags]).ok()?;
    call(libc::SYS_ioctl, &[master, TIOCSPTLCK, zeros(8)]).ok()?;
    let slave = call(libc::SYS_ioctl, &[master, TIOCGPTPEER, flags]).ok()?;
    // SAFETY: both were just made, for this alone.
    let own = |fd: usize| unsafe { OwnedFd::from_raw_fd(fd as i32) };
    Some((own(master), own(slave)))
}
