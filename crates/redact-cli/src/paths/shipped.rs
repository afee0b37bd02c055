//! Files that come with the program: in a checkout, or where a package installed them.

use std::env;
use std::path::{Path, PathBuf};

/// Where files that come with the program are.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Shipped {
    /// In one of these folders or in a folder above: the working folder and the program's.
    Checkout(Vec<PathBuf>),
    /// Below this folder, `/usr` as a rule: `share/redact` and `lib/redact`.
    ///
    /// The working folder does not count then. It may contain files that came with a recording,
    /// and a library that is found there would be loaded.
    Installed(PathBuf),
}

impl Shipped {
    /// Those of this program.
    pub(super) fn find() -> Self {
        Self::of(env::current_exe().ok(), env::current_dir().ok())
    }

    /// Those of `program`, which is installed if it is in a folder `bin` beside `share/redact`.
    ///
    /// - `program`: its file, as the system names it.
    /// - `working`: the working folder.
    fn of(program: Option<PathBuf>, working: Option<PathBuf>) -> Self {
        match program.as_deref().and_then(prefix) {
            Some(prefix) => Self::Installed(prefix.to_owned()),
            None => Self::Checkout(working.into_iter().chain(program).collect()),
        }
    }

    /// A file or folder of data.
    ///
    /// - `name`: its name in `share/redact`, and in a checkout.
    pub(super) fn data(&self, name: &str) -> Option<PathBuf> {
        self.locate(name, &format!("share/redact/{name}"))
    }

    /// The ONNX Runtime library.
    pub(super) fn onnx_runtime(&self) -> Option<PathBuf> {
        let installed = "lib/redact/libonnxruntime.so";
        self.locate(".deps/onnxruntime/libonnxruntime.so", installed)
    }

    /// The page that checks a release in a browser.
    pub(super) fn verifier(&self) -> Option<PathBuf> {
        let name = "verify.html";
        let built = self.locate("target/checker/verify.html", "share/redact/verify.html");
        built.or_else(|| self.data(name))
    }

    fn locate(&self, in_checkout: &str, installed: &str) -> Option<PathBuf> {
        let found = |path: PathBuf| path.exists().then_some(path);
        match self {
            Self::Installed(prefix) => found(prefix.join(installed)),
            Self::Checkout(starts) => starts
                .iter()
                .flat_map(|start| start.ancestors())
                .find_map(|folder| found(folder.join(in_checkout))),
        }
    }
}

/// The folder below which `program` was installed, if it was.
fn prefix(program: &Path) -> Option<&Path> {
    let folder = program.parent()?;
    let prefix = folder.parent()?;
    (folder.ends_with("bin") && prefix.join("share/redact").is_dir()).then_some(prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(path: &Path) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }

    /// Goal: an installed program finds what its package installed, without any variable, and loads
    /// nothing from the working folder. Control: without `share/redact` it does.
    #[test]
    fn an_installed_program_ignores_the_working_folder() {
        let root = tempfile::tempdir().unwrap();
        let (usr, working) = (root.path().join("usr"), root.path().join("case-17"));
        let library = working.join(".deps/onnxruntime/libonnxruntime.so");
        touch(&library);
        touch(&working.join("policies/p.toml"));
        let program = usr.join("bin/redact");
        let find = || Shipped::of(Some(program.clone()), Some(working.clone()));
        assert_eq!(find().onnx_runtime(), Some(library));
        assert_eq!(find().data("policies"), Some(working.join("policies")));

        touch(&usr.join("share/redact/policies/p.toml"));
        assert_eq!(find(), Shipped::Installed(usr.clone()));
        assert_eq!(find().onnx_runtime(), None);
        touch(&usr.join("lib/redact/libonnxruntime.so"));
        let installed = usr.join("lib/redact/libonnxruntime.so");
        assert_eq!(find().onnx_runtime(), Some(installed));
        let policies = usr.join("share/redact/policies");
        assert_eq!(find().data("policies"), Some(policies));
        assert_eq!(find().verifier(), None);
    }

    /// Goal: a checkout has its files above the program or the working folder, and the working
    /// folder comes first. Control: a name that is nowhere.
    #[test]
    fn a_checkout_is_searched_upward() {
        let root = tempfile::tempdir().unwrap();
        let (here, there) = (root.path().join("a/b"), root.path().join("c/target/redact"));
        let find = || Shipped::of(Some(there.clone()), Some(here.clone()));
        assert_eq!(find().data("models"), None);
        touch(&root.path().join("c/models/x.toml"));
        assert_eq!(find().data("models"), Some(root.path().join("c/models")));
        touch(&root.path().join("a/models/x.toml"));
        assert_eq!(find().data("models"), Some(root.path().join("a/models")));
        touch(&root.path().join("c/target/checker/verify.html"));
        let page = root.path().join("c/target/checker/verify.html");
        assert_eq!(find().verifier(), Some(page));
    }
}
