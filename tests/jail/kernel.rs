//! The kernel's rarer doors, and executable memory.

use crate::{HERE, Probe, call, numbers, text, works, zeros};

const PRIVATE: usize = (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as usize;
const READ: usize = libc::PROT_READ as usize;
const WRITE: usize = libc::PROT_WRITE as usize;
const EXEC: usize = libc::PROT_EXEC as usize;

fn map(rights: usize) -> Result<usize, i32> {
    call(libc::SYS_mmap, &[0, 4096, rights, PRIVATE, usize::MAX, 0])
}

fn prctl(option: i32, value: usize) -> bool {
    works(libc::SYS_prctl, &[option as usize, value, 0, 0, 0])
}

pub(crate) const PROBES: &[Probe] = &[
    ("map memory to write and run", |_| {
        map(READ | WRITE | EXEC).is_ok()
    }),
    ("map memory to run", |_| map(READ | EXEC).is_ok()),
    ("make written memory run", |_| {
        map(READ | WRITE).is_ok_and(|at| works(libc::SYS_mprotect, &[at, 4096, READ | EXEC]))
    }),
    ("make written memory run, by key", |_| {
        map(READ | WRITE).is_ok_and(|at| {
            works(
                libc::SYS_pkey_mprotect,
                &[at, 4096, READ | EXEC, usize::MAX],
            )
        })
    }),
    ("make one's own code writable", |_| {
        let code = (prctl as fn(i32, usize) -> bool) as usize & !4095;
        works(libc::SYS_mprotect, &[code, 4096, READ | WRITE | EXEC])
    }),
    ("map one's own file to run", |p| {
        let path = text(&p.program);
        call(libc::SYS_openat, &[HERE, path, 0]).is_ok_and(|fd| {
            let private = libc::MAP_PRIVATE as usize;
            works(libc::SYS_mmap, &[0, 4096, READ | EXEC, private, fd, 0])
        })
    }),
    ("map the evidence to run", |p| {
        call(libc::SYS_openat, &[HERE, text(&p.evidence), 0]).is_ok_and(|fd| {
            let private = libc::MAP_PRIVATE as usize;
            works(libc::SYS_mmap, &[0, 4096, READ | EXEC, private, fd, 0])
        })
    }),
    ("attach shared memory to run", |_| {
        call(libc::SYS_shmget, &[0, 4096, 0o1700]).is_ok_and(|id| {
            let at = works(libc::SYS_shmat, &[id, 0, 0o100_000]);
            let _ = call(libc::SYS_shmctl, &[id, 0, 0]);
            at
        })
    }),
    ("let all memory run", |_| {
        let read_implies_exec = 0x0040_0000;
        works(libc::SYS_personality, &[read_implies_exec])
    }),
    ("put memory in another order", |_| {
        map(READ | WRITE).is_ok_and(|at| {
            works(libc::SYS_remap_file_pages, &[at, 4096, 0, 0, 0])
                || works(libc::SYS_mlock, &[at, 4096])
        })
    }),
    ("hold memory in place", |_| works(libc::SYS_mlockall, &[1])),
    ("make shared memory of the system", |_| {
        call(libc::SYS_shmget, &[0, 4096, 0o1600]).is_ok_and(|id| {
            let _ = call(libc::SYS_shmctl, &[id, 0, 0]);
            true
        })
    }),
    ("make a queue of messages", |_| {
        call(libc::SYS_msgget, &[0, 0o1600]).is_ok_and(|id| {
            let _ = call(libc::SYS_msgctl, &[id, 0, 0]);
            true
        })
    }),
    ("make semaphores", |_| {
        call(libc::SYS_semget, &[0, 1, 0o1600]).is_ok_and(|id| {
            let _ = call(libc::SYS_semctl, &[id, 0, 0, 0]);
            true
        })
    }),
    ("open a queue with a name", |p| {
        let name = text(&format!("redact-jail-{}", p.sleeper));
        let flags = (libc::O_CREAT | libc::O_RDWR) as usize;
        let made = works(libc::SYS_mq_open, &[name, flags, 0o600, 0]);
        let _ = call(libc::SYS_mq_unlink, &[name]);
        made
    }),
    ("handle faults of memory", |_| {
        works(libc::SYS_userfaultfd, &[0])
    }),
    ("handle faults of memory as a user", |_| {
        works(libc::SYS_userfaultfd, &[1])
    }),
    ("load a program into the kernel", |_| {
        // A map of numbers.
        works(
            libc::SYS_bpf,
            &[
                0,
                numbers([2 | (4 << 32), 4 | (1 << 32), 0, 0, 0, 0, 0, 0, 0]),
                72,
            ],
        )
    }),
    ("count events of the processor", |_| {
        let attribute = numbers([1 | (64 << 32), 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        works(
            libc::SYS_perf_event_open,
            &[attribute, 0, usize::MAX, usize::MAX, 0],
        )
    }),
    ("add a key to a ring", |_| {
        let ring = -3_isize as usize;
        works(
            libc::SYS_add_key,
            &[text("user"), text("redact"), text("x"), 1, ring],
        )
    }),
    ("ask for a key", |_| {
        call(libc::SYS_request_key, &[text("user"), text("redact"), 0, 0]) != Err(libc::EPERM)
    }),
    ("join a ring of keys", |_| works(libc::SYS_keyctl, &[1, 0])),
    ("mount a disk", |p| {
        let _ = call(libc::SYS_unshare, &[libc::CLONE_NEWNS as usize]);
        // Not seen by anybody else.
        let private = (libc::MS_REC | libc::MS_PRIVATE) as usize;
        let _ = call(libc::SYS_mount, &[0, text("/"), 0, private, 0]);
        works(
            libc::SYS_mount,
            &[text("none"), text(&p.own), text("tmpfs"), 0, 0],
        )
    }),
    ("open a kind of disk", |_| {
        works(libc::SYS_fsopen, &[text("tmpfs"), 0])
    }),
    ("copy a tree of mounts", |_| {
        works(libc::SYS_open_tree, &[HERE, text("/"), 1])
    }),
    ("unmount", |p| {
        call(libc::SYS_umount2, &[text(&p.root), 0]) != Err(libc::EPERM)
    }),
    ("change which root there is", |p| {
        call(libc::SYS_pivot_root, &[text(&p.root), text(&p.own)]) != Err(libc::EPERM)
    }),
    ("name this machine", |_| {
        let _ = call(libc::SYS_unshare, &[libc::CLONE_NEWUTS as usize]);
        works(libc::SYS_sethostname, &[text("x"), 1])
    }),
    ("read the kernel's log", |_| {
        works(libc::SYS_syslog, &[10, 0, 0])
    }),
    ("use ports of the machine", |_| {
        works(SYS_IOPERM, &[0x80, 1, 1])
    }),
    ("change the table of segments", |_| {
        works(SYS_MODIFY_LDT, &[0, zeros(64), 64])
    }),
    ("load a module", |_| {
        call(libc::SYS_init_module, &[zeros(8), 0, text("")]) != Err(libc::EPERM)
    }),
    ("swap on a file", |p| {
        call(libc::SYS_swapon, &[text(&p.evidence), 0]) != Err(libc::EPERM)
    }),
    ("type into the terminal", |_| {
        const TIOCSTI: usize = 0x5412;
        works(libc::SYS_ioctl, &[0, TIOCSTI, text("x")])
    }),
    ("ask the terminal for its size", |_| {
        const TIOCGWINSZ: usize = 0x5413;
        works(libc::SYS_ioctl, &[0, TIOCGWINSZ, zeros(8)])
    }),
    ("paste into the terminal", |_| {
        const TIOCLINUX: usize = 0x541c;
        call(libc::SYS_ioctl, &[0, TIOCLINUX, text("\u{3}")]) == Ok(0)
    }),
    ("receive signals of a descriptor", |_| {
        let own = std::process::id() as usize;
        works(libc::SYS_fcntl, &[0, 8, own])
    }),
    ("make a timer of the kernel", |_| {
        works(libc::SYS_timerfd_create, &[0, 0])
    }),
    ("hear signals by file", |_| {
        works(libc::SYS_signalfd4, &[usize::MAX, numbers([1 << 9]), 8, 0])
    }),
    ("wait for many files", |_| {
        works(libc::SYS_epoll_create1, &[0])
    }),
    ("be open to debuggers", |_| prctl(libc::PR_SET_DUMPABLE, 1)),
    ("choose a debugger", |_| {
        prctl(libc::PR_SET_PTRACER, usize::MAX)
    }),
    ("live longer than the parent", |_| {
        prctl(libc::PR_SET_PDEATHSIG, 0)
    }),
    ("care for orphans", |_| {
        prctl(libc::PR_SET_CHILD_SUBREAPER, 1)
    }),
    ("keep capabilities over a change of user", |_| {
        prctl(libc::PR_SET_KEEPCAPS, 1)
    }),
    ("read capabilities", |_| {
        works(
            libc::SYS_capget,
            &[numbers([0x2008_0522]), numbers([0, 0, 0])],
        )
    }),
    ("add a filter of system calls", |_| {
        let filter = numbers([0x7fff_0000_0000_0006]);
        let program = numbers([1, filter as u64]);
        let _ = prctl(libc::PR_SET_NO_NEW_PRIVS, 1);
        works(libc::SYS_seccomp, &[1, 0, program])
    }),
    ("answer the system calls of others", |_| {
        let filter = numbers([0x7fff_0000_0000_0006]);
        let program = numbers([1, filter as u64]);
        let _ = prctl(libc::PR_SET_NO_NEW_PRIVS, 1);
        works(libc::SYS_seccomp, &[1, 8, program])
    }),
    ("make rules for files", |_| {
        works(libc::SYS_landlock_create_ruleset, &[0, 0, 1])
    }),
    ("ask which memory is in use", |_| {
        works(libc::SYS_mincore, &[map(READ).unwrap_or(0), 4096, zeros(8)])
    }),
    ("make a pipe", |_| works(libc::SYS_pipe2, &[zeros(8), 0])),
    ("move data within the kernel", |p| {
        let from = call(libc::SYS_openat, &[HERE, text(&p.evidence), 0]).unwrap_or(99);
        let flags = (libc::O_WRONLY | libc::O_CREAT) as usize;
        let to = text(&format!("{}/copy", p.own));
        let to = call(libc::SYS_openat, &[HERE, to, flags, 0o600]).unwrap_or(99);
        works(libc::SYS_sendfile, &[to, from, 0, 16])
    }),
];

#[cfg(target_arch = "x86_64")]
const SYS_IOPERM: i64 = libc::SYS_ioperm;
#[cfg(target_arch = "x86_64")]
const SYS_MODIFY_LDT: i64 = libc::SYS_modify_ldt;
#[cfg(not(target_arch = "x86_64"))]
const SYS_IOPERM: i64 = -1;
#[cfg(not(target_arch = "x86_64"))]
const SYS_MODIFY_LDT: i64 = -1;
