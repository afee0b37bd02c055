//! Checks, before a shared library is loaded, whether it could open network connections.
//!
//! ONNX Runtime contains a telemetry client since 1.29. The client starts a thread when the library
//! is loaded, and is only controlled by environment variables. A library with such a client is
//! therefore rejected by its content: the names of network functions that it imports, without which
//! it cannot call them, and the host that the client reports to.
//!
//! Offsets: `Elf64_Ehdr`, `Elf64_Shdr` and `Elf64_Sym` of elf(5).

use memchr::memmem;

/// Functions that open network connections, or are only used with them.
const NETWORK_FUNCTIONS: [&str; 14] = [
    "socket",
    "connect",
    "bind",
    "listen",
    "accept",
    "accept4",
    "sendto",
    "sendmsg",
    "recvfrom",
    "getaddrinfo",
    "gethostbyname",
    "gethostbyname_r",
    "getnameinfo",
    "res_query",
];

/// Prefix of libcurl's functions.
const CURL_PREFIX: &str = "curl_";

/// Hosts and services that telemetry clients report to.
const TELEMETRY_HOSTS: [&str; 3] = [
    "events.data.microsoft.com",
    "vortex.data.microsoft.com",
    "OneCollector",
];

const SECTION_DYNSYM: u32 = 11;
const SECTION_BYTES: usize = 64;
const SYMBOL_BYTES: usize = 24;

/// Why a library is not loaded.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(crate) enum OfflineError {
    /// Its imports cannot be read.
    #[error("not a 64-bit little-endian ELF library with a symbol table")]
    NotElf,
    /// It can open a connection, or contains a telemetry host.
    #[error("{0}")]
    Network(String),
}

/// Rejects a library that could open network connections.
///
/// # Errors
/// [`OfflineError`]: not a readable ELF file, an imported network function, or a telemetry host.
pub(crate) fn check(library: &[u8]) -> Result<(), OfflineError> {
    let imports = imports(library).ok_or(OfflineError::NotElf)?;
    let network = |name: &&str| NETWORK_FUNCTIONS.contains(name) || name.starts_with(CURL_PREFIX);
    if let Some(name) = imports.into_iter().find(network) {
        let found = format!("it imports the network function {name:?}");
        return Err(OfflineError::Network(found));
    }
    let contains = |host: &&str| memmem::find(library, host.as_bytes()).is_some();
    match TELEMETRY_HOSTS.into_iter().find(contains) {
        Some(host) => {
            let found = format!("it contains the telemetry address {host:?}");
            Err(OfflineError::Network(found))
        }
        None => Ok(()),
    }
}

/// Names of imported symbols; `None` if they cannot be read.
fn imports(file: &[u8]) -> Option<Vec<&str>> {
    // Class 2: 64-bit; data 1: little-endian.
    if file.get(..6)? != [0x7f, b'E', b'L', b'F', 2, 1] {
        return None;
    }
    let sections = place(read_u64(file, 0x28)?)?;
    let count = usize::from(read_u16(file, 0x3c)?);
    let section = |at: usize| {
        let start = sections.checked_add(at.checked_mul(SECTION_BYTES)?)?;
        file.get(start..start.checked_add(SECTION_BYTES)?)
    };
    let mut found = Vec::new();
    let mut listed = false;
    for at in 0..count {
        let header = section(at)?;
        if read_u32(header, 4)? != SECTION_DYNSYM {
            continue;
        }
        listed = true;
        let names = section_bytes(file, section(place(read_u32(header, 40)?.into())?)?)?;
        for symbol in section_bytes(file, header)?.chunks_exact(SYMBOL_BYTES) {
            let undefined = read_u16(symbol, 6)? == 0;
            let name = names.get(place(read_u32(symbol, 0)?.into())?..)?;
            let end = memchr::memchr(0, name)?;
            if undefined && end > 0 {
                found.push(std::str::from_utf8(&name[..end]).ok()?);
            }
        }
    }
    listed.then_some(found)
}

/// The bytes of a section, by its header.
fn section_bytes<'a>(file: &'a [u8], header: &[u8]) -> Option<&'a [u8]> {
    let start = place(read_u64(header, 24)?)?;
    let end = start.checked_add(place(read_u64(header, 32)?)?)?;
    file.get(start..end)
}

fn place(value: u64) -> Option<usize> {
    usize::try_from(value).ok()
}

fn read<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn read_u16(bytes: &[u8], at: usize) -> Option<u16> {
    read(bytes, at).map(u16::from_le_bytes)
}

fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    read(bytes, at).map(u32::from_le_bytes)
}

fn read_u64(bytes: &[u8], at: usize) -> Option<u64> {
    read(bytes, at).map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    /// A library compiled from `code`.
    fn compiled(dir: &Path, name: &str, code: &str) -> Vec<u8> {
        let source: PathBuf = dir.join(format!("{name}.c"));
        let library = dir.join(format!("{name}.so"));
        std::fs::write(&source, code).unwrap();
        let done = Command::new("cc")
            .args(["-shared", "-fPIC", "-o"])
            .args([&library, &source])
            .status()
            .expect("tests need a C compiler; scripts/setup installs one");
        assert!(done.success());
        std::fs::read(library).unwrap()
    }

    fn found(library: &[u8]) -> String {
        check(library).unwrap_err().to_string()
    }

    /// Goal: a library that can open a connection is detected by its imports. Control: one that
    /// only mentions or defines such a function is accepted.
    #[test]
    fn a_library_that_can_open_a_connection_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let honest = "double twice(double x) { return 2 * x; } \
                      int disconnect(void) { return 0; } \
                      const char *word = \"connect\";";
        assert_eq!(check(&compiled(dir.path(), "honest", honest)), Ok(()));
        for name in ["socket", "connect", "getaddrinfo", "curl_easy_init"] {
            let code = format!("int {name}(); int disconnect(void) {{ return {name}(); }}");
            let library = compiled(dir.path(), name, &code);
            assert!(found(&library).contains(&format!("{name:?}")));
        }
    }

    /// Goal: the known telemetry service is detected without any imports.
    #[test]
    fn a_library_that_names_the_telemetry_host_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let code = "const char *to = \"https://mobile.events.data.microsoft.com/\";";
        let library = compiled(dir.path(), "reports", code);
        assert!(found(&library).contains("events.data.microsoft.com"));
    }

    /// Goal: a file that cannot be checked is rejected without a panic.
    #[test]
    fn a_file_that_cannot_be_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let library = compiled(dir.path(), "whole", "int one(void) { return 1; }");
        assert_eq!(check(b"not a library"), Err(OfflineError::NotElf));
        // The section headers are at the end.
        for length in (0..library.len()).step_by(97) {
            assert_eq!(check(&library[..length]), Err(OfflineError::NotElf));
        }
    }
}
