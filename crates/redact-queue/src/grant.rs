//! The rights of a worker's role.
//!
//! It may call the functions that a worker needs, read its own rows, and use the tables of the
//! engine, whose messages contain only numbers: through those it can delay work, and no more.

use crate::database::Database;
use crate::error::QueueError;

/// What a worker calls.
const FUNCTIONS: [&str; 7] = [
    "register(text, text, text, text, text, text, text, integer, interval)",
    "claim(text, bigint, integer)",
    "commit_output(text, bigint, integer, integer, text, bigint)",
    "fail(text, bigint, integer, integer, text, text)",
    "beat(text, bigint[], integer[], integer[])",
    "sweep(text, integer)",
    "leave(text)",
];

/// The statements that give an existing role the rights of a worker.
///
/// # Errors
/// [`QueueError::BadRole`].
pub fn grant_sql(role: &str) -> Result<Vec<String>, QueueError> {
    if role.is_empty() || role.len() > 63 || role.chars().any(char::is_control) {
        return Err(QueueError::BadRole(role.to_owned()));
    }
    let role = format!("\"{}\"", role.replace('"', "\"\""));
    let mut statements = vec![format!("GRANT USAGE ON SCHEMA redact, apalis TO {role}")];
    statements.extend(
        FUNCTIONS.map(|function| format!("GRANT EXECUTE ON FUNCTION redact.{function} TO {role}")),
    );
    statements.extend([
        format!("GRANT SELECT ON redact.schema, redact.worker, redact.chunk TO {role}"),
        format!("GRANT SELECT, INSERT, UPDATE ON apalis.jobs, apalis.workers TO {role}"),
    ]);
    Ok(statements)
}

/// Gives an existing role the rights of a worker, all or none.
///
/// # Errors
/// [`QueueError::BadRole`], and [`QueueError::Database`] if there is no such role, or the caller
/// does not own the tables.
pub async fn grant_worker(database: &Database, role: &str) -> Result<(), QueueError> {
    let statements = grant_sql(role)?;
    let grant = async {
        let mut transaction = database.pool().begin().await?;
        for statement in statements {
            sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    };
    database.once("grant the rights of a worker", grant).await
}

#[cfg(test)]
mod tests {
    use super::grant_sql;

    /// Goal: a role's name cannot become more than a name.
    #[test]
    fn names_are_quoted() {
        let statements = grant_sql("a\"; DROP SCHEMA redact; --").unwrap();
        let quoted = "\"a\"\"; DROP SCHEMA redact; --\"";
        assert!(statements.iter().all(|sql| sql.ends_with(quoted)));
        assert!(grant_sql("").is_err());
        assert!(grant_sql("a\nb").is_err());
    }
}
