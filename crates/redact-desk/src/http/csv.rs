//! Lines of CSV for spreadsheet programs.

use redact_record::log::no_formula;

/// A cell of a spreadsheet, as text: a program that opens it computes nothing.
fn cell(text: &str) -> String {
    let text = no_formula(text.replace(['\r', '\n'], " "));
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// A line with its end.
pub(crate) fn line(cells: &[&str]) -> String {
    let cells: Vec<String> = cells.iter().map(|text| cell(text)).collect();
    format!("{}\r\n", cells.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: a cell that a spreadsheet program would compute is text.
    #[test]
    fn a_cell_is_text() {
        assert_eq!(cell("=1+1"), "\"'=1+1\"");
        assert_eq!(cell("name: a;=1+1"), "\"name: a;'=1+1\"");
        assert_eq!(cell("a \"b\"\nc"), "\"a \"\"b\"\" c\"");
    }
}
