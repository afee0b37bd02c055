use super::*;

const FILES: [&str; 3] = ["a.json", "a.log", "a.mp4"];

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn begin(&self, force: bool, input: u8) -> Result<Outputs> {
        let files = FILES.map(|name| self.path(name));
        let files: Vec<&Path> = files.iter().map(PathBuf::as_path).collect();
        let inputs = || Inputs(vec![Digest([input; 32])]);
        let options = OutputOptions {
            force,
            ..OutputOptions::default()
        };
        let mut outputs = Outputs::begin(&files, &[], options, || Ok(inputs()))?;
        outputs.set_inputs(inputs());
        Ok(outputs)
    }

    fn place(&self, outputs: &mut Outputs, names: &[&str], content: &str) -> Result<()> {
        let paths: Vec<PathBuf> = names.iter().map(|name| self.path(name)).collect();
        let mut files = Vec::new();
        for path in &paths {
            let partial = outputs.partial(path)?;
            partial.fill(content.as_bytes())?;
            let digest = redact_record::digest_bytes(content.as_bytes());
            files.push((partial, path.as_path(), digest));
        }
        outputs.place(files)
    }

    /// Everything that is there, hidden files too.
    fn files(&self) -> Vec<(String, String)> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut files: Vec<_> = entries
            .map(|entry| entry.unwrap())
            .map(|entry| {
                let content = fs::read_to_string(entry.path()).unwrap();
                (entry.file_name().into_string().unwrap(), content)
            })
            .collect();
        files.sort();
        files
    }
}

/// The process ends in the middle: nothing is dropped but what the system frees.
fn kill(mut outputs: Outputs) {
    outputs.finished = true;
}

fn all(content: &str) -> Vec<(String, String)> {
    let named = |name: &str| (name.to_owned(), content.to_owned());
    FILES.iter().map(|name| named(name)).collect()
}

/// Goal: a command that comes to its end leaves its files and nothing else; without force the next
/// one is refused, and changes nothing.
#[test]
fn finished_files_stay() {
    let folder = Folder::new();
    let mut outputs = folder.begin(false, 1).unwrap();
    folder.place(&mut outputs, &FILES, "one").unwrap();
    outputs.finish().unwrap();
    assert_eq!(folder.files(), all("one"));
    let refused = folder.begin(false, 1).map(drop).unwrap_err();
    assert!(
        refused.text().ends_with("exists already"),
        "{}",
        refused.text()
    );
    folder
        .place(&mut folder.begin(true, 1).unwrap(), &FILES, "two")
        .unwrap();
    assert_eq!(folder.files()[..3], all("one"), "not finished");
    let mut outputs = folder.begin(true, 1).unwrap();
    folder.place(&mut outputs, &FILES, "two").unwrap();
    outputs.finish().unwrap();
    assert_eq!(folder.files(), all("two"));
}

/// Goal: a file that the new command does not make again goes when the command comes to its end. A
/// command that fails or is killed leaves it.
#[test]
fn a_file_that_is_not_made_again_goes_at_the_end() {
    let folder = Folder::new();
    let mut outputs = folder.begin(false, 1).unwrap();
    folder.place(&mut outputs, &FILES, "one").unwrap();
    outputs.finish().unwrap();
    let replace = || {
        let mut outputs = folder.begin(true, 1).unwrap();
        outputs.remove(&folder.path(FILES[0])).unwrap();
        folder.place(&mut outputs, &FILES[1..], "two").unwrap();
        assert!(!folder.path(FILES[0]).exists());
        outputs
    };
    drop(replace());
    assert_eq!(folder.files(), all("one"));
    kill(replace());
    drop(folder.begin(true, 1).unwrap());
    assert_eq!(folder.files(), all("one"));
    replace().finish().unwrap();
    assert_eq!(folder.files(), all("two")[1..]);
}

/// Goal: a command that fails leaves nothing.
#[test]
fn a_failed_command_leaves_nothing() {
    let folder = Folder::new();
    let mut outputs = folder.begin(false, 1).unwrap();
    folder.place(&mut outputs, &FILES[..1], "one").unwrap();
    folder.place(&mut outputs, &FILES[1..], "one").unwrap();
    drop(outputs);
    assert_eq!(folder.files(), []);
}

/// Goal: what a killed command left under final names does not stop the next one. Controls: other
/// inputs, and a file that was changed since.
#[test]
fn a_killed_command_is_undone_by_the_next() {
    let folder = Folder::new();
    for names in [&FILES[..1], &FILES] {
        let mut outputs = folder.begin(false, 1).unwrap();
        folder.place(&mut outputs, names, "one").unwrap();
        kill(outputs);
        let refused = folder.begin(false, 2).map(drop).unwrap_err();
        assert!(
            refused.text().ends_with("exists already"),
            "{}",
            refused.text()
        );
        drop(folder.begin(false, 1).unwrap());
        assert_eq!(folder.files(), []);
    }
    let mut outputs = folder.begin(false, 1).unwrap();
    folder.place(&mut outputs, &FILES, "one").unwrap();
    kill(outputs);
    fs::write(folder.path("a.json"), "edited").unwrap();
    assert!(folder.begin(false, 1).is_err());
    let edited = ("a.json".to_owned(), "edited".to_owned());
    assert!(folder.files().contains(&edited));
}

/// Goal: what was to be replaced by force is put back where the command was killed or failed.
#[test]
fn what_is_replaced_comes_back() {
    let folder = Folder::new();
    let mut outputs = folder.begin(false, 1).unwrap();
    folder.place(&mut outputs, &FILES, "one").unwrap();
    outputs.finish().unwrap();
    for ends in [kill, drop::<Outputs> as fn(Outputs)] {
        for content in ["one", "two"] {
            let mut outputs = folder.begin(true, 1).unwrap();
            folder.place(&mut outputs, &FILES, content).unwrap();
            ends(outputs);
            assert!(folder.begin(false, 1).is_err(), "it is finished");
            let files = folder.files();
            let named = files.into_iter().filter(|(name, _)| !name.starts_with('.'));
            assert_eq!(named.collect::<Vec<_>>(), all("one"));
        }
    }
}

/// Goal: a file that appeared meanwhile, a folder and a link that leads nowhere stay.
#[test]
fn what_came_meanwhile_stays() {
    let folder = Folder::new();
    let mut outputs = folder.begin(false, 1).unwrap();
    fs::write(folder.path("a.log"), "new").unwrap();
    let refused = folder.place(&mut outputs, &FILES, "one").unwrap_err();
    assert!(
        refused.text().ends_with("exists already"),
        "{}",
        refused.text()
    );
    drop(outputs);
    assert_eq!(folder.files(), [("a.log".to_owned(), "new".to_owned())]);
    fs::remove_file(folder.path("a.log")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path("a.log")).unwrap();
    assert!(folder.begin(false, 1).is_err());
    fs::remove_file(folder.path("a.log")).unwrap();
    fs::create_dir(folder.path("a.log")).unwrap();
    let mut outputs = folder.begin(true, 1).unwrap();
    assert!(folder.place(&mut outputs, &FILES, "one").is_err());
    drop(outputs);
    let left: Vec<_> = fs::read_dir(folder.0.path()).unwrap().collect();
    assert_eq!(left.len(), 1);
    assert!(folder.path("a.log").is_dir());
}

/// Goal: of two commands on one file, the second stops.
#[test]
fn one_command_at_a_time() {
    let folder = Folder::new();
    let first = folder.begin(false, 1).unwrap();
    let refused = folder.begin(true, 1).map(drop).unwrap_err();
    assert!(
        refused.text().contains("another process"),
        "{}",
        refused.text()
    );
    drop(first);
    drop(folder.begin(false, 1).unwrap());
}
