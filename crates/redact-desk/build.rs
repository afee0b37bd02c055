//! Has the crate built again when the page was: files that are embedded are no dependency that the
//! compiler knows of.

fn main() {
    // A path that is not there would have cargo build the crate every time.
    let dist = std::path::Path::new("web/dist");
    let watched = if dist.is_dir() { "web/dist" } else { "web" };
    println!("cargo::rerun-if-changed={watched}");
}
