//! Names of files in a package: neutral, portable, and the same on every system.

/// The package manifest.
pub const PACKAGE_FILE: &str = "package.json";
/// Its signature.
pub const PACKAGE_SIGNATURE: &str = "package.json.minisig";
/// The list of digests for `sha256sum -c`.
pub const SUMS_FILE: &str = "SHA256SUMS";

/// Maximum length of a path in bytes: Joliet names have at most 64 characters.
const PATH_MAX: usize = 120;
/// Maximum length of a name in bytes.
const NAME_MAX: usize = 64;

/// The folder with the files of all exhibits.
#[must_use]
pub const fn exhibit_folder() -> &'static str {
    "exhibits"
}

/// The name of the files of exhibit `number` of `count`, without folder and ending: `exhibit-01`,
/// with at least two digits and as many as the last exhibit needs.
#[must_use]
pub fn exhibit_stem(number: u32, count: u32) -> String {
    let width = digits(count).max(2);
    format!("exhibit-{number:0width$}")
}

/// The name of the files of part `number` of `count` of an exhibit, without folder and ending:
/// `exhibit-01-part-2-of-3`.
#[must_use]
pub fn part_stem(exhibit: &str, number: u32, count: u32) -> String {
    let width = digits(count);
    format!("{exhibit}-part-{number:0width$}-of-{count}")
}

fn digits(count: u32) -> usize {
    count.to_string().len()
}

/// Whether `path` may be the path of a file in a package: names of `a`–`z`, `0`–`9`, `.`, `-` and
/// `_` that begin with a letter or digit and do not end in a period, in at most one folder. Such
/// names differ from each other on every file system, and name no device and no folder above.
#[must_use]
pub fn is_package_path(path: &str) -> bool {
    let is_name = |name: &str| {
        let valid = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_');
        let first = name.bytes().next();
        name.len() <= NAME_MAX
            && name.bytes().all(valid)
            && first.is_some_and(|byte| byte.is_ascii_alphanumeric())
            && !name.ends_with('.')
            && !name.contains("..")
            && !is_device(name)
    };
    path.len() <= PATH_MAX && path.split('/').count() <= 2 && path.split('/').all(is_name)
}

/// Names of devices on Windows, with or without an ending.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name);
    let numbered = |prefix: &str| {
        let rest = stem.strip_prefix(prefix);
        rest.is_some_and(|rest| matches!(rest.as_bytes(), [b'0'..=b'9']))
    };
    matches!(stem, "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt")
}
