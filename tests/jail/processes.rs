//! Other processes: to start them, to talk to them, to take what they have.

use crate::{HERE, Probe, call, numbers, text, works, zeros};

/// Ends the second process that a probe started.
fn is_parent(answer: Result<usize, i32>) -> bool {
    if answer == Ok(0) {
        let _ = call(libc::SYS_exit_group, &[0]);
    }
    answer.is_ok()
}

fn clone(flags: i32) -> bool {
    is_parent(call(
        libc::SYS_clone,
        &[(flags | libc::SIGCHLD) as usize, 0, 0, 0, 0],
    ))
}

fn unshare(flags: i32) -> bool {
    works(libc::SYS_unshare, &[flags as usize])
}

fn runs(path: &str) -> bool {
    // In a process of its own where that is possible, so that the probe can tell.
    match call(libc::SYS_clone, &[libc::SIGCHLD as usize, 0, 0, 0, 0]) {
        Ok(0) => {
            // This program, should it be that, then only lists its tests.
            let words = numbers([text(path) as u64, text("--list") as u64, 0]);
            let _ = call(libc::SYS_execve, &[text(path), words, numbers([0])]);
            let _ = call(libc::SYS_exit_group, &[9]);
            false
        }
        Ok(child) => ended_well(child),
        Err(_) => {
            // This program, should it be that, then only lists its tests.
            let words = numbers([text(path) as u64, text("--list") as u64, 0]);
            works(libc::SYS_execve, &[text(path), words, numbers([0])])
        }
    }
}

fn ended_well(child: usize) -> bool {
    let status = zeros(8);
    let _ = call(libc::SYS_wait4, &[child, status, 0, 0]);
    // SAFETY: the buffer was made above and holds the status.
    unsafe { *(status as *const i32) == 0 }
}

fn runs_from_memory(flags: usize) -> bool {
    let Ok(fd) = call(libc::SYS_memfd_create, &[text("program"), flags]) else {
        return false;
    };
    let program = std::fs::read("/bin/true").unwrap_or_default();
    let _ = call(
        libc::SYS_write,
        &[fd, program.as_ptr() as usize, program.len()],
    );
    let words = numbers([text("program") as u64, 0]);
    let here = libc::AT_EMPTY_PATH as usize;
    match call(libc::SYS_clone, &[libc::SIGCHLD as usize, 0, 0, 0, 0]) {
        Ok(0) => {
            let _ = call(
                libc::SYS_execveat,
                &[fd, text(""), words, numbers([0]), here],
            );
            let _ = call(libc::SYS_exit_group, &[9]);
            false
        }
        Ok(child) => ended_well(child),
        Err(_) => works(
            libc::SYS_execveat,
            &[fd, text(""), words, numbers([0]), here],
        ),
    }
}

const PTRACE_ATTACH: usize = 16;
const PTRACE_SEIZE: usize = 0x4206;

pub(crate) const PROBES: &[Probe] = &[
    ("start a process", |_| clone(0)),
    ("start a process and wait for it", |_| {
        clone(libc::CLONE_VFORK)
    }),
    ("start processes without end", |_| (0..32).all(|_| clone(0))),
    ("start a process by clone3", |_| {
        let how = numbers([0, 0, 0, 0, libc::SIGCHLD as u64, 0, 0, 0, 0, 0, 0]);
        is_parent(call(libc::SYS_clone3, &[how, 64]))
    }),
    ("start a user's namespace", |_| clone(libc::CLONE_NEWUSER)),
    ("start a namespace of the network", |_| {
        clone(libc::CLONE_NEWNET)
    }),
    ("start a thread in another user's namespace", |_| {
        unshare(libc::CLONE_NEWUSER | libc::CLONE_THREAD)
    }),
    ("enter a new user's namespace", |_| {
        unshare(libc::CLONE_NEWUSER)
    }),
    ("enter a new namespace of mounts", |_| {
        unshare(libc::CLONE_NEWNS)
    }),
    ("enter a new namespace of the network", |_| {
        unshare(libc::CLONE_NEWNET)
    }),
    ("enter a new namespace of processes", |_| {
        unshare(libc::CLONE_NEWPID)
    }),
    ("enter a new namespace of names", |_| {
        unshare(libc::CLONE_NEWUTS)
    }),
    ("enter a new namespace of messages", |_| {
        unshare(libc::CLONE_NEWIPC)
    }),
    ("share the working folder no more", |_| {
        unshare(libc::CLONE_FS)
    }),
    ("enter another's namespace", |p| {
        let path = text(&format!("/proc/{}/ns/uts", p.starter));
        call(libc::SYS_openat, &[HERE, path, 0]).is_ok_and(|fd| works(libc::SYS_setns, &[fd, 0]))
    }),
    ("run a program of the system", |_| runs("/bin/true")),
    ("run a program in one's folder", |p| runs(&p.program)),
    ("run this program again", |_| runs("/proc/self/exe")),
    ("make a file in memory", |_| {
        works(libc::SYS_memfd_create, &[text("x"), 0])
    }),
    ("run a program from memory", |_| runs_from_memory(0)),
    ("signal another: is it there", |p| {
        works(libc::SYS_kill, &[p.sleeper as usize, 0])
    }),
    ("signal another to end", |p| {
        works(libc::SYS_kill, &[p.sleeper as usize, 15])
    }),
    ("signal the parent", |p| {
        works(libc::SYS_kill, &[p.starter as usize, 0])
    }),
    ("signal everybody: who is there", |_| {
        works(libc::SYS_kill, &[usize::MAX, 0])
    }),
    ("signal another's thread", |p| {
        let other = p.sleeper as usize;
        works(libc::SYS_tgkill, &[other, other, 0])
    }),
    ("signal a thread by number alone", |p| {
        works(libc::SYS_tkill, &[p.sleeper as usize, 0])
    }),
    ("signal another with a value", |p| {
        let info = numbers([0, u64::from((-1_i32).cast_unsigned()), 0, 0, 0, 0, 0, 0]);
        works(libc::SYS_rt_sigqueueinfo, &[p.sleeper as usize, 10, info])
    }),
    ("hold another process", |p| {
        works(libc::SYS_pidfd_open, &[p.sleeper as usize, 0])
    }),
    ("signal a process that is held", |p| {
        call(libc::SYS_pidfd_open, &[p.sleeper as usize, 0])
            .is_ok_and(|fd| works(libc::SYS_pidfd_send_signal, &[fd, 0, 0, 0]))
    }),
    ("take another's descriptor", |p| {
        call(libc::SYS_pidfd_open, &[p.starter as usize, 0])
            .is_ok_and(|fd| works(libc::SYS_pidfd_getfd, &[fd, p.inherited as usize, 0]))
    }),
    ("trace another process", |p| {
        works(libc::SYS_ptrace, &[PTRACE_ATTACH, p.sleeper as usize, 0, 0])
    }),
    ("trace another process quietly", |p| {
        works(libc::SYS_ptrace, &[PTRACE_SEIZE, p.sleeper as usize, 0, 0])
    }),
    ("be traced by the parent", |_| {
        works(libc::SYS_ptrace, &[0, 0, 0, 0])
    }),
    ("read another's memory", |p| {
        // Any address: what counts is that the call is refused.
        let to = numbers([zeros(16) as u64, 16]);
        let from = numbers([0x1000, 16]);
        let read = call(
            libc::SYS_process_vm_readv,
            &[p.sleeper as usize, to, 1, from, 1, 0],
        );
        read != Err(libc::EPERM)
    }),
    ("write another's memory", |p| {
        let from = numbers([zeros(16) as u64, 16]);
        let to = numbers([0x1000, 16]);
        let wrote = call(
            libc::SYS_process_vm_writev,
            &[p.sleeper as usize, from, 1, to, 1, 0],
        );
        wrote != Err(libc::EPERM)
    }),
    ("compare two processes", |p| {
        let (me, other) = (std::process::id() as usize, p.sleeper as usize);
        works(libc::SYS_kcmp, &[me, other, 1, 0, 0])
    }),
    ("read another's limits", |p| {
        works(libc::SYS_prlimit64, &[p.sleeper as usize, 7, 0, zeros(16)])
    }),
    ("set another's limits", |p| {
        works(
            libc::SYS_prlimit64,
            &[p.sleeper as usize, 7, numbers([64, 64]), 0],
        )
    }),
    ("bind another to a core", |p| {
        works(
            libc::SYS_sched_setaffinity,
            &[p.sleeper as usize, 8, numbers([1])],
        )
    }),
    ("make another wait", |p| {
        works(libc::SYS_setpriority, &[0, p.sleeper as usize, 10])
    }),
    ("come first", |_| {
        works(libc::SYS_setpriority, &[0, 0, -5_isize as usize])
    }),
    ("run before everybody", |_| {
        works(libc::SYS_sched_setscheduler, &[0, 1, numbers([1])])
    }),
    ("change the order of disk accesses", |_| {
        works(libc::SYS_ioprio_set, &[1, 0, 2 << 13])
    }),
    ("join another group of processes", |p| {
        works(libc::SYS_setpgid, &[0, 0]) || works(libc::SYS_setpgid, &[0, p.sleeper as usize])
    }),
    ("start a session", |_| works(libc::SYS_setsid, &[])),
    ("wait for a process", |_| {
        call(libc::SYS_wait4, &[usize::MAX, 0, 1, 0]) != Err(libc::EPERM)
    }),
    ("become another user", |_| {
        works(libc::SYS_setresuid, &[65534, 65534, 65534])
    }),
    ("become root", |_| works(libc::SYS_setuid, &[0])),
    ("become another group", |_| {
        works(libc::SYS_setresgid, &[65534, 65534, 65534])
    }),
    ("join groups", |_| {
        works(libc::SYS_setgroups, &[1, numbers([0])])
    }),
    ("take capabilities", |_| {
        let header = numbers([0x2008_0522]);
        works(libc::SYS_capset, &[header, numbers([0, 0, 0])])
    }),
    ("raise the limit of descriptors", |_| {
        works(libc::SYS_setrlimit, &[7, numbers([1024, 1024])])
    }),
    ("raise the limit of core files", |_| {
        works(libc::SYS_prlimit64, &[0, 4, numbers([1 << 20, 1 << 20]), 0])
    }),
    ("raise the limit of processor time", |_| {
        works(
            libc::SYS_prlimit64,
            &[0, 0, numbers([u64::MAX, u64::MAX]), 0],
        )
    }),
    ("open more descriptors than allowed", |_| {
        (0..512).all(|_| works(libc::SYS_dup, &[2]))
    }),
    ("take more memory than allowed", |_| {
        let (size, flags) = (6_usize << 30, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        let flags = (flags | libc::MAP_NORESERVE) as usize;
        works(libc::SYS_mmap, &[0, size, 3, flags, usize::MAX, 0])
    }),
];
