//! Lines of CSV for spreadsheet programs.

/// A cell. One that a spreadsheet program could take for a formula gets an apostrophe.
fn cell(text: &str) -> String {
    let text = text.replace('"', "\"\"").replace(['\r', '\n'], " ");
    let guard = if text.starts_with(['=', '+', '-', '@', '\t']) {
        "'"
    } else {
        ""
    };
    format!("\"{guard}{text}\"")
}

/// A line with its end.
pub(crate) fn line(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
    format!("{}\r\n", cells.join(","))
}
