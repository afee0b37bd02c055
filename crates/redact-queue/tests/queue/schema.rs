//! Databases of other versions.

use redact_queue::{Access, Database, QueueError, SCHEMA_VERSION};

use crate::server::{Server, connect};

const FIRST: &str = include_str!("../../src/schema/001_tables.sql");

/// Goal: an older database is migrated with everything in it when its owner asks for that, and by
/// no other command or role; a newer one is refused by its number. Control: today's is used as it
/// is.
#[tokio::test]
async fn databases_of_other_versions() {
    let server = Server::start();
    let sql = server.sql("owner").await;
    sqlx::raw_sql(FIRST).execute(&sql).await.unwrap();
    sqlx::raw_sql(
        "INSERT INTO redact.schema VALUES (1);
        INSERT INTO redact.pool VALUES ('p', 'v', 'm', 'c');
        INSERT INTO redact.job (key, kind, label, plan, pool, chunks, submitter)
            VALUES ('k', 'scan', 'made before migration', 'plan', 'p', 1, 'tester');
        INSERT INTO redact.chunk (job, index) VALUES (1, 0);
        CREATE ROLE guest LOGIN; GRANT USAGE ON SCHEMA redact TO guest;
        GRANT SELECT ON redact.schema TO guest",
    )
    .execute(&sql)
    .await
    .unwrap();
    let guest = server.address("guest");
    for address in [&guest, &server.address("owner")] {
        let refused = Database::connect(address, Access::Protected, 2)
            .await
            .unwrap_err();
        assert!(
            matches!(
                refused,
                QueueError::OlderSchema {
                    found: 1,
                    needed: SCHEMA_VERSION,
                    ..
                }
            ),
            "{refused}"
        );
    }
    assert!(Database::migrate(&guest, Access::Protected).await.is_err());

    let migrated = Database::migrate(&server.address("owner"), Access::Protected).await;
    assert_eq!(migrated.unwrap().1, 1);
    let database = connect(&server.address("owner")).await;
    let jobs = database.jobs(true).await.unwrap();
    assert_eq!(jobs[0].label, "made before migration");
    connect(&server.address("owner")).await;
    connect(&guest).await;

    sqlx::raw_sql("UPDATE redact.schema SET version = 99")
        .execute(&sql)
        .await
        .unwrap();
    for role in ["owner", "guest"] {
        let address = server.address(role);
        let refused = Database::connect(&address, Access::Protected, 2)
            .await
            .unwrap_err();
        assert!(
            matches!(refused, QueueError::NewerSchema { found: 99, .. }),
            "{refused}"
        );
    }
    let migrated = Database::migrate(&server.address("owner"), Access::Protected).await;
    assert!(matches!(migrated, Err(QueueError::NewerSchema { .. })));
}
