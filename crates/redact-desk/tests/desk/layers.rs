//! The order inside the crate: no module imports another that imports it, however far around, and
//! no layer knows one above it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A module as its path below the crate, e.g. `["db", "users"]`.
type Module = Vec<String>;

/// Layers with those that each may import; what is in none of them is below all.
const LAYERS: [(&str, &[&str]); 4] = [
    ("db", &[]),
    ("domain", &[]),
    ("service", &["db", "domain"]),
    ("http", &["db", "domain", "service"]),
];

/// Files on top of all layers.
const TOP: [&str; 4] = ["lib", "desk", "serve", "typescript"];

fn files(folder: &Path, list: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, list);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            list.push(path);
        }
    }
}

/// The sources by module, without comments and tests.
fn sources() -> BTreeMap<Module, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut list = Vec::new();
    files(&root, &mut list);
    let source = |path: PathBuf| {
        let inside = path.strip_prefix(&root).unwrap().with_extension("");
        let module = inside.iter().map(|part| part.to_str().unwrap().to_owned());
        let text = std::fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        let lines = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        (module.collect(), lines.collect::<Vec<_>>().join("\n"))
    };
    list.into_iter().map(source).collect()
}

/// The paths that a `use` tree names: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn expand(prefix: &str, tree: &str, paths: &mut Vec<String>) {
    let tree = tree.trim();
    let Some((head, rest)) = tree.split_once('{') else {
        paths.push(format!("{prefix}{tree}"));
        return;
    };
    let inside = rest.trim_end().strip_suffix('}').unwrap_or(rest);
    let (mut depth, mut start) = (0, 0);
    for (at, letter) in inside.char_indices().chain([(inside.len(), ',')]) {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                if !inside[start..at].trim().is_empty() {
                    expand(&format!("{prefix}{head}"), &inside[start..at], paths);
                }
                start = at + 1;
            }
            _ => {}
        }
    }
}

/// Paths of this crate that a source names, in `use` and elsewhere, as the crate spells them.
fn paths(module: &Module, source: &str) -> Vec<Module> {
    let mut named = Vec::new();
    for (at, _) in source.match_indices("use ") {
        let before = source[..at].chars().next_back();
        if before.is_none_or(|letter| letter == '\n' || letter == ' ') {
            let tree = source[at + 4..].split(';').next().unwrap_or_default();
            expand("", tree, &mut named);
        }
    }
    for start in ["crate::", "super::"] {
        for (at, _) in source.match_indices(start) {
            let path: String = source[at..]
                .chars()
                .take_while(|&letter| letter.is_alphanumeric() || letter == '_' || letter == ':')
                .collect();
            named.push(path);
        }
    }
    named
        .iter()
        .filter_map(|path| {
            let parts: Vec<&str> = path.split("::").map(str::trim).collect();
            let (first, rest) = parts.split_first()?;
            let mut whole: Module = match *first {
                "crate" => Vec::new(),
                "super" => module[..module.len() - 1].to_vec(),
                _ => return None,
            };
            whole.extend(rest.iter().map(|part| (*part).to_owned()));
            Some(whole)
        })
        .collect()
}

/// Which modules each module imports.
fn imports(sources: &BTreeMap<Module, String>) -> BTreeMap<Module, BTreeSet<Module>> {
    let mut all = BTreeMap::new();
    for (module, source) in sources {
        let mut found = BTreeSet::new();
        for mut path in paths(module, source) {
            while !path.is_empty() && !sources.contains_key(&path) {
                path.pop();
            }
            let path = if path.is_empty() {
                vec!["lib".to_owned()]
            } else {
                path
            };
            if path != *module {
                found.insert(path);
            }
        }
        all.insert(module.clone(), found);
    }
    all
}

/// Takes away modules that import nothing that is left, until none can be: circles stay, with what
/// imports them.
fn in_circles(mut imports: BTreeMap<Module, BTreeSet<Module>>) -> Vec<Module> {
    loop {
        let free: Vec<Module> = imports
            .iter()
            .filter(|(_, of)| of.iter().all(|module| !imports.contains_key(module)))
            .map(|(module, _)| module.clone())
            .collect();
        if free.is_empty() {
            return imports.into_keys().collect();
        }
        for module in free {
            imports.remove(&module);
        }
    }
}

fn layer(module: &Module) -> &str {
    let first = module[0].as_str();
    match LAYERS.iter().find(|(layer, _)| *layer == first) {
        Some((layer, _)) => layer,
        None if TOP.contains(&first) => "top",
        None => "base",
    }
}

fn allowed(from: &str, to: &str) -> bool {
    let known = LAYERS.iter().find(|(layer, _)| *layer == from);
    match (from, to) {
        ("top", _) | (_, "base") => true,
        _ if from == to => true,
        _ => known.is_some_and(|(_, below)| below.contains(&to)),
    }
}

/// Goal: one can read the crate from the bottom to the top.
#[test]
fn no_module_imports_what_imports_it() {
    let imports = imports(&sources());
    assert!(imports.len() > 80, "{} modules", imports.len());
    assert!(
        imports[&vec!["http".to_owned(), "reviews".to_owned()]]
            .contains(&vec!["service".to_owned(), "reviews".to_owned()]),
        "the control: imports are found"
    );
    let circles = in_circles(imports);
    assert!(circles.is_empty(), "{circles:?}");
}

/// Control of the above: a circle over three modules is found, and what only leads to it goes with
/// it.
#[test]
fn a_circle_is_found() {
    let module = |name: &str| vec![name.to_owned()];
    let source = |name: &str, text: &str| (module(name), text.to_owned());
    let sources = BTreeMap::from([
        source("a", "use crate::{b, d::x};"),
        source("b", "use super::c::{self, y};"),
        source("c", "fn f() { crate::a::g() }"),
        source("d", ""),
    ]);
    let circles = in_circles(imports(&sources));
    assert_eq!(circles, [module("a"), module("b"), module("c")]);
}

/// Goal: `db` knows no HTTP, `domain` knows neither, and what is below is not told what is above.
#[test]
fn layers_know_only_those_below() {
    let sources = sources();
    for (module, imported) in imports(&sources) {
        for other in imported {
            let (from, to) = (layer(&module), layer(&other));
            assert!(allowed(from, to), "{module:?} imports {other:?}");
        }
    }
    for (module, source) in &sources {
        let forbidden: &[&str] = match layer(module) {
            "db" => &["axum"],
            "domain" => &["axum", "sqlx"],
            "service" => &["axum", "sqlx"],
            "http" => &["sqlx"],
            _ => &[],
        };
        for name in forbidden {
            let named = source.contains(&format!("{name}::"));
            assert!(!named, "{module:?} names {name}");
        }
    }
    assert!(!allowed("db", "domain") && !allowed("service", "http") && !allowed("base", "db"));
}
