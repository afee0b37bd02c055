//! Outputs of a model as tables.

use crate::runtime::{Output, ShapeError};

/// The values of an output with `rows` rows of `columns`, ignoring leading dimensions of 1.
pub(super) fn read_table<'a>(
    output: Option<&Output<'a>>,
    what: &str,
    [rows, columns]: [usize; 2],
) -> Result<&'a [f32], ShapeError> {
    let expected = || format!("{what} with {rows} x {columns} values");
    let Some(output) = output else {
        return Err(ShapeError {
            found: "no such output".into(),
            expected: expected(),
        });
    };
    let last = output
        .shape
        .last()
        .copied()
        .and_then(|n| usize::try_from(n).ok());
    if last != Some(columns) || output.values.len() != rows * columns {
        return Err(ShapeError {
            found: format!("{} with shape {:?}", output.name, output.shape),
            expected: expected(),
        });
    }
    Ok(output.values)
}

/// The output called `name`.
pub(super) fn find_output<'o, 'a>(outputs: &'o [Output<'a>], name: &str) -> Option<&'o Output<'a>> {
    outputs.iter().find(|output| output.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: an output of another size is an error with the found and the expected size.
    #[test]
    fn a_table_of_another_size_is_refused() {
        let output = Output {
            name: "loc",
            shape: &[1, 3, 4],
            values: &[0.0; 12],
        };
        assert!(read_table(Some(&output), "loc", [3, 4]).is_ok());
        for size in [[4, 3], [2, 4], [6, 2]] {
            let error = read_table(Some(&output), "loc", size).unwrap_err();
            assert!(error.found.contains("[1, 3, 4]"), "{error:?}");
        }
        assert!(read_table(None, "loc", [3, 4]).is_err());
    }
}
