//! Cells of spreadsheets, which are text that no spreadsheet program computes.

/// What a cell with a formula begins with.
const FORMULA: [char; 4] = ['=', '+', '-', '@'];

/// A cell for a spreadsheet: an apostrophe stands before what would be interpreted as a formula.
/// Texts come from policies and from people.
///
/// That is at the start of the cell, and after every character inside of it that some programs take
/// for the start of a cell: a semicolon, a comma or a tab, with or without spaces after it. A
/// number stays as it is.
#[must_use]
pub fn no_formula(cell: String) -> String {
    if cell.parse::<f64>().is_ok() {
        return cell;
    }
    let mut safe = String::with_capacity(cell.len() + 1);
    let mut at_start = true;
    for letter in cell.chars() {
        let separates = matches!(letter, ';' | ',' | '\t' | '\r' | '\n');
        if at_start && (FORMULA.contains(&letter) || (safe.is_empty() && separates)) {
            safe.push('\'');
        }
        at_start = separates || (at_start && letter == ' ');
        safe.push(letter);
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(cell: &str, expected: &str) {
        assert_eq!(no_formula(cell.to_owned()), expected);
    }

    #[test]
    fn no_cell_is_a_formula() {
        check(
            "=HYPERLINK(\"https://example.org\")",
            "'=HYPERLINK(\"https://example.org\")",
        );
        check("@SUM(A1)", "'@SUM(A1)");
        check("\t=1", "'\t'=1");
        check("-0.5", "-0.5");
        check("Withheld.", "Withheld.");
    }

    /// Goal: a program that ends cells at other characters finds no formula either.
    /// Control: the same characters within words stay.
    #[test]
    fn no_part_of_a_cell_is_a_formula() {
        check("name;=1+1", "name;'=1+1");
        check("a; @SUM(A1)", "a; '@SUM(A1)");
        check("a,+1\t-1", "a,'+1\t'-1");
        check(";=1", "';'=1");
        check(
            "mail: a@example.org; x=1, b-c",
            "mail: a@example.org; x=1, b-c",
        );
    }
}
