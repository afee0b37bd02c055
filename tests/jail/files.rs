//! Files and folders: other people's, and one's own in other ways than reading and writing.

use crate::world::Paths;
use crate::{HERE, Probe, call, numbers, text, works, zeros};

fn open(path: &str, flags: i32, mode: usize) -> Result<usize, i32> {
    call(libc::SYS_openat, &[HERE, text(path), flags as usize, mode])
}

fn reads(path: &str) -> bool {
    let read = |fd| call(libc::SYS_read, &[fd, zeros(16), 16]);
    open(path, libc::O_RDONLY, 0)
        .and_then(read)
        .is_ok_and(|n| n > 0)
}

fn writes(path: &str, flags: i32) -> bool {
    let write = |fd| call(libc::SYS_write, &[fd, text("x"), 1]);
    open(path, libc::O_WRONLY | flags, 0o600)
        .and_then(write)
        .is_ok()
}

fn lists(path: &str) -> bool {
    let list = |fd| call(libc::SYS_getdents64, &[fd, zeros(4096), 4096]);
    open(path, libc::O_RDONLY | libc::O_DIRECTORY, 0)
        .and_then(list)
        .is_ok_and(|n| n > 0)
}

/// `name` in the process's own folder.
fn own(paths: &Paths, name: &str) -> usize {
    text(&format!("{}/{name}", paths.own))
}

fn own_file(paths: &Paths) -> Result<usize, i32> {
    let flags = (libc::O_RDWR | libc::O_CREAT) as usize;
    call(libc::SYS_openat, &[HERE, own(paths, "mine"), flags, 0o600])
}

fn evidence(paths: &Paths) -> usize {
    text(&paths.evidence)
}

/// What a job does: reads its input, writes its partial file and in its folder, starts threads.
pub(crate) fn honest_work(p: &Paths) -> bool {
    let thread = std::thread::spawn(|| 1 + 1);
    let (scratch, last) = (format!("{}/scratch", p.own), format!("{}/last", p.own));
    let length = |file: std::fs::File| Ok(rustix::fs::fstat(&file)?.st_size);
    reads(&p.evidence)
        && std::fs::File::open(&p.evidence)
            .and_then(length)
            .is_ok_and(|bytes| bytes == 4096)
        && writes(&p.partial, libc::O_TRUNC)
        && writes(&scratch, libc::O_CREAT)
        && std::fs::rename(&scratch, &last).is_ok()
        && std::fs::remove_file(&last).is_ok()
        && thread.join().is_ok()
}

pub(crate) const PROBES: &[Probe] = &[
    ("read the list of users", |_| reads("/etc/passwd")),
    ("read the passwords", |_| reads("/etc/shadow")),
    ("read what system this is", |_| reads("/etc/os-release")),
    ("read the name servers", |_| reads("/etc/hosts")),
    ("read the key", |p| reads(&p.key)),
    ("read the event log", |p| reads(&p.log)),
    ("write the event log", |p| writes(&p.log, libc::O_APPEND)),
    ("read another case", |p| reads(&p.other)),
    ("write another case", |p| writes(&p.other, 0)),
    ("remove another case", |p| {
        works(libc::SYS_unlinkat, &[HERE, text(&p.other), 0])
    }),
    ("list the cases", |p| lists(&p.cases)),
    ("list the root", |_| lists("/")),
    ("list the evidence's folder", |p| {
        lists(&format!("{}/in", p.root))
    }),
    ("write the evidence", |p| writes(&p.evidence, 0)),
    ("append to the evidence", |p| {
        writes(&p.evidence, libc::O_APPEND)
    }),
    ("empty the evidence while opening", |p| {
        open(&p.evidence, libc::O_WRONLY | libc::O_TRUNC, 0).is_ok()
    }),
    ("open the evidence to read, and empty it", |p| {
        open(&p.evidence, libc::O_RDONLY | libc::O_TRUNC, 0).is_ok()
    }),
    ("truncate the evidence by name", |p| {
        works(libc::SYS_truncate, &[evidence(p), 0])
    }),
    ("truncate the event log by name", |p| {
        works(libc::SYS_truncate, &[text(&p.log), 0])
    }),
    ("remove the evidence", |p| {
        works(libc::SYS_unlinkat, &[HERE, evidence(p), 0])
    }),
    ("read a model after loading", |p| reads(&p.model)),
    ("write a model", |p| writes(&p.model, 0)),
    ("read a library after loading", |_| {
        reads("/etc/ld.so.cache")
    }),
    ("make a file in /tmp", |p| {
        let path = format!("/tmp/redact-jail-{}", p.sleeper);
        let made = writes(&path, libc::O_CREAT);
        let _ = std::fs::remove_file(path);
        made
    }),
    ("make a file beside the evidence", |p| {
        writes(&format!("{}.txt", p.evidence), libc::O_CREAT)
    }),
    ("make a file among the cases", |p| {
        writes(&format!("{}/x", p.cases), libc::O_CREAT)
    }),
    ("make a file without a name", |p| {
        open(&p.cases, libc::O_TMPFILE | libc::O_WRONLY, 0o600).is_ok()
    }),
    ("make a folder elsewhere", |p| {
        works(
            libc::SYS_mkdirat,
            &[HERE, text(&format!("{}/x", p.root)), 0o700],
        )
    }),
    ("remove a folder elsewhere", |p| {
        let empty = text(&format!("{}/empty", p.root));
        let _ = call(libc::SYS_mkdirat, &[HERE, empty, 0o700]);
        works(
            libc::SYS_unlinkat,
            &[HERE, empty, libc::AT_REMOVEDIR as usize],
        )
    }),
    ("read by way of ..", |p| {
        reads(&format!("{}/../other.mp4", p.own))
    }),
    ("make a link", |p| {
        works(libc::SYS_symlinkat, &[text(&p.key), HERE, own(p, "link")])
    }),
    ("read through a link of one's own", |p| {
        let _ = call(libc::SYS_symlinkat, &[text(&p.key), HERE, own(p, "link")]);
        reads(&format!("{}/link", p.own))
    }),
    ("link the key into one's folder", |p| {
        works(
            libc::SYS_linkat,
            &[HERE, text(&p.key), HERE, own(p, "key"), 0],
        )
    }),
    ("link the evidence into one's folder", |p| {
        works(
            libc::SYS_linkat,
            &[HERE, evidence(p), HERE, own(p, "clip"), 0],
        )
    }),
    ("link an open file", |p| {
        let fd = own_file(p).unwrap_or(99);
        let from = text(&format!("/proc/self/fd/{fd}"));
        let follow = libc::AT_SYMLINK_FOLLOW as usize;
        works(
            libc::SYS_linkat,
            &[HERE, from, HERE, own(p, "again"), follow],
        )
    }),
    ("move a file out", |p| {
        let _ = own_file(p);
        let to = text(&format!("{}/moved", p.root));
        works(libc::SYS_renameat, &[HERE, own(p, "mine"), HERE, to])
    }),
    ("move a file in", |p| {
        works(
            libc::SYS_renameat,
            &[HERE, text(&p.other), HERE, own(p, "theirs")],
        )
    }),
    ("swap two files", |p| {
        let _ = own_file(p);
        let swap = libc::RENAME_EXCHANGE as usize;
        works(
            libc::SYS_renameat2,
            &[HERE, text(&p.other), HERE, own(p, "mine"), swap],
        )
    }),
    ("leave a white-out", |p| {
        let _ = own_file(p);
        let flag = libc::RENAME_WHITEOUT as usize;
        works(
            libc::SYS_renameat2,
            &[HERE, own(p, "mine"), HERE, own(p, "w"), flag],
        )
    }),
    ("hold a file by its path alone", |p| {
        open(&p.key, libc::O_PATH, 0).is_ok()
    }),
    ("hold a folder by its path alone", |_| {
        open("/", libc::O_PATH, 0).is_ok()
    }),
    ("open with openat2", |p| {
        let how = numbers([libc::O_RDONLY as u64, 0, 0]);
        works(libc::SYS_openat2, &[HERE, evidence(p), how, 24])
    }),
    ("open by handle", |_| {
        let handle = numbers([8 | (1 << 32), 0, 0]);
        call(libc::SYS_open_by_handle_at, &[HERE, handle, 0]) != Err(libc::EPERM)
    }),
    ("ask for a handle", |p| {
        let handle = numbers([128; 20]);
        works(
            libc::SYS_name_to_handle_at,
            &[HERE, text(&p.key), handle, zeros(8), 0],
        )
    }),
    ("ask about a file", |p| {
        works(libc::SYS_newfstatat, &[HERE, text(&p.key), zeros(256), 0])
    }),
    ("ask about a file, extended", |p| {
        works(libc::SYS_statx, &[HERE, text(&p.key), 0, 0xfff, zeros(512)])
    }),
    ("ask about a file as if it were open", |p| {
        let flags = libc::AT_EMPTY_PATH as usize;
        let asked = [HERE, text(&p.key), zeros(256), flags];
        works(libc::SYS_newfstatat, &asked)
    }),
    ("ask about a file as if it were open, extended", |p| {
        let flags = (libc::AT_EMPTY_PATH | libc::AT_NO_AUTOMOUNT) as usize;
        let asked = [HERE, text(&p.key), flags, 0xfff, zeros(512)];
        works(libc::SYS_statx, &asked)
    }),
    ("ask about a file beside an open one", |p| {
        let flags = (libc::AT_EMPTY_PATH | libc::AT_SYMLINK_NOFOLLOW) as usize;
        open(&p.evidence, libc::O_RDONLY, 0)
            .is_ok_and(|fd| works(libc::SYS_newfstatat, &[fd, text(&p.key), zeros(256), flags]))
    }),
    ("ask whether a file may be read", |p| {
        works(
            libc::SYS_faccessat,
            &[HERE, text(&p.key), libc::R_OK as usize],
        )
    }),
    ("ask how full a disk is", |_| {
        works(libc::SYS_statfs, &[text("/"), zeros(256)])
    }),
    ("read where a link leads", |_| {
        works(
            libc::SYS_readlinkat,
            &[HERE, text("/proc/self/exe"), zeros(64), 64],
        )
    }),
    ("read an attribute", |p| {
        let _ = call(
            libc::SYS_setxattr,
            &[evidence(p), text("user.x"), text("x"), 1, 0],
        );
        works(
            libc::SYS_getxattr,
            &[evidence(p), text("user.x"), zeros(8), 8],
        )
    }),
    ("list attributes", |p| {
        works(libc::SYS_listxattr, &[evidence(p), zeros(64), 64])
    }),
    ("set an attribute", |p| {
        works(
            libc::SYS_setxattr,
            &[evidence(p), text("user.x"), text("x"), 1, 0],
        )
    }),
    ("change the working folder", |_| {
        works(libc::SYS_chdir, &[text("/")])
    }),
    ("change the root", |p| {
        works(libc::SYS_chroot, &[text(&p.root)])
    }),
    ("change the evidence's mode", |p| {
        works(libc::SYS_fchmodat, &[HERE, evidence(p), 0o777])
    }),
    ("change an open file's mode", |p| {
        own_file(p).is_ok_and(|fd| works(libc::SYS_fchmod, &[fd, 0o777]))
    }),
    ("make a file run as its owner", |p| {
        own_file(p).is_ok_and(|fd| works(libc::SYS_fchmod, &[fd, 0o4755]))
    }),
    ("make a file that runs as its owner", |p| {
        let flags = (libc::O_RDWR | libc::O_CREAT) as usize;
        works(libc::SYS_openat, &[HERE, own(p, "suid"), flags, 0o4755])
    }),
    ("make a folder whose files have its group", |p| {
        works(libc::SYS_mkdirat, &[HERE, own(p, "sgid"), 0o2755])
    }),
    ("change the evidence's owner", |p| {
        works(libc::SYS_fchownat, &[HERE, evidence(p), 65534, 65534, 0])
    }),
    ("change an open file's owner", |p| {
        own_file(p).is_ok_and(|fd| works(libc::SYS_fchown, &[fd, 65534, 65534]))
    }),
    ("change the evidence's times", |p| {
        works(
            libc::SYS_utimensat,
            &[HERE, evidence(p), numbers([1, 0, 1, 0]), 0],
        )
    }),
    ("change an open file's times", |p| {
        let times = numbers([1, 0, 1, 0]);
        own_file(p).is_ok_and(|fd| works(libc::SYS_utimensat, &[fd, 0, times, 0]))
    }),
    ("make a pipe with a name", |p| {
        works(
            libc::SYS_mknodat,
            &[HERE, own(p, "pipe"), (libc::S_IFIFO | 0o600) as usize, 0],
        )
    }),
    ("make a device", |p| {
        let kind = (libc::S_IFCHR | 0o600) as usize;
        works(libc::SYS_mknodat, &[HERE, own(p, "null"), kind, 0x103])
    }),
    ("make a socket file", |p| {
        works(
            libc::SYS_mknodat,
            &[HERE, own(p, "sock"), (libc::S_IFSOCK | 0o600) as usize, 0],
        )
    }),
    ("open a device", |_| {
        open("/dev/null", libc::O_RDWR, 0).is_ok()
    }),
    ("open the memory of the machine", |_| {
        open("/dev/mem", libc::O_RDONLY, 0).is_ok()
    }),
    ("open the terminal", |_| {
        open("/dev/ptmx", libc::O_RDWR, 0).is_ok()
    }),
    ("make shared memory", |p| {
        let path = format!("/dev/shm/redact-jail-{}", p.sleeper);
        let made = writes(&path, libc::O_CREAT);
        let _ = std::fs::remove_file(path);
        made
    }),
    ("watch a folder", |_| {
        let watch = |fd| call(libc::SYS_inotify_add_watch, &[fd, text("/etc"), 2]);
        call(libc::SYS_inotify_init1, &[0]).and_then(watch).is_ok()
    }),
    ("watch a disk", |_| works(libc::SYS_fanotify_init, &[0, 0])),
    ("be told of a folder's changes", |p| {
        let notify = |fd| call(libc::SYS_fcntl, &[fd, 1026, 2]);
        open(&p.own, libc::O_RDONLY, 0).and_then(notify).is_ok()
    }),
    ("take a lease", |p| {
        own_file(p).is_ok_and(|fd| works(libc::SYS_fcntl, &[fd, 1024, libc::F_WRLCK as usize]))
    }),
    ("write beyond the longest file", |p| {
        own_file(p).is_ok_and(|fd| works(libc::SYS_pwrite64, &[fd, text("x"), 1, 2 << 20]))
    }),
    ("stretch a file beyond the longest", |p| {
        own_file(p).is_ok_and(|fd| works(libc::SYS_ftruncate, &[fd, 2 << 20]))
    }),
    ("reserve space on the disk", |p| {
        own_file(p).is_ok_and(|fd| works(libc::SYS_fallocate, &[fd, 0, 0, 2 << 20]))
    }),
    ("ask for a file's flags", |p| {
        own_file(p).is_ok_and(|fd| works(libc::SYS_ioctl, &[fd, 0x8008_6601, zeros(8)]))
    }),
    ("read the environment of the parent", |p| {
        reads(&format!("/proc/{}/environ", p.starter))
    }),
    ("read the memory map of the parent", |p| {
        reads(&format!("/proc/{}/maps", p.starter))
    }),
    ("read the command line of another", |p| {
        reads(&format!("/proc/{}/cmdline", p.sleeper))
    }),
    ("read one's own memory by file", |_| {
        open("/proc/self/mem", libc::O_RDWR, 0).is_ok()
    }),
    ("read one's own environment by file", |_| {
        reads("/proc/self/environ")
    }),
    ("read one's own memory map", |_| reads("/proc/self/maps")),
    ("read the users by way of one's root", |_| {
        reads("/proc/self/root/etc/passwd")
    }),
    ("list the processes", |_| lists("/proc")),
    ("write a setting of the kernel", |_| {
        open("/proc/sys/kernel/core_pattern", libc::O_WRONLY, 0).is_ok()
    }),
    ("be spared when memory is short", |_| {
        open("/proc/self/oom_score_adj", libc::O_WRONLY, 0).is_ok()
    }),
    ("read what the kernel logs", |_| {
        open("/dev/kmsg", libc::O_RDONLY, 0).is_ok()
    }),
    ("read what was inherited", |p| {
        works(libc::SYS_pread64, &[p.inherited as usize, zeros(16), 16, 0])
    }),
    ("write all disks", |_| {
        // Only asked: the control would wait for the disks of everybody.
        works(libc::SYS_syncfs, &[0]) || works(libc::SYS_quotactl, &[0, 0, 0, 0])
    }),
];
