//! The network, and sockets of every other kind.

use crate::{Probe, call, numbers, text, works, zeros};

fn socket(family: i32, kind: i32, protocol: i32) -> Result<usize, i32> {
    call(
        libc::SYS_socket,
        &[family as usize, kind as usize, protocol as usize],
    )
}

/// An address of this machine in IPv4.
fn here(port: u16) -> usize {
    let family = u64::from(libc::AF_INET.cast_unsigned());
    let port = u64::from(port.to_be()) << 16;
    let address = u64::from(u32::from_ne_bytes([127, 0, 0, 1])) << 32;
    numbers([family | port | address, 0])
}

/// The address of a local socket: a path, or a name behind a zero.
fn local(name: &str, is_abstract: bool) -> (usize, usize) {
    let mut bytes = (libc::AF_UNIX as u16).to_ne_bytes().to_vec();
    bytes.extend(is_abstract.then_some(0));
    bytes.extend(name.as_bytes());
    bytes.extend((!is_abstract).then_some(0));
    let length = bytes.len();
    (
        Box::leak(bytes.into_boxed_slice()).as_ptr() as usize,
        length,
    )
}

fn connects(fd: Result<usize, i32>, address: (usize, usize)) -> bool {
    fd.is_ok_and(|fd| works(libc::SYS_connect, &[fd, address.0, address.1]))
}

fn opens(family: i32, kind: i32, protocol: i32) -> bool {
    socket(family, kind, protocol).is_ok()
}

const MPTCP: i32 = 262;

pub(crate) const PROBES: &[Probe] = &[
    ("open a TCP socket", |_| {
        opens(libc::AF_INET, libc::SOCK_STREAM, 0)
    }),
    ("open a TCP socket of IPv6", |_| {
        opens(libc::AF_INET6, libc::SOCK_STREAM, 0)
    }),
    ("connect by TCP", |p| {
        connects(
            socket(libc::AF_INET, libc::SOCK_STREAM, 0),
            (here(p.tcp), 16),
        )
    }),
    ("listen on a port", |_| {
        socket(libc::AF_INET, libc::SOCK_STREAM, 0)
            .is_ok_and(|fd| works(libc::SYS_listen, &[fd, 1]))
    }),
    ("bind a port", |_| {
        socket(libc::AF_INET, libc::SOCK_STREAM, 0)
            .is_ok_and(|fd| works(libc::SYS_bind, &[fd, here(0), 16]))
    }),
    ("connect by TCP with the first bytes", |p| {
        const MSG_FASTOPEN: usize = 0x2000_0000;
        socket(libc::AF_INET, libc::SOCK_STREAM, 0).is_ok_and(|fd| {
            works(
                libc::SYS_sendto,
                &[fd, text("x"), 1, MSG_FASTOPEN, here(p.tcp), 16],
            )
        })
    }),
    ("open a socket of Multipath TCP", |_| {
        opens(libc::AF_INET, libc::SOCK_STREAM, MPTCP)
    }),
    ("connect by Multipath TCP", |p| {
        connects(
            socket(libc::AF_INET, libc::SOCK_STREAM, MPTCP),
            (here(p.tcp), 16),
        )
    }),
    ("open a UDP socket", |_| {
        opens(libc::AF_INET, libc::SOCK_DGRAM, 0)
    }),
    ("open a UDP socket of IPv6", |_| {
        opens(libc::AF_INET6, libc::SOCK_DGRAM, 0)
    }),
    ("send by UDP", |p| {
        socket(libc::AF_INET, libc::SOCK_DGRAM, 0)
            .is_ok_and(|fd| works(libc::SYS_sendto, &[fd, text("x"), 1, 0, here(p.udp), 16]))
    }),
    ("open a UDP-Lite socket", |_| {
        opens(libc::AF_INET, libc::SOCK_DGRAM, 136)
    }),
    ("open an SCTP socket", |_| {
        opens(libc::AF_INET, libc::SOCK_STREAM, 132)
    }),
    ("open a ping socket", |_| {
        opens(libc::AF_INET, libc::SOCK_DGRAM, 1)
    }),
    ("open a raw socket", |_| {
        opens(libc::AF_INET, libc::SOCK_RAW, 1)
    }),
    ("open a raw socket of IPv6", |_| {
        opens(libc::AF_INET6, libc::SOCK_RAW, 58)
    }),
    ("open a packet socket", |_| {
        opens(libc::AF_PACKET, libc::SOCK_RAW, 0)
    }),
    ("open a netlink socket", |_| {
        opens(libc::AF_NETLINK, libc::SOCK_RAW, 0)
    }),
    ("open a netlink socket of the kernel's audit", |_| {
        opens(libc::AF_NETLINK, libc::SOCK_RAW, 9)
    }),
    ("open a socket to the host", |_| {
        opens(libc::AF_VSOCK, libc::SOCK_STREAM, 0)
    }),
    ("open a cipher socket", |_| {
        opens(libc::AF_ALG, libc::SOCK_SEQPACKET, 0)
    }),
    ("open a local socket", |_| {
        opens(libc::AF_UNIX, libc::SOCK_STREAM, 0)
    }),
    ("connect to a local socket by path", |p| {
        connects(
            socket(libc::AF_UNIX, libc::SOCK_STREAM, 0),
            local(&p.unix, false),
        )
    }),
    ("connect to a local socket by name", |p| {
        connects(
            socket(libc::AF_UNIX, libc::SOCK_DGRAM, 0),
            local(&p.unix_name, true),
        )
    }),
    ("bind a local socket in one's folder", |p| {
        let (address, length) = local(&format!("{}/socket", p.own), false);
        socket(libc::AF_UNIX, libc::SOCK_STREAM, 0)
            .is_ok_and(|fd| works(libc::SYS_bind, &[fd, address, length]))
    }),
    ("bind a local socket by name", |p| {
        let (address, length) = local(&format!("mine-{}", p.sleeper), true);
        socket(libc::AF_UNIX, libc::SOCK_STREAM, 0)
            .is_ok_and(|fd| works(libc::SYS_bind, &[fd, address, length]))
    }),
    ("make a pair of sockets", |_| {
        works(
            libc::SYS_socketpair,
            &[libc::AF_UNIX as usize, 1, 0, zeros(8)],
        )
    }),
    ("make a ring for input and output", |_| {
        works(libc::SYS_io_uring_setup, &[4, zeros(256)])
    }),
    ("set up asynchronous input and output", |_| {
        works(libc::SYS_io_setup, &[4, zeros(8)])
    }),
];
