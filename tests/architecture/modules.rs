//! Modules of a crate import each other in one direction only, and a name means one type.
//!
//! Both are read off the sources. A file is a module; what it names through `use`, `crate::…`,
//! `super::…` or a child's name is an import of the file that defines it. Re-exports are followed
//! to that file, and are no imports themselves: they only give a name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// A module's path from the crate's root; the root is empty.
type ModulePath = Vec<String>;

/// The sources of one crate without tests: module and text.
type Sources = Vec<(ModulePath, String)>;

#[test]
fn modules_of_a_crate_import_each_other_in_no_circle() {
    for (name, sources) in crates() {
        let circles = Modules::new(&sources).circles();
        assert!(circles.is_empty(), "{name}: {circles:#?}");
    }
}

#[test]
fn no_two_visible_types_of_a_crate_share_a_name() {
    for (name, sources) in crates() {
        let twins = twins(&sources);
        assert!(twins.is_empty(), "{name}: {twins:#?}");
    }
}

/// Goal: the two tests above can fail, and find imports however they are spelled.
#[test]
fn circles_and_twins_are_found() {
    let source = |path: &str, text: &str| {
        let parts = path.split("::").filter(|part| !part.is_empty());
        (parts.map(str::to_owned).collect(), text.to_owned())
    };
    let circle = |files: Sources| !Modules::new(&files).circles().is_empty();
    let a = |text: &str| {
        vec![
            source("", "mod a; mod b; pub use b::B; pub(crate) use a::A;"),
            source("a", text),
            source("b", "use crate::A; pub struct B;"),
        ]
    };
    for text in [
        "pub struct A; use crate::b::B;",
        "pub struct A; use crate::B;",
        "pub struct A; use crate::{b::{self, B}};",
        "pub struct A; fn f() -> crate::b::B { todo!() }",
        "pub struct A; use super::{B as Other};",
    ] {
        assert!(circle(a(text)), "{text}");
    }
    for text in [
        "pub struct A;",
        "pub struct A; // use crate::b::B;",
        "pub struct A; const S: &str = \"crate::b::B\";",
        "pub struct A; #[cfg(test)] mod tests { use crate::b::B; }",
    ] {
        assert!(!circle(a(text)), "{text}");
    }
    let parent = |text: &str| {
        vec![
            source("", "mod a;"),
            source("a", text),
            source("a::child", "use super::One; pub(super) struct Child;"),
        ]
    };
    assert!(circle(parent(
        "mod child; use child::Child; pub struct One;"
    )));
    assert!(!circle(parent(
        "mod child; pub use child::Child; pub struct One;"
    )));

    let two = |text: &str| twins(&vec![source("a", "pub struct Same;"), source("b", text)]);
    assert_eq!(two("pub(crate) enum Same {}").len(), 1);
    assert!(two("enum Same {} fn f() { struct Same; }").is_empty());
}

/// The workspace's crates with their sources.
fn crates() -> Vec<(String, Sources)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut crates = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.join("src").is_dir() {
            let mut sources = Vec::new();
            read(&path.join("src"), &mut Vec::new(), &mut sources);
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            crates.push((name, sources));
        }
    }
    assert!(crates.len() > 5, "the crates are read");
    crates
}

/// Reads the modules below `folder`, which is the module `at`. Modules of tests are left out.
fn read(folder: &Path, at: &mut ModulePath, sources: &mut Sources) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        if name == "tests" || name == "testing" {
            continue;
        }
        if path.is_dir() {
            at.push(name);
            read(&path, at, sources);
            at.pop();
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            let mut module = at.clone();
            if !matches!(name.as_str(), "lib" | "main" | "mod") {
                module.push(name);
            }
            sources.push((module, std::fs::read_to_string(&path).unwrap()));
        }
    }
}

/// Visible types that share a name: the name and the modules that define it.
fn twins(sources: &Sources) -> Vec<(String, Vec<String>)> {
    let mut places: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (module, text) in sources {
        let tokens = without_tests(&tokens(text));
        let mut depth = 0_usize;
        let mut visible = false;
        for (index, token) in tokens.iter().enumerate() {
            match token.as_str() {
                "{" => depth += 1,
                "}" => depth = depth.saturating_sub(1),
                "pub" if depth == 0 => visible = true,
                ";" if depth == 0 => visible = false,
                "struct" | "enum" | "union" | "trait" | "type" if depth == 0 => {
                    if visible && let Some(name) = tokens.get(index + 1) {
                        let place = places.entry(name.clone()).or_default();
                        place.push(module.join("::"));
                    }
                    visible = false;
                }
                "fn" | "mod" | "use" | "const" | "static" | "impl" if depth == 0 => {
                    visible = false;
                }
                _ => {}
            }
        }
    }
    places.retain(|_, modules| modules.len() > 1);
    places.into_iter().collect()
}

/// The modules of a crate and what they name.
struct Modules {
    files: BTreeSet<ModulePath>,
    /// By module: the names that it brings in or re-exports, with their paths.
    names: BTreeMap<ModulePath, BTreeMap<String, ModulePath>>,
    /// By module: the paths of what it uses.
    uses: BTreeMap<ModulePath, Vec<ModulePath>>,
}

impl Modules {
    fn new(sources: &Sources) -> Self {
        let mut modules = Self {
            files: sources.iter().map(|(module, _)| module.clone()).collect(),
            names: BTreeMap::new(),
            uses: BTreeMap::new(),
        };
        for (module, text) in sources {
            modules.add(module, &without_tests(&tokens(text)));
        }
        modules
    }

    fn add(&mut self, module: &ModulePath, tokens: &[String]) {
        let (mut names, mut reexported) = (BTreeMap::new(), BTreeSet::new());
        let (mut uses, mut body) = (Vec::new(), Vec::new());
        let mut index = 0;
        while index < tokens.len() {
            if tokens[index] != "use" {
                body.push(tokens[index].clone());
                index += 1;
                continue;
            }
            let end = position(tokens, index, ";");
            let is_public = is_public_before(tokens, index);
            for (path, name) in expand(&tokens[index + 1..end]) {
                let Some(path) = self.absolute(module, &path) else {
                    continue;
                };
                if is_public {
                    reexported.insert(name.clone());
                } else {
                    uses.push(path.clone());
                }
                names.insert(name, path);
            }
            index = end + 1;
        }
        for path in paths(&body) {
            match names.get(&path[0]) {
                // A re-export that the module uses itself is an import after all.
                Some(known) if reexported.contains(&path[0]) || path.len() > 1 => {
                    uses.push([known.as_slice(), &path[1..]].concat());
                }
                _ if path.len() > 1 => uses.extend(self.absolute(module, &path)),
                _ => {}
            }
        }
        self.names.insert(module.clone(), names);
        self.uses.insert(module.clone(), uses);
    }

    /// `path`, as written in `module`, from the crate's root; `None` for paths out of the crate.
    fn absolute(&self, module: &ModulePath, path: &[String]) -> Option<ModulePath> {
        match path[0].as_str() {
            "crate" => Some(path[1..].to_vec()),
            "self" => Some([module, &path[1..]].concat()),
            "super" => {
                let parent = module[..module.len().checked_sub(1)?].to_vec();
                match path.get(1).map(String::as_str) {
                    Some("super") => self.absolute(&parent, &path[1..]),
                    _ => Some([&parent, &path[1..]].concat()),
                }
            }
            name => {
                let child = [module.as_slice(), &[name.to_owned()]].concat();
                (self.files.contains(&child)).then(|| [module, path].concat())
            }
        }
    }

    /// The file that defines what `path` names; `None` for a module itself.
    fn defined_in(&self, path: &[String], steps: usize) -> Option<ModulePath> {
        let depth = (0..=path.len()).rev();
        let mut depth = depth.filter(|&depth| self.files.contains(&path[..depth]));
        let depth = depth.next()?;
        let name = path.get(depth)?;
        let module = path[..depth].to_vec();
        let known = self.names.get(&module).and_then(|names| names.get(name));
        match known {
            Some(known) if steps > 0 && known[..] != path[..=depth] => {
                let whole = [known.as_slice(), &path[depth + 1..]].concat();
                self.defined_in(&whole, steps - 1)
            }
            _ => Some(module),
        }
    }

    /// Groups of modules that import each other, however many lie between.
    fn circles(&self) -> Vec<Vec<String>> {
        let mut imports: BTreeMap<&ModulePath, BTreeSet<ModulePath>> = BTreeMap::new();
        for (module, uses) in &self.uses {
            let files = uses.iter().filter_map(|path| self.defined_in(path, 10));
            let others = files.filter(|file| file != module);
            imports.insert(module, others.collect());
        }
        let reached = |from: &ModulePath| {
            let mut reached = BTreeSet::new();
            let mut open = vec![from.clone()];
            while let Some(module) = open.pop() {
                for next in imports.get(&module).into_iter().flatten() {
                    if reached.insert(next.clone()) {
                        open.push(next.clone());
                    }
                }
            }
            reached
        };
        let all: BTreeMap<&ModulePath, BTreeSet<ModulePath>> = self
            .files
            .iter()
            .map(|module| (module, reached(module)))
            .collect();
        let mut circles = BTreeSet::new();
        for (module, reached) in &all {
            let back = reached.iter().filter(|other| all[*other].contains(*module));
            let circle: Vec<String> = back.map(|other| format!("/{}", other.join("::"))).collect();
            if circle.len() > 1 {
                circles.insert(circle);
            }
        }
        circles.into_iter().collect()
    }
}

/// Whether the `use` at `index` is a re-export.
fn is_public_before(tokens: &[String], index: usize) -> bool {
    match index.checked_sub(1).map(|before| tokens[before].as_str()) {
        Some("pub") => true,
        Some(")") => {
            let open = tokens[..index].iter().rposition(|token| token == "(");
            open.and_then(|open| open.checked_sub(1))
                .is_some_and(|before| tokens[before] == "pub")
        }
        _ => false,
    }
}

fn position(tokens: &[String], from: usize, wanted: &str) -> usize {
    let found = tokens[from..].iter().position(|token| token == wanted);
    found.map_or(tokens.len(), |offset| from + offset)
}

/// The leaves of a tree of imports: each path, and the name that it has here.
fn expand(tree: &[String]) -> Vec<(ModulePath, String)> {
    let Some(open) = tree.iter().position(|token| token == "{") else {
        let alias = tree.iter().position(|token| token == "as");
        let path: ModulePath = tree[..alias.unwrap_or(tree.len())]
            .iter()
            .filter(|token| *token != "::")
            .cloned()
            .collect();
        let is_self = path.len() > 1 && path.last().is_some_and(|last| last == "self");
        let path = path[..path.len() - usize::from(is_self)].to_vec();
        let name = match alias {
            Some(alias) => tree.get(alias + 1).cloned(),
            None => path.last().cloned(),
        };
        return name.map(|name| (path, name)).into_iter().collect();
    };
    let (mut depth, mut start) = (0, open + 1);
    let mut leaves = Vec::new();
    for (index, token) in tree.iter().enumerate().skip(open) {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        let is_end = depth == 0 || depth == 1 && token == ",";
        if is_end && index > start {
            leaves.extend(expand(&[&tree[..open], &tree[start..index]].concat()));
        }
        if is_end {
            start = index + 1;
        }
    }
    leaves
}

/// Paths in code: runs of names with `::` between them. Names behind a dot are members.
fn paths(body: &[String]) -> Vec<ModulePath> {
    let is_name = |token: &String| token.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let mut paths = Vec::new();
    let mut index = 0;
    while index < body.len() {
        let before = index
            .checked_sub(1)
            .map_or("", |before| body[before].as_str());
        if !is_name(&body[index]) || matches!(before, "." | "::") {
            index += 1;
            continue;
        }
        let mut path = vec![body[index].clone()];
        while body.get(index + 1).is_some_and(|token| token == "::")
            && body.get(index + 2).is_some_and(is_name)
        {
            path.push(body[index + 2].clone());
            index += 2;
        }
        paths.push(path);
        index += 1;
    }
    paths
}

/// `tokens` without what is compiled for tests only.
fn without_tests(tokens: &[String]) -> Vec<String> {
    const MARK: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut left = Vec::new();
    let mut index = 0;
    while index < tokens.len() {
        let is_mark = tokens[index..]
            .iter()
            .zip(MARK)
            .all(|(token, mark)| token == mark);
        if !is_mark || tokens.len() - index < MARK.len() {
            left.push(tokens[index].clone());
            index += 1;
            continue;
        }
        let mut depth = 0;
        index += MARK.len();
        while index < tokens.len() {
            let token = tokens[index].as_str();
            index += 1;
            match token {
                "{" | "[" | "(" => depth += 1,
                "}" => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                }
                "]" | ")" => depth -= 1,
                ";" if depth == 0 => break,
                _ => {}
            }
        }
    }
    left
}

/// Names, `::` and single marks of Rust source; comments, texts, characters and lifetimes are left
/// out.
fn tokens(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let at = |index: usize| chars.get(index).copied().unwrap_or('\0');
    let mut tokens = Vec::new();
    let mut index = 0;
    while index < chars.len() {
        let (this, next) = (at(index), at(index + 1));
        if this == '/' && next == '/' {
            index = end_of(&chars, index, &['\n']);
        } else if this == '/' && next == '*' {
            index = end_of(&chars, index + 2, &['*', '/']);
        } else if let Some(end) = raw_text(&chars, index) {
            index = end;
        } else if this == '"' {
            index += 1;
            while index < chars.len() && at(index) != '"' {
                index += if at(index) == '\\' { 2 } else { 1 };
            }
            index += 1;
        } else if this == '\'' {
            let is_char = next == '\\' || at(index + 2) == '\'';
            index += if next == '\\' { 3 } else { 2 };
            while is_char && index < chars.len() && at(index) != '\'' {
                index += 1;
            }
            index += usize::from(is_char);
        } else if this.is_alphanumeric() || this == '_' {
            let rest = chars[index..].iter();
            let name: String = rest
                .take_while(|c| c.is_alphanumeric() || **c == '_')
                .collect();
            index += name.chars().count();
            tokens.push(name);
        } else if this == ':' && next == ':' {
            tokens.push("::".to_owned());
            index += 2;
        } else {
            if !this.is_whitespace() {
                tokens.push(this.to_string());
            }
            index += 1;
        }
    }
    tokens
}

/// The place behind the next `mark`.
fn end_of(chars: &[char], from: usize, mark: &[char]) -> usize {
    let found = chars[from.min(chars.len())..]
        .windows(mark.len())
        .position(|window| window == mark);
    found.map_or(chars.len(), |offset| from + offset + mark.len())
}

/// The place behind a raw text that begins at `from`, if one does.
fn raw_text(chars: &[char], from: usize) -> Option<usize> {
    let is_inside_name = from > 0 && (chars[from - 1].is_alphanumeric() || chars[from - 1] == '_');
    let raw = if chars[from] == 'b' { from + 1 } else { from };
    if is_inside_name || chars.get(raw) != Some(&'r') {
        return None;
    }
    let hashes = chars[raw + 1..].iter().take_while(|c| **c == '#').count();
    if chars.get(raw + 1 + hashes) != Some(&'"') {
        return None;
    }
    let mark: Vec<char> = std::iter::once('"')
        .chain(std::iter::repeat_n('#', hashes))
        .collect();
    Some(end_of(chars, raw + 2 + hashes, &mark))
}
