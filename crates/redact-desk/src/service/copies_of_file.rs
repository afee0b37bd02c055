//! Finds files in the data folder by their content.

use std::collections::{HashMap, HashSet};
use std::io::{self, BufRead as _};
use std::path::{Path, PathBuf};

use crate::domain::disposal::GoneFile;

/// Files of these names are the desk's own: nothing of a recording is in them by itself.
const OWN: [&str; 4] = [
    "desk.sqlite",
    "desk.sqlite-wal",
    "desk.sqlite-shm",
    "desk.lock",
];

/// What a search found.
pub(crate) struct FoundCopies {
    /// Stray copies of what was searched for, apart from the files themselves.
    pub(crate) copies: Vec<GoneFile>,
    /// Equal files in folders of what stays.
    pub(crate) stay: Vec<String>,
    /// Files that were there.
    pub(crate) compared: u64,
}

/// All files below `folder`. Links are not followed.
///
/// # Errors
/// For a folder that cannot be read.
pub(crate) fn files_below(folder: &Path, list: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            files_below(&entry.path(), list)?;
        } else if kind.is_file() {
            list.push(entry.path());
        }
    }
    Ok(())
}

fn digest(path: &Path) -> io::Result<(String, u64)> {
    let mut goes_on = |_, _| std::ops::ControlFlow::Continue(());
    let (digest, bytes) =
        redact_record::digest_file(path, &mut goes_on).map_err(io::Error::other)?;
    Ok((digest.to_string(), bytes))
}

fn described(root: &Path, path: &Path) -> io::Result<GoneFile> {
    let (sha256, bytes) = digest(path)?;
    let inside = path.strip_prefix(root).unwrap_or(path);
    Ok(GoneFile {
        path: inside.to_string_lossy().into_owned(),
        bytes,
        sha256,
    })
}

/// Adds the files at `place`, a folder or a file, with their digests.
///
/// # Errors
/// For a file that cannot be read.
pub(crate) fn add_files(root: &Path, place: &Path, list: &mut Vec<GoneFile>) -> io::Result<()> {
    let mut paths = Vec::new();
    if place.is_dir() {
        files_below(place, &mut paths)?;
    } else if place.exists() {
        paths.push(place.to_owned());
    }
    paths.sort();
    for path in paths {
        list.push(described(root, &path)?);
    }
    Ok(())
}

/// Finds copies of files by size and digest anywhere in the data folder, and tells stray ones from
/// those below the folders `others`, which belong to something that stays. Empty files are not
/// searched for: they say nothing.
///
/// # Errors
/// For a file that cannot be read.
pub(crate) fn find(
    root: &Path,
    files: &[GoneFile],
    others: &HashSet<PathBuf>,
) -> io::Result<FoundCopies> {
    let mut wanted: HashMap<u64, HashSet<&str>> = HashMap::new();
    for file in files.iter().filter(|file| is_content(file)) {
        wanted.entry(file.bytes).or_default().insert(&file.sha256);
    }
    let own: HashSet<PathBuf> = files.iter().map(|file| root.join(&file.path)).collect();
    let mut paths = Vec::new();
    files_below(root, &mut paths)?;
    let mut found = FoundCopies {
        copies: Vec::new(),
        stay: Vec::new(),
        compared: 0,
    };
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if OWN.contains(&&*name) || own.contains(&path) {
            continue;
        }
        found.compared += 1;
        // A file that ended in between is not there.
        let Ok(meta) = std::fs::metadata(&path) else {
            continue;
        };
        let Some(digests) = wanted.get(&meta.len()) else {
            continue;
        };
        let one = match described(root, &path) {
            Err(_) if !path.exists() => continue,
            one => one?,
        };
        if !digests.contains(one.sha256.as_str()) {
            continue;
        }
        if path.ancestors().any(|folder| others.contains(folder)) {
            found.stay.push(one.path);
        } else {
            found.copies.push(one);
        }
    }
    Ok(found)
}

/// Files in `folder` with which the file `whole` begins: uploads of it that nobody finished. Empty
/// files are none.
///
/// # Errors
/// For a file that cannot be read.
pub(crate) fn beginnings(folder: &Path, whole: &Path) -> io::Result<Vec<PathBuf>> {
    let length = std::fs::metadata(whole)?.len();
    let mut paths = Vec::new();
    files_below(folder, &mut paths)?;
    let mut found = Vec::new();
    for path in paths {
        // A file that ended in between is not there.
        let Ok(part) = std::fs::File::open(&path) else {
            continue;
        };
        let bytes = part.metadata()?.len();
        if (1..length).contains(&bytes) && begins_with(whole, part)? {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn begins_with(whole: &Path, part: std::fs::File) -> io::Result<bool> {
    let mut whole = io::BufReader::with_capacity(1 << 20, std::fs::File::open(whole)?);
    let mut part = io::BufReader::with_capacity(1 << 20, part);
    loop {
        let wanted = part.fill_buf()?;
        if wanted.is_empty() {
            return Ok(true);
        }
        let found = whole.fill_buf()?;
        let common = wanted.len().min(found.len());
        if common == 0 || wanted[..common] != found[..common] {
            return Ok(false);
        }
        part.consume(common);
        whole.consume(common);
    }
}

/// Removes files and folders; what is not there is gone already.
///
/// # Errors
/// If one cannot be removed.
pub(crate) fn remove(paths: &[PathBuf]) -> io::Result<()> {
    for path in paths {
        let removed = if path.is_dir() {
            std::fs::remove_dir_all(path)
        } else {
            std::fs::remove_file(path)
        };
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Whether equal bytes elsewhere can only be a copy. Lists that are empty (`[]`), and times of
/// frames, are the same for many recordings.
fn is_content(file: &GoneFile) -> bool {
    let name = Path::new(&file.path).file_name().unwrap_or_default();
    let common = [
        crate::paths::recording_files::TIMELINE,
        crate::paths::recording_files::MEDIA,
        crate::paths::recording_files::MOMENTS,
        crate::paths::release_files::REQUEST,
        crate::paths::package_files::PROFILE,
    ];
    file.bytes > 0 && !common.iter().any(|one| name == *one)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: an upload that was not finished is found by what it has of a file. Controls: another
    /// file of that length, an empty one, the whole file, and a longer one.
    #[test]
    fn an_unfinished_upload_is_found_by_what_it_has() {
        let root = tempfile::TempDir::new().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        };
        let whole: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
        write("source.mp4", &whole);
        write("uploads/begun", &whole[..2_000_001]);
        write("uploads/small", &whole[..1]);
        let mut other = whole[..2_000_001].to_vec();
        other[2_000_000] ^= 1;
        write("uploads/other", &other);
        write("uploads/empty", b"");
        write("uploads/whole", &whole);
        write("uploads/longer", &[&whole[..], b"x"].concat());
        let found = beginnings(
            &root.path().join("uploads"),
            &root.path().join("source.mp4"),
        );
        let found = found.unwrap();
        let names: Vec<_> = found.iter().map(|path| path.file_name().unwrap()).collect();
        assert_eq!(names, ["begun", "small"]);
    }

    /// Goal: a copy under any name is found by its content. Controls: another file of the same
    /// size, and one that belongs to another recording.
    #[test]
    fn a_copy_is_found_by_its_content() {
        let root = tempfile::TempDir::new().unwrap();
        let write = |name: &str, text: &str| {
            let path = root.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("recordings/a/source.mp4", "the recording");
        write("uploads/one", "the recording");
        write("uploads/two", "another file!");
        write("recordings/b/source.mp4", "the recording");
        let mut files = Vec::new();
        add_files(root.path(), &root.path().join("recordings/a"), &mut files).unwrap();
        assert_eq!(files.len(), 1);
        let others = HashSet::from([root.path().join("recordings/b")]);
        let found = find(root.path(), &files, &others).unwrap();
        assert_eq!(found.copies.len(), 1);
        assert_eq!(found.copies[0].path, "uploads/one");
        assert_eq!(found.stay, ["recordings/b/source.mp4"]);
        assert_eq!(found.compared, 3);
    }
}
